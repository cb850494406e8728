package db

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// ST-04, ST-03: the database files contain no TOTP secret, password hash, backup
// code, queued code or message recipient in plain text.
func TestSeal_NoSecretsOnDisk(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.sealAll(t)
		for range 2 { // before and after the write-ahead log is moved into the file
			dump := db.dump(t)
			for _, secret := range []string{"a key of twenty byte", "another key of 20 by", "unseenbackupcode", "271828", "sign_in_code", "hash of ann", "hash of eve"} {
				if bytes.Contains(dump, []byte(secret)) {
					t.Errorf("files contain %q", secret)
				}
			}
			if !bytes.Contains(dump, []byte("Aann@example.org")) {
				t.Error("files do not contain ann's email address, so this test checks nothing")
			}
			must(t, db.Close())
		}
	})
}

// ST-04: a sealed value decrypts only in its own row and column.
func TestSeal_MovedValue(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "bob",
			auth.AddUser{User: user("bob"), CreatedAt: noon},
			auth.PutTOTP{TOTPKey: auth.TOTPKey{User: "bob", Secret: []byte("bob's key"), AddedAt: noon}},
		)
		db.exec(t, `UPDATE totp SET secret = (SELECT secret FROM totp WHERE user_id = 'bob') WHERE user_id = 'ann'`)
		if key, err := db.FindTOTP(t.Context(), "ann"); err == nil {
			t.Errorf("bob's key was decrypted as ann's: %q", key.Secret)
		}
		db.exec(t, `UPDATE backup_code_sets SET unseen = (SELECT secret FROM totp WHERE user_id = 'bob')`)
		if got, err := db.FindUnseenCodes(t.Context(), "ann", noon); err == nil {
			t.Errorf("a TOTP key was decrypted as backup codes: %q", got)
		}
		if key, err := db.FindTOTP(t.Context(), "bob"); err != nil || string(key.Secret) != "bob's key" {
			t.Errorf("bob's own key does not decrypt: %v", err)
		}
	})
}

// The error names a message that does not decrypt, and the next calls return the
// others.
func TestClaimMessage_Damaged(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		damaged := message("m2")
		damaged.ExpiresAt = damaged.ExpiresAt.Add(-time.Second) // so that it is claimed first
		db.apply(t, "ann", auth.QueueMessage{Message: message("m1")}, auth.QueueMessage{Message: damaged}, auth.QueueMessage{Message: message("m3")})
		db.exec(t, `UPDATE messages SET body = (SELECT body FROM messages WHERE id = 'm1') WHERE id = 'm2'`)
		_, err := db.ClaimMessage(t.Context(), auth.BySMS, noon, noon.Add(time.Minute), latest)
		if err == nil || !strings.Contains(err.Error(), "m2") || strings.Contains(err.Error(), "m1") {
			t.Errorf("error is %v, want one that names only m2", err)
		}
		if rest := db.claimAll(t, auth.BySMS, noon, noon.Add(time.Minute)); len(rest) != 2 {
			t.Errorf("the next calls returned %d messages, want 2", len(rest))
		}
	})
}
