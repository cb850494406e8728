package db

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"twostep/auth"
	"twostep/db/internal/seal"
)

// ST-02: of concurrent sign-ins that would each store a new hash, only one succeeds.
func TestSpendPassword_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return s.SpendPassword(ctx, "ann", "hash of ann", fmt.Sprint("stronger ", i), auth.ChangeSet{At: noon})
		})
	})
}

// A password that was changed after it was verified has no effect.
func TestSpendPassword_Changed(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		changes := set("ann", attempt("ann", "a2"))
		spent, err := db.SpendPassword(t.Context(), "ann", "an earlier hash", "", changes)
		wantFalse(t, spent, err)
		_, err = db.FindAttempt(t.Context(), "a2", noon)
		wantNotFound(t, err)
		spent, err = db.SpendPassword(t.Context(), "ann", "hash of ann", "", changes)
		wantTrue(t, spent, err)
		if got, err := db.FindUserByEmail(t.Context(), "aann@example.org"); err != nil || got.PasswordHash != "hash of ann" {
			t.Errorf("hash is %q, %v", got.PasswordHash, err)
		}
	})
}

// RC-04: a reset ends its attempt, so it replaces the password once.
func TestReplacePassword_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			changes := set("ann", auth.EndAttempt{TokenHash: "a1"}, auth.EndSessions{})
			return s.ReplacePassword(ctx, "ann", "hash "+string(rune('A'+i)), changes)
		})
		_, err := db.FindSession(t.Context(), "token of s1")
		wantNotFound(t, err)
	})
}

// ST-03: without the server's keys, no hash of an account or a pending sign-up can
// be read or compared. With them, a hash copied to another row fails to decrypt.
func TestPasswordHash_OtherKeyring(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.sealAll(t)
		db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
		other := withOtherKeys(db.Store)
		if u, err := other.FindUserByEmail(t.Context(), "aann@example.org"); err == nil || u.PasswordHash != "" {
			t.Errorf("other keyring: found account hash %q", u.PasswordHash)
		}
		if spent, err := other.SpendPassword(t.Context(), "ann", "hash of ann", "", auth.ChangeSet{At: noon}); err == nil || spent {
			t.Error("other keyring: password was accepted")
		}
		if a, err := other.FindAttempt(t.Context(), "a2", noon); err == nil || a.NewPasswordHash != "" {
			t.Errorf("other keyring: found sign-up hash %q", a.NewPasswordHash)
		}
		db.exec(t, `UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE id = 'ann') WHERE id = 'bob'`)
		if u, err := db.FindUser(t.Context(), "bob"); err == nil {
			t.Errorf("ann's hash was decrypted as bob's: %q", u.PasswordHash)
		}
		if a, err := db.FindAttempt(t.Context(), "a2", noon); err != nil || a.NewPasswordHash != "hash of eve" {
			t.Errorf("sign-up hash is %q, %v", a.NewPasswordHash, err)
		}
	})
}

// ST-03, ST-06: passwords still verify after a rotation and without the old key.
func TestReseal_PasswordHashes(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.sealAll(t)
		s := db.withNewKey(t)
		_, _, err := s.Reseal(t.Context(), func(int) {})
		must(t, err)
		newest, err := auth.ParseKeyring(firstLine(s.seals.Keys.String()))
		must(t, err)
		s.seals = seal.Sealer{Keys: newest}
		if u, err := s.FindUser(t.Context(), "ann"); err != nil || u.PasswordHash != "hash of ann" {
			t.Errorf("hash is %q, %v", u.PasswordHash, err)
		}
		spent, err := s.SpendPassword(t.Context(), "ann", "hash of ann", "", auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}

func firstLine(text string) string {
	line, _, _ := bytes.Cut([]byte(text), []byte("\n"))
	return string(line) + "\n"
}
