package db

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"twostep/auth"
)

func passkey(user auth.UserID, id auth.PasskeyID) auth.PutPasskey {
	return auth.PutPasskey{PasskeyKey: auth.PasskeyKey{
		Passkey: auth.Passkey{
			ID: id, CredentialID: []byte("credential of " + id), RPID: "example.org", Name: "Phone", AAGUID: "00",
			Transports: []string{"hybrid", "internal"}, UserVerified: true, BackupEligible: true, SignCount: 7, AddedAt: noon,
		},
		PublicKey: []byte("public key of " + id),
	}}
}

func spentChallenge(hash string, now time.Time) auth.SpendChallenge {
	return auth.SpendChallenge{Hash: hash, ExpiresAt: now.Add(auth.ChallengeLifetime)}
}

func use(count uint32) auth.PasskeyUse {
	return auth.PasskeyUse{ID: "k1", Seen: 7, SignCount: count, BackedUp: true}
}

func TestFindPasskey(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		put := passkey("ann", "k1")
		db.apply(t, "ann", put)
		got, err := db.FindPasskey(t.Context(), put.CredentialID)
		must(t, err)
		want := put.PasskeyKey
		want.User = user("ann")
		want.User.PasswordHash, want.User.UpdatedAt = "", time.Time{}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		_, err = db.FindPasskey(t.Context(), []byte("another"))
		wantNotFound(t, err)
		factors, err := db.FindFactors(t.Context(), "ann", noon)
		must(t, err)
		if !reflect.DeepEqual(factors.Passkeys, []auth.Passkey{put.Passkey}) {
			t.Errorf("factors are %+v", factors)
		}
	})
}

// An account with several passkeys and phones has each of them once.
func TestFindFactors_PasskeysAndPhones(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for i := range 3 {
			p := passkey("ann", auth.PasskeyID(fmt.Sprint("k", i)))
			p.AddedAt = noon.Add(-time.Duration(i) * time.Hour)
			db.apply(t, "ann", p, phone("ann", auth.PhoneID(fmt.Sprint("q", i)), fmt.Sprint("+491510000001", i)))
		}
		factors, err := db.FindFactors(t.Context(), "ann", noon)
		must(t, err)
		if len(factors.Passkeys) != 3 || len(factors.Phones) != 4 || factors.Passkeys[0].ID != "k2" || string(factors.Passkeys[2].CredentialID) != "credential of k0" {
			t.Errorf("factors are %+v", factors)
		}
	})
}

// PK-02: of concurrent responses to one challenge, one is accepted, though each is for
// another passkey.
func TestSpendChallenge_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for i := range auth.PasskeysMax {
			db.apply(t, "ann", passkey("ann", auth.PasskeyID(fmt.Sprint("k", i))))
		}
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			use := auth.PasskeyUse{ID: auth.PasskeyID(fmt.Sprint("k", i%auth.PasskeysMax)), Seen: 7, SignCount: 7}
			return s.SpendPasskey(ctx, use, set("ann", spentChallenge("c", noon)))
		})
	})
}

// PK-13: a count that was read is replaced once.
func TestSpendPasskey_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "ann", passkey("ann", "k1"))
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return s.SpendPasskey(ctx, use(8), set("ann", spentChallenge(fmt.Sprint(i), noon)))
		})
		got, err := db.FindPasskey(t.Context(), []byte("credential of k1"))
		must(t, err)
		if got.SignCount != 8 || !got.BackedUp || !got.LastUsedAt.Equal(noon) {
			t.Errorf("the passkey is %+v", got.Passkey)
		}
		if n := db.count(t, `SELECT count(*) FROM passkey_spent`); n != 1 {
			t.Errorf("%d challenges are spent, want 1", n)
		}
	})
}

// PK-19: a removed passkey cannot complete a sign-in, and the backup codes are removed
// with the last factor.
func TestRemovePasskey_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "ann", passkey("ann", "k1"))
		removed, err := db.RemoveTOTP(t.Context(), "ann", set("ann"))
		wantTrue(t, removed, err)
		removed, err = db.RemovePasskey(t.Context(), "bob", "k1", set("bob"))
		wantFalse(t, removed, err)
		spent, err := db.SpendPasskey(t.Context(), use(8), set("bob"))
		wantFalse(t, spent, err)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.RemovePasskey(ctx, "ann", "k1", set("ann"))
		})
		spent, err = db.SpendPasskey(t.Context(), use(8), set("ann", session("ann", "s2")))
		wantFalse(t, spent, err)
		wantRows(t, db.rowCounts(t), map[string]int{"passkeys": 0, "backup_codes": 0, "sessions": 1})
	})
}

func TestRenamePasskey(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "ann", passkey("ann", "k1"))
		renamed, err := db.RenamePasskey(t.Context(), "bob", "k1", "Mine", set("bob"))
		wantFalse(t, renamed, err)
		renamed, err = db.RenamePasskey(t.Context(), "ann", "k1", "Mine", set("ann"))
		wantTrue(t, renamed, err)
		got, err := db.FindPasskey(t.Context(), []byte("credential of k1"))
		must(t, err)
		if got.Name != "Mine" {
			t.Errorf("the name is %q", got.Name)
		}
	})
}

// PK-10: a credential ID belongs to one account.
func TestPutPasskey_OneAccount(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
		db.apply(t, "ann", passkey("ann", "k1"))
		for _, id := range []auth.UserID{"ann", "bob"} {
			again := passkey(id, "k2")
			again.CredentialID = []byte("credential of k1")
			if err := db.Apply(t.Context(), set(id, spentChallenge("c", noon), again)); !errors.Is(err, auth.ErrPasskeyExists) {
				t.Errorf("%s adds the passkey: %v", id, err)
			}
		}
		wantRows(t, db.rowCounts(t), map[string]int{"passkeys": 1, "passkey_spent": 0})
	})
}

// PK-23: concurrent additions cannot exceed the maximum.
func TestPutPasskey_Max(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		added := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			err := s.Apply(ctx, set("ann", passkey("ann", auth.PasskeyID(fmt.Sprint("k", i)))))
			if errors.Is(err, auth.ErrNotFound) {
				return false, nil
			}
			return err == nil, err
		})
		if added != auth.PasskeysMax {
			t.Errorf("%d passkeys were added, want %d", added, auth.PasskeysMax)
		}
	})
}

// ST-04: the public key of another account's row fails to decrypt.
func TestFindPasskey_MovedRow(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
		db.apply(t, "ann", passkey("ann", "k1"))
		_, err := db.db.SQL().ExecContext(t.Context(), `UPDATE passkeys SET user_id = 'bob'`)
		must(t, err)
		if _, err := db.FindPasskey(t.Context(), []byte("credential of k1")); err == nil || errors.Is(err, auth.ErrNotFound) {
			t.Errorf("a passkey of another account is read: %v", err)
		}
	})
}
