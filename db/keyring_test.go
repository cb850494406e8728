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
func TestCheckRing(t *testing.T) {
	b := open(t)
	b.sealAll(t)
	b.change(t, `DELETE FROM keyring`) // as in a database from before there was a proof
	must(t, b.CheckKeyring(t.Context()))
	b.change(t, `UPDATE messages SET body = x'0102'`)
	must(t, b.CheckKeyring(t.Context()))
	added, _, err := b.keys.Add()
	must(t, err)
	for name, ring := range map[string]auth.Keyring{"another": auth.NewKeyring(), "a new": added.Promote(2)} {
		s := b.again(t)
		s.seals = seal.Sealer{Keys: ring}
		if err := s.CheckKeyring(t.Context()); (err == nil) != (name == "a new") {
			t.Errorf("%s ring: %v", name, err)
		}
	}
	b.change(t, `UPDATE messages SET body = x'0902'`)
	if err := b.CheckKeyring(t.Context()); err == nil {
		t.Error("a ring without a key that has sealed something was taken")
	}
}

// ST-05: whose a database is stands in it before anything else is sealed, and
// its ring goes on opening the proof after a rotation.
func TestCheckRing_Proof(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		other := b.again(t)
		other.seals = seal.Sealer{Keys: auth.NewKeyring()}
		must(t, other.VerifyKeyring(t.Context()))
		must(t, b.CheckKeyring(t.Context()))
		must(t, b.CheckKeyring(t.Context()))
		for _, check := range []func(context.Context) error{other.CheckKeyring, other.VerifyKeyring} {
			if err := check(t.Context()); !errors.Is(err, seal.ErrOpen) {
				t.Errorf("another ring is answered %v", err)
			}
		}
		rotated := b.rotated(t)
		_, _, err := rotated.Reseal(t.Context(), func(int) {})
		must(t, err)
		must(t, rotated.CheckKeyring(t.Context()))
	})
}

// Of servers that begin a database with different rings one is served.
func TestCheckRing_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			err := withOtherRing(s).CheckKeyring(ctx)
			if errors.Is(err, seal.ErrOpen) {
				return false, nil
			}
			return true, err
		})
	})
}

// ST-05: of nodes that start without keys on an empty database one draws them,
// and what others have begun gets no second ring.
func TestBeginPostgres_OnceOnly(t *testing.T) {
	address := database(t, "template0")
	errs := make([]error, 8)
	rings := make([]auth.Keyring, len(errs)) // those that were drawn
	var nodes sync.WaitGroup
	for i := range errs {
		nodes.Go(func() {
			errs[i] = InitPostgres(t.Context(), address, func() (auth.Keyring, error) {
				rings[i] = auth.NewKeyring()
				return rings[i], nil
			})
		})
	}
	nodes.Wait()
	begun := -1
	for i, err := range errs {
		switch {
		case err == nil && begun < 0:
			begun = i
		case !errors.Is(err, ErrInitialized) || len(rings[i].IDs()) > 0:
			t.Errorf("one of them was answered %v and drew %d keys", err, len(rings[i].IDs()))
		}
	}
	if begun < 0 {
		t.Fatal("nobody could begin")
	}
	s, err := OpenPostgres(t.Context(), address, rings[begun])
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
func TestBeginPostgres_NoKeys(t *testing.T) {
	address, full := database(t, "template0"), errors.New("no space left")
	for range 2 {
		if err := InitPostgres(t.Context(), address, func() (auth.Keyring, error) { return auth.Keyring{}, full }); !errors.Is(err, full) {
			t.Errorf("answered %v", err)
		}
	}
	must(t, InitPostgres(t.Context(), address, func() (auth.Keyring, error) { return auth.NewKeyring(), nil }))
}
