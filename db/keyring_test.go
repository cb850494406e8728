package db

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"twostep/auth"
	"twostep/db/internal/seal"
)

// CheckKeyring refuses another keyring, but tolerates one damaged value.
func TestCheckKeyring(t *testing.T) {
	db := openSQLite(t)
	db.sealAll(t)
	db.exec(t, `DELETE FROM keyring`) // as in a database of a version that had no check value
	if err := withOtherKeys(db.Store).CheckKeyring(t.Context()); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("keyring that decrypts nothing: error is %v, want ErrOpen", err)
	}
	must(t, db.CheckKeyring(t.Context()))
	db.exec(t, `UPDATE messages SET body = x'0102'`)
	must(t, db.CheckKeyring(t.Context()))
	added, _, err := db.keys.Add()
	must(t, err)
	for name, keys := range map[string]auth.Keyring{"other": auth.NewKeyring(), "rotated": added.Promote(2)} {
		s := db.reopen(t)
		s.seals = seal.Sealer{Keys: keys}
		if err := s.CheckKeyring(t.Context()); (err == nil) != (name == "rotated") {
			t.Errorf("%s keyring: error is %v", name, err)
		}
	}
	db.exec(t, `UPDATE messages SET body = x'0902'`)
	if err := db.CheckKeyring(t.Context()); err == nil {
		t.Error("accepted a keyring without a key that encrypted a stored value")
	}
}

// ST-05: the check value identifies the database's keyring before any other value
// is sealed, and still decrypts after a rotation.
func TestCheckKeyring_CheckValue(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		other := db.reopen(t)
		other.seals = seal.Sealer{Keys: auth.NewKeyring()}
		must(t, other.VerifyKeyring(t.Context()))
		must(t, db.CheckKeyring(t.Context()))
		again := testDB{Store: db.reopen(t)}
		recorded := again.recordQueries()
		must(t, again.CheckKeyring(t.Context()))
		if queries := strings.Join(recorded(), "\n"); strings.Contains(queries, "INSERT") {
			t.Errorf("a start writes, which a full disk would prevent: %s", queries)
		}
		for _, check := range []func(context.Context) error{other.CheckKeyring, other.VerifyKeyring} {
			if err := check(t.Context()); !errors.Is(err, seal.ErrOpen) {
				t.Errorf("other keyring: error is %v, want ErrOpen", err)
			}
		}
		rotated := db.withNewKey(t)
		_, _, err := rotated.Reseal(t.Context(), func(int) {})
		must(t, err)
		must(t, rotated.CheckKeyring(t.Context()))
	})
}

// Of servers that start on an empty database with different keyrings, only one is
// accepted.
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

// ST-05: of nodes that start without keys on an empty database, only one creates
// keys. The others find it initialized.
func TestInitPostgres_OnceOnly(t *testing.T) {
	url := newDatabase(t, "template0")
	errs := make([]error, 8)
	keyrings := make([]auth.Keyring, len(errs)) // those that were created
	var nodes sync.WaitGroup
	for i := range errs {
		nodes.Go(func() {
			errs[i] = InitPostgres(t.Context(), url, func() (auth.Keyring, error) {
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
			t.Errorf("error is %v, created %d keys", err, len(keyrings[i].IDs()))
		}
	}
	if initialized < 0 {
		t.Fatal("no node initialized the database")
	}
	s, err := OpenPostgres(t.Context(), url, keyrings[initialized])
	must(t, err)
	must(t, errors.Join(s.CheckKeyring(t.Context()), s.Close()))
	s, err = OpenPostgres(t.Context(), url, auth.NewKeyring())
	must(t, err)
	if err := s.VerifyKeyring(t.Context()); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("other keyring: error is %v, want ErrOpen", err)
	}
	must(t, s.Close())
}

// If creating the keys fails, the database stays uninitialized.
func TestInitPostgres_NoKeys(t *testing.T) {
	url, full := newDatabase(t, "template0"), errors.New("no space left")
	for range 2 {
		if err := InitPostgres(t.Context(), url, func() (auth.Keyring, error) { return auth.Keyring{}, full }); !errors.Is(err, full) {
			t.Errorf("error is %v, want %v", err, full)
		}
	}
	must(t, InitPostgres(t.Context(), url, func() (auth.Keyring, error) { return auth.NewKeyring(), nil }))
}
