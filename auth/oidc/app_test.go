package oidc

import (
	"strings"
	"testing"

	"twostep/auth"
)

// TestNewSecret: a secret has the length for 256 bits, and only letters and digits, each
// equally often (OI-16).
func TestNewSecret(t *testing.T) {
	const secrets = 2000
	found := map[rune]int{}
	for range secrets {
		secret := newSecret(auth.NewToken())
		if len(secret) != auth.AppSecretLength {
			t.Fatalf("%d characters", len(secret))
		}
		for _, c := range secret {
			found[c]++
		}
	}
	mean := secrets * auth.AppSecretLength / 62
	for c, n := range found {
		if n < mean*85/100 || n > mean*115/100 { // five standard deviations are 13 percent
			t.Errorf("%q is there %d times, on average %d", c, n, mean)
		}
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", c) {
			t.Errorf("%q is neither a letter nor a digit", c)
		}
	}
	if len(found) != 62 {
		t.Errorf("%d different characters", len(found))
	}
}
