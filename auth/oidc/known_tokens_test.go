package oidc

import (
	"fmt"
	"testing"

	"twostep/auth"
)

// A token stays known until many others were added, and there are never more than the maximum.
func TestKnownTokens(t *testing.T) {
	var k knownTokens
	if _, known := k.find("token 0"); known {
		t.Error("a token is known before it was added")
	}
	for n := range 3 * auth.KnownTokensMax {
		k.add(fmt.Sprint("token ", n), accessToken{Grant: fmt.Sprint(n)})
		for _, back := range []int{0, 1, auth.KnownTokensMax/2 - 1} {
			if n < back {
				continue
			}
			if got, known := k.find(fmt.Sprint("token ", n-back)); !known || got.Grant != fmt.Sprint(n-back) {
				t.Fatalf("token %d is not known at %d", n-back, n)
			}
		}
		if size := len(k.recent) + len(k.older); size > auth.KnownTokensMax {
			t.Fatalf("%d tokens are known", size)
		}
	}
	if _, known := k.find("token 0"); known {
		t.Error("the first token is still known")
	}
}
