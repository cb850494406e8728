package oidc_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/db"
)

// A testProvider is a provider over a database, with a clock that the test sets.
type testProvider struct {
	*oidc.Provider
	store *db.Store
	now   time.Time
}

func newProvider(t *testing.T) *testProvider {
	t.Helper()
	store, err := db.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "twostep.db"), auth.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	p := &testProvider{store: store, now: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)}
	p.Provider = p.another()
	return p
}

// another returns the provider of another server on the same database.
func (p *testProvider) another() *oidc.Provider {
	rules := auth.New(p.store, auth.NewKeyring(), nil, auth.Policy{}, func() time.Time { return p.now })
	return oidc.New(p.store, rules, "https://id.example.org")
}

func keySet(t *testing.T, p *oidc.Provider) map[string]jose.JSONWebKey {
	t.Helper()
	set, err := p.KeySet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]jose.JSONWebKey{}
	for _, k := range set.Keys {
		if !k.Valid() || !k.IsPublic() || k.Use != "sig" || k.Algorithm == "" || k.KeyID == "" {
			t.Errorf("the key set has %+v", k)
		}
		keys[k.KeyID] = k
	}
	return keys
}

// OI-30, OI-31: the key set has a key of each algorithm. A new key is listed a day
// before it signs, on every server within a minute, and the old one until the last
// token it has signed has expired.
func TestKeySet_Rotation(t *testing.T) {
	p := newProvider(t)
	other := p.another()
	first := keySet(t, p.Provider)
	if len(first) != 2 || len(keySet(t, other)) != 2 {
		t.Fatalf("the first key set has %d keys", len(first))
	}
	if rotated, err := p.RotateSigningKeys(context.Background()); err != nil || !rotated {
		t.Fatal(rotated, err)
	}
	p.now = p.now.Add(auth.SigningKeysReload)
	start := p.now
	for _, row := range []struct {
		after time.Duration
		keys  int
	}{
		{0, 4},
		{auth.SigningKeyPublished, 4},
		{auth.SigningKeyPublished + auth.AppTokenLifetime - time.Minute, 4},
		{auth.SigningKeyPublished + auth.AppTokenLifetime + time.Minute, 2},
	} {
		p.now = start.Add(row.after)
		for name, provider := range map[string]*oidc.Provider{"the same": p.Provider, "another": other} {
			if got := keySet(t, provider); len(got) != row.keys {
				t.Errorf("%v later, %s server lists %d keys, want %d", row.after, name, len(got), row.keys)
			}
		}
	}
	for id := range keySet(t, other) {
		if _, old := first[id]; old {
			t.Errorf("key %s is still listed", id)
		}
	}
}
