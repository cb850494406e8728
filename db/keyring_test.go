package db

import (
	"context"
	"errors"
	"sync"
	"testing"

	"twostep/auth"
	"twostep/db/internal/seal"
)

// The start is refused with another ring, not for one value that was damaged.
func TestCheckKeyring(t *testing.T) {
	db := openSQLite(t)
	db.sealAll(t)
	db.exec(t, `DELETE FROM keyring`) // as in a database from before there was a proof
	must(t, db.CheckKeyring(t.Context()))
	db.exec(t, `UPDATE messages SET body = x'0102'`)
	must(t, db.CheckKeyring(t.Context()))
	added, _, err := db.keys.Add()
	must(t, err)
	for name, keys := range map[string]auth.Keyring{"another": auth.NewKeyring(), "a new": added.Promote(2)} {
		s := db.reopen(t)
		s.seals = seal.Sealer{Keys: keys}
		if err := s.CheckKeyring(t.Context()); (err == nil) != (name == "a new") {
			t.Errorf("%s ring: %v", name, err)
		}
	}
	db.exec(t, `UPDATE messages SET body = x'0902'`)
	if err := db.CheckKeyring(t.Context()); err == nil {
		t.Error("a ring without a key that has sealed something was taken")
	}
}

// ST-05: whose a database is stands in it before anything else is sealed, and
// its ring goes on opening the proof after a rotation.
func TestCheckKeyring_CheckValue(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		other := db.reopen(t)
		other.seals = seal.Sealer{Keys: auth.NewKeyring()}
		must(t, other.VerifyKeyring(t.Context()))
		must(t, db.CheckKeyring(t.Context()))
		must(t, db.CheckKeyring(t.Context()))
		for _, check := range []func(context.Context) error{other.CheckKeyring, other.VerifyKeyring} {
			if err := check(t.Context()); !errors.Is(err, seal.ErrOpen) {
				t.Errorf("another ring is answered %v", err)
			}
		}
		rotated := db.withNewKey(t)
		_, _, err := rotated.Reseal(t.Context(), func(int) {})
		must(t, err)
		must(t, rotated.CheckKeyring(t.Context()))
	})
}

// Of servers that begin a database with different rings one is served.
func TestCheckKeyring_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			err := withOtherKeys(s).CheckKeyring(ctx)
			if errors.Is(err, seal.ErrOpen) {
				return false, nil
			}
			return true, err
		})
	})
}

// ST-05: of nodes that start without keys on an empty database one draws them,
// and what others have begun gets no second ring.
func TestInitPostgres_OnceOnly(t *testing.T) {
	address := newDatabase(t, "template0")
	errs := make([]error, 8)
	keyrings := make([]auth.Keyring, len(errs)) // those that were drawn
	var nodes sync.WaitGroup
	for i := range errs {
		nodes.Go(func() {
			errs[i] = InitPostgres(t.Context(), address, func() (auth.Keyring, error) {
				keyrings[i] = auth.NewKeyring()
				return keyrings[i], nil
			})
		})
	}
	nodes.Wait()
	initialized := -1
	for i, err := range errs {
		switch {
		case err == nil && initialized < 0:
			initialized = i
		case !errors.Is(err, ErrInitialized) || len(keyrings[i].IDs()) > 0:
			t.Errorf("one of them was answered %v and drew %d keys", err, len(keyrings[i].IDs()))
		}
	}
	if initialized < 0 {
		t.Fatal("nobody could begin")
	}
	s, err := OpenPostgres(t.Context(), address, keyrings[initialized])
	must(t, err)
	must(t, errors.Join(s.CheckKeyring(t.Context()), s.Close()))
	s, err = OpenPostgres(t.Context(), address, auth.NewKeyring())
	must(t, err)
	if err := s.VerifyKeyring(t.Context()); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("another ring is answered %v", err)
	}
	must(t, s.Close())
}

// Keys that cannot be made begin nothing.
func TestInitPostgres_NoKeys(t *testing.T) {
	address, full := newDatabase(t, "template0"), errors.New("no space left")
	for range 2 {
		if err := InitPostgres(t.Context(), address, func() (auth.Keyring, error) { return auth.Keyring{}, full }); !errors.Is(err, full) {
			t.Errorf("answered %v", err)
		}
	}
	must(t, InitPostgres(t.Context(), address, func() (auth.Keyring, error) { return auth.NewKeyring(), nil }))
}
