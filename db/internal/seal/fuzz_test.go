package seal

import (
	"bytes"
	"testing"

	"twostep/auth"
)

// FuzzSeal checks that a sealed value decrypts only in its own place, and not with
// any bit changed, and that forged values do not decrypt (ST-04, ST-09).
func FuzzSeal(f *testing.F) {
	keys, _, err := auth.NewKeyring().Add()
	if err != nil {
		f.Fatal(err)
	}
	s := Sealer{Keys: keys}
	f.Add([]byte("a key of twenty byte"), "ann", "bob", uint(0), []byte{1})
	f.Add([]byte{}, "", "\x00", uint(9), []byte{1, 2, 3})
	f.Add([]byte("x"), "secret\x00ann", "ann", uint(300), bytes.Repeat([]byte{2}, 40))
	f.Fuzz(func(t *testing.T, plain []byte, owner, other string, bit uint, forged []byte) {
		place := Place{"totp", "secret", owner}
		sealed, err := s.Seal(place, plain)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Open(place, sealed); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%q decrypts to %q, %v", plain, got, err)
		}
		for _, moved := range []Place{{"totp", "secret", other}, {"totp_enrolments", "secret", owner}, {"backup_code_sets", "unseen", owner}, {"messages", "body", owner}} {
			if _, err := s.Open(moved, sealed); err == nil && moved != place {
				t.Fatalf("value of %+v decrypts in %+v", place, moved)
			}
		}
		bit %= uint(8 * len(sealed))
		sealed[bit/8] ^= 1 << (bit % 8)
		if _, err := s.Open(place, sealed); err == nil {
			t.Fatalf("decrypts with bit %d changed", bit)
		}
		if _, err := s.Open(place, forged); err == nil {
			t.Fatalf("forged value %q decrypts", forged)
		}
	})
}
