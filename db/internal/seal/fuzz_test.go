package seal

import (
	"bytes"
	"testing"

	"twostep/auth"
)

// FuzzSeal: what was sealed opens as it was, in its own place alone; with any
// bit of it changed, and as anything else, it does not open (ST-04, ST-09).
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
		here := Place{"totp", "secret", owner}
		sealed, err := s.Seal(here, plain)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Open(here, sealed); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%q opens as %q, %v", plain, got, err)
		}
		for _, elsewhere := range []Place{{"totp", "secret", other}, {"totp_enrolments", "secret", owner}, {"backup_code_sets", "unseen", owner}, {"messages", "body", owner}} {
			if _, err := s.Open(elsewhere, sealed); err == nil && elsewhere != here {
				t.Fatalf("%+v opens as %+v", here, elsewhere)
			}
		}
		bit %= uint(8 * len(sealed))
		sealed[bit/8] ^= 1 << (bit % 8)
		if _, err := s.Open(here, sealed); err == nil {
			t.Fatalf("it opens with bit %d changed", bit)
		}
		if _, err := s.Open(here, forged); err == nil {
			t.Fatalf("%q opens", forged)
		}
	})
}
