package db

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// ST-04, ST-03: whoever steals the files learns no seed, no hash of a password,
// no backup code, no code on its way and no recipient of a message.
func TestSeal_DumpHoldsNoSecret(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.give(t, "ann", auth.QueueMessage{Message: message("m1")})
		must(t, b.AddTOTPEnrolment(t.Context(), enrolment("k1"), noon))
		signingUp := attempt("", "a2")
		signingUp.NewPasswordHash = "hash of eve"
		b.give(t, "", signingUp)
		for range 2 { // before and after the log was moved into the file
			dump := b.dump(t)
			for _, secret := range []string{"a key of twenty byte", "another key of 20 by", "unseenbackupcode", "271828", "sign_in_code", "hash of ann", "hash of eve"} {
				if bytes.Contains(dump, []byte(secret)) {
					t.Errorf("the dump holds %q", secret)
				}
			}
			if !bytes.Contains(dump, []byte("Aann@example.org")) {
				t.Error("the dump does not hold what it must: it is no dump")
			}
			must(t, b.Close())
		}
	})
}

// ST-04: a sealed value opens in its own row and column alone.
func TestSeal_MovedFails(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.give(t, "bob",
			auth.AddUser{User: user("bob"), CreatedAt: noon},
			auth.PutTOTP{TOTPKey: auth.TOTPKey{User: "bob", Secret: []byte("bob's key"), AddedAt: noon}},
		)
		b.change(t, `UPDATE totp SET secret = (SELECT secret FROM totp WHERE user_id = 'bob') WHERE user_id = 'ann'`)
		if key, err := b.FindTOTP(t.Context(), "ann"); err == nil {
			t.Errorf("bob's key opened as ann's: %q", key.Secret)
		}
		b.change(t, `UPDATE backup_code_sets SET unseen = (SELECT secret FROM totp WHERE user_id = 'bob')`)
		if got, err := b.FindUnseenCodes(t.Context(), "ann", noon); err == nil {
			t.Errorf("a key opened as codes: %q", got)
		}
		if key, err := b.FindTOTP(t.Context(), "bob"); err != nil || string(key.Secret) != "bob's key" {
			t.Errorf("bob's own key does not open: %v", err)
		}
	})
}

// ST-09: a value that was changed, cut or sealed with an unknown key is an
// error, never an empty value.
func TestSeal_FailsClosed(t *testing.T) {
	s := sealer{keys: auth.NewKeyring()}
	sealed, err := s.seal(totpSecret("ann"), []byte("secret"))
	must(t, err)
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	unknown := bytes.Clone(sealed)
	unknown[0] = 200
	for name, value := range map[string][]byte{
		"changed": changed, "cut": sealed[:10], "key alone": sealed[:1], "empty": nil, "unknown key": unknown,
	} {
		if plain, err := s.open(totpSecret("ann"), value); err == nil {
			t.Errorf("%s: opened as %q", name, plain)
		}
	}
	if _, err := (sealer{keys: auth.NewKeyring()}).open(totpSecret("ann"), sealed); err == nil {
		t.Error("another server's key opened it")
	}
}

// ST-04: no nonce comes twice, nor does any sealed value.
func TestSeal_NoncesDistinct(t *testing.T) {
	s := sealer{keys: auth.NewKeyring()}
	seen := map[string]bool{}
	for range 10_000 {
		sealed, err := s.seal(totpSecret("ann"), []byte("the same"))
		must(t, err)
		seen[string(sealed[1:13])] = true
	}
	if len(seen) != 10_000 {
		t.Errorf("%d different nonces of 10000", len(seen))
	}
}

// ST-06: with a new key first in the ring, what the old one sealed still opens.
func TestSeal_KeyRotation(t *testing.T) {
	line := func(id string) string {
		_, key := auth.NewKeyring().Newest(auth.KeySeal)
		return id + ":" + base64.StdEncoding.EncodeToString(key) + "\n"
	}
	older, newer := line("1"), line("2")
	before, err := auth.ParseKeyring(older)
	must(t, err)
	after, err := auth.ParseKeyring(newer + older)
	must(t, err)
	sealed, err := sealer{keys: before}.seal(totpSecret("ann"), []byte("secret"))
	must(t, err)
	plain, err := sealer{keys: after}.open(totpSecret("ann"), sealed)
	if err != nil || string(plain) != "secret" {
		t.Errorf("opened as %q, %v", plain, err)
	}
	sealed, err = sealer{keys: after}.seal(totpSecret("ann"), []byte("secret"))
	must(t, err)
	if sealed[0] != 2 {
		t.Errorf("sealed with key %d, not the newest", sealed[0])
	}
}

// A message that does not open is named, and does not hold up the others.
func TestClaimMessages_BrokenSeal(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.give(t, "ann", auth.QueueMessage{Message: message("m1")}, auth.QueueMessage{Message: message("m2")}, auth.QueueMessage{Message: message("m3")})
		b.change(t, `UPDATE messages SET body = (SELECT body FROM messages WHERE id = 'm1') WHERE id = 'm2'`)
		_, err := b.ClaimMessages(t.Context(), auth.BySMS, noon, noon.Add(time.Minute), furthest, 10)
		if err == nil || !strings.Contains(err.Error(), "m2") || strings.Contains(err.Error(), "m1") {
			t.Errorf("the error is %v", err)
		}
		rest, err := b.ClaimMessages(t.Context(), auth.BySMS, noon, noon.Add(time.Minute), furthest, 10)
		if err != nil || len(rest) != 2 {
			t.Errorf("then %d messages, %v", len(rest), err)
		}
	})
}
