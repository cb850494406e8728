package db

import (
	"bytes"
	"testing"

	"twostep/auth"
	"twostep/db/internal/seal"
)

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
