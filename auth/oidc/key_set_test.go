package oidc

import (
	"testing"
	"time"

	"twostep/auth"
)

// OI-31: which key signs, and what the list of keys says of it. With the clock set back
// to before the first one, that one signs.
func TestKeySet_SigningKey(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2027, 3, n, 0, 0, 0, 0, time.UTC) }
	private := []byte{1}
	set := &keySet{}
	for _, k := range []SigningKey{
		{ID: "without", Alg: ES256, SignsFrom: day(2)},
		{ID: "other", Alg: RS256, SignsFrom: day(2), Private: private},
		{ID: "first", Alg: ES256, SignsFrom: day(2), RetiredAt: day(4), Private: private},
		{ID: "second", Alg: ES256, SignsFrom: day(4), Private: private},
	} {
		set.keys = append(set.keys, parsedKey{SigningKey: k})
	}
	for _, row := range []struct {
		now           time.Time
		want          string
		first, second KeyState
	}{
		{day(1), "first", KeyWaiting, KeyWaiting},
		{day(2), "first", KeySigning, KeyWaiting},
		{day(4).Add(-1), "first", KeySigning, KeyWaiting},
		{day(4), "second", KeyRetired, KeySigning},
	} {
		for alg, want := range map[Algorithm]string{ES256: row.want, RS256: "other"} {
			if k, err := set.signingKey(alg, row.now); err != nil || k.ID != want {
				t.Errorf("%v: key %s of %s signs, %v; want %s", row.now, k.ID, alg, err, want)
			}
		}
		for id, want := range map[string]KeyState{"first": row.first, "second": row.second} {
			if got := set.byID(id).State(row.now); got != want {
				t.Errorf("%v: key %s is %s, want %s", row.now, id, got, want)
			}
		}
	}
	if state := set.byID("without").State(day(3)); state != KeyRetired {
		t.Errorf("a key without its private half is %s", state)
	}
	first := set.byID("first")
	if end := day(4).Add(auth.AppTokenLifetime + auth.ClockSkew); !first.published(end.Add(-1)) || first.published(end) {
		t.Error("a retired key is not published as long as its tokens are valid")
	}
}
