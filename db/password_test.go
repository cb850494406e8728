package db

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"twostep/auth"
	"twostep/db/internal/seal"
)

// ST-02: of racing sign-ins that would each write a stronger hash, one does.
func TestSpendPassword_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return s.SpendPassword(ctx, "ann", "hash of ann", fmt.Sprint("stronger ", i), auth.ChangeSet{At: noon})
		})
	})
}

// A password that was changed meanwhile begins nothing.
func TestSpendPassword_Changed(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		grant := set("ann", attempt("ann", "a2"))
		spent, err := b.SpendPassword(t.Context(), "ann", "an earlier hash", "", grant)
		wantFalse(t, spent, err)
		_, err = b.FindAttempt(t.Context(), "a2", noon)
		wantNotFound(t, err)
		spent, err = b.SpendPassword(t.Context(), "ann", "hash of ann", "", grant)
		wantTrue(t, spent, err)
		if got, err := b.FindUserByEmail(t.Context(), "aann@example.org"); err != nil || got.PasswordHash != "hash of ann" {
			t.Errorf("the hash is %q, %v", got.PasswordHash, err)
		}
	})
}

// RC-04: a reset ends its attempt, and so sets one password.
func TestReplacePassword_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			grant := set("ann", auth.EndAttempt{TokenHash: "a1"}, auth.EndSessions{})
			return s.ReplacePassword(ctx, "ann", "hash "+string(rune('A'+i)), grant)
		})
		_, err := b.FindSession(t.Context(), "handle of s1")
		wantNotFound(t, err)
	})
}

// ST-03: without the server's keys no stored hash can be tried, in its own row
// or in another, for a sign-in and for what a sign-up waits with.
func TestHash_AnotherRing(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.sealAll(t)
		b.give(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
		thief := withOtherRing(b.Store)
		if u, err := thief.FindUserByEmail(t.Context(), "aann@example.org"); err == nil || u.PasswordHash != "" {
			t.Errorf("another ring found the hash %q", u.PasswordHash)
		}
		if spent, err := thief.SpendPassword(t.Context(), "ann", "hash of ann", "", auth.ChangeSet{At: noon}); err == nil || spent {
			t.Error("another ring signed in")
		}
		if a, err := thief.FindAttempt(t.Context(), "a2", noon); err == nil || a.NewPasswordHash != "" {
			t.Errorf("another ring found the hash %q", a.NewPasswordHash)
		}
		b.change(t, `UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE id = 'ann') WHERE id = 'bob'`)
		if u, err := b.FindUser(t.Context(), "bob"); err == nil {
			t.Errorf("ann's hash opened as bob's: %q", u.PasswordHash)
		}
		if a, err := b.FindAttempt(t.Context(), "a2", noon); err != nil || a.NewPasswordHash != "hash of eve" {
			t.Errorf("the sign-up waits with %q, %v", a.NewPasswordHash, err)
		}
	})
}

// ST-03, ST-06: under a new key, with the old one gone, the same passwords verify.
func TestReseal_Hashes(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.sealAll(t)
		s := b.rotated(t)
		_, _, err := s.Reseal(t.Context(), func(int) {})
		must(t, err)
		newest, err := auth.ParseKeyring(firstLine(s.seals.Keys.String()))
		must(t, err)
		s.seals = seal.Sealer{Keys: newest}
		if u, err := s.FindUser(t.Context(), "ann"); err != nil || u.PasswordHash != "hash of ann" {
			t.Errorf("the hash is %q, %v", u.PasswordHash, err)
		}
		spent, err := s.SpendPassword(t.Context(), "ann", "hash of ann", "", auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}

func firstLine(text string) string {
	line, _, _ := bytes.Cut([]byte(text), []byte("\n"))
	return string(line) + "\n"
}
