package seal

import (
	"bytes"
	"encoding/base64"
	"testing"

	"twostep/auth"
)

var secretOfAnn = Place{"totp", "secret", "ann"}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ST-09: a value that was changed, truncated or sealed with an unknown key is an
// error, never an empty value.
func TestSeal_FailsClosed(t *testing.T) {
	s := Sealer{Keys: auth.NewKeyring()}
	sealed, err := s.Seal(secretOfAnn, []byte("secret"))
	must(t, err)
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	unknown := bytes.Clone(sealed)
	unknown[0] = 200
	for name, value := range map[string][]byte{
		"changed": changed, "truncated": sealed[:10], "only a key id": sealed[:1], "empty": nil, "unknown key": unknown,
	} {
		if plain, err := s.Open(secretOfAnn, value); err == nil {
			t.Errorf("%s: decrypted to %q", name, plain)
		}
	}
	if _, err := (Sealer{Keys: auth.NewKeyring()}).Open(secretOfAnn, sealed); err == nil {
		t.Error("another server's key decrypted it")
	}
}

// ST-04: no nonce is used twice.
func TestSeal_NoncesDistinct(t *testing.T) {
	s := Sealer{Keys: auth.NewKeyring()}
	seen := map[string]bool{}
	for range 10_000 {
		sealed, err := s.Seal(secretOfAnn, []byte("the same"))
		must(t, err)
		seen[string(sealed[1:13])] = true
	}
	if len(seen) != 10_000 {
		t.Errorf("%d distinct nonces, want 10000", len(seen))
	}
}

// ST-06: values sealed with the old key still decrypt after a new key has been added.
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
	sealed, err := Sealer{Keys: before}.Seal(secretOfAnn, []byte("secret"))
	must(t, err)
	plain, err := Sealer{Keys: after}.Open(secretOfAnn, sealed)
	if err != nil || string(plain) != "secret" {
		t.Errorf("decrypted to %q, %v", plain, err)
	}
	sealed, err = Sealer{Keys: after}.Seal(secretOfAnn, []byte("secret"))
	must(t, err)
	if sealed[0] != 2 {
		t.Errorf("sealed with key %d, want 2, the newest", sealed[0])
	}
}
