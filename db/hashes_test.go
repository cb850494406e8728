package db

import (
	"bytes"
	"testing"

	"twostep/auth"
)

// openHashes lets every account's hash stand open, as older versions left it.
func (b base) openHashes(t *testing.T) {
	t.Helper()
	b.change(t, `UPDATE users SET password_hash = 'older hash, ' || id, password_sealed = NULL`)
}

func (b base) countOpen(t *testing.T) int {
	t.Helper()
	return b.count(t, `SELECT count(*) FROM users WHERE password_hash <> '' OR password_sealed IS NULL`)
}

// ST-03: without the server's keys no stored hash can be tried, in its own row
// or in another, for a sign-in and for what a sign-up waits with.
func TestHash_AnotherRing(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.sealAll(t)
		b.give(t, auth.ChangeSet{NewUser: &auth.NewUser{User: user("bob"), CreatedAt: noon}})
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
		b.change(t, `UPDATE users SET password_sealed = (SELECT password_sealed FROM users WHERE id = 'ann') WHERE id = 'bob'`)
		if u, err := b.FindUser(t.Context(), "bob"); err == nil {
			t.Errorf("ann's hash opened as bob's: %q", u.PasswordHash)
		}
		if a, err := b.FindAttempt(t.Context(), "a2", noon); err != nil || a.NewPasswordHash != "hash of eve" {
			t.Errorf("the sign-up waits with %q, %v", a.NewPasswordHash, err)
		}
	})
}

// ST-03: hashes that stand open, as older versions left them, are sealed at the
// next start, all of them, and leave nothing behind in the file of SQLite. With a
// ring that is not the database's they stay as they are.
func TestSealHashes(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.change(t, `
			WITH RECURSIVE lots(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM lots WHERE n < $1)
			INSERT INTO users (id, email, email_key, password_hash, created_at)
			SELECT 'u' || n, 'u' || n, 'u' || n, '', 0 FROM lots`, hashBatch)
		b.openHashes(t)
		stranger := withOtherRing(b.Store)
		_, err := stranger.sealHashes(t.Context())
		must(t, err)
		if n := b.countOpen(t); n != hashBatch+1 {
			t.Errorf("a foreign ring has sealed all but %d hashes", n)
		}
		must(t, b.Close())
		b.Store = b.again(t)
		if n := b.countOpen(t); n != 0 {
			t.Errorf("%d hashes still stand open", n)
		}
		for _, id := range []auth.UserID{"ann", "u1", "u999"} {
			if u, err := b.FindUser(t.Context(), id); err != nil || u.PasswordHash != "older hash, "+string(id) {
				t.Errorf("the hash of %s is %q, %v", id, u.PasswordHash, err)
			}
		}
		must(t, b.CheckSealed(t.Context()))
		must(t, b.Close())
		if b.kind == "sqlite" && bytes.Contains(b.dump(t), []byte("older hash, u")) {
			t.Error("the file still holds a hash")
		}
	})
}

// A hash that stands open, because a server of an older version wrote it beside
// this one, is as good as a sealed one, and sealed by the next sign-in.
func TestSpendPassword_Open(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.openHashes(t)
		if u, err := b.FindUser(t.Context(), "ann"); err != nil || u.PasswordHash != "older hash, ann" {
			t.Errorf("the hash is %q, %v", u.PasswordHash, err)
		}
		spent, err := b.SpendPassword(t.Context(), "ann", "another", "", auth.ChangeSet{At: noon})
		wantFalse(t, spent, err)
		spent, err = b.SpendPassword(t.Context(), "ann", "older hash, ann", "", auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
		if n := b.countOpen(t); n != 0 {
			t.Error("it still stands open")
		}
		spent, err = b.SpendPassword(t.Context(), "ann", "older hash, ann", "", auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}

// ST-03, ST-06: under a new key, with the old one gone, the same passwords verify.
func TestReseal_Hashes(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.sealAll(t)
		s := b.rotated(t)
		_, _, err := s.Reseal(t.Context(), func(int) {})
		must(t, err)
		newest, err := auth.ParseKeyring(firstLine(s.seals.keys.String()))
		must(t, err)
		s.seals = sealer{newest}
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
