package db

import (
	"context"
	"reflect"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

func signingKeyAt(id string, alg oidc.Algorithm, signsFrom time.Time) oidc.SigningKey {
	return oidc.SigningKey{ID: id, Alg: alg, Private: []byte("private half of " + id), Public: "{}", PublishedAt: noon, SignsFrom: signsFrom}
}

// OI-31: a new key retires the one before it when it begins to sign, and no third is
// added until then.
func TestSigningKeys(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		ctx := t.Context()
		first, later := signingKeyAt("k1", oidc.RS256, noon), noon.Add(24*time.Hour)
		must(t, db.AddFirstSigningKey(ctx, first))
		must(t, db.AddFirstSigningKey(ctx, signingKeyAt("k2", oidc.RS256, noon)))
		next := []oidc.SigningKey{signingKeyAt("k3", oidc.RS256, later), signingKeyAt("k4", oidc.ES256, later)}
		added, err := db.AddNextSigningKeys(ctx, next, noon)
		wantTrue(t, added, err)
		first.RetiredAt = later
		want := []oidc.SigningKey{first, next[0], next[1]}
		got, err := db.FindSigningKeys(ctx)
		must(t, err)
		if got[1].ID != "k3" {
			got[1], got[2] = got[2], got[1] // both sign from the same time
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("keys are %+v, want %+v", got, want)
		}
		third := []oidc.SigningKey{signingKeyAt("k5", oidc.RS256, later.Add(time.Hour))}
		added, err = db.AddNextSigningKeys(ctx, third, later.Add(-1))
		wantFalse(t, added, err)
		added, err = db.AddNextSigningKeys(ctx, third, later)
		wantTrue(t, added, err)
		got, err = db.FindSigningKeys(ctx)
		if err != nil || !got[0].RetiredAt.Equal(later) {
			t.Errorf("the first key is %+v, %v", got[0], err)
		}
	})
}

func TestAddNextSigningKeys_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		must(t, db.AddFirstSigningKey(t.Context(), signingKeyAt("first", oidc.ES256, noon)))
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			next := signingKeyAt(string(rune('A'+i)), oidc.ES256, noon.Add(24*time.Hour))
			return s.AddNextSigningKeys(ctx, []oidc.SigningKey{next}, noon)
		})
	})
}

// ST-10: the private half of a retired key is erased, an hour later; the public half
// verifies hints for good.
func TestRemoveExpired_SigningKeys(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		ctx := t.Context()
		must(t, db.AddFirstSigningKey(ctx, signingKeyAt("k1", oidc.RS256, noon)))
		_, err := db.AddNextSigningKeys(ctx, []oidc.SigningKey{signingKeyAt("k2", oidc.RS256, noon.Add(time.Hour))}, noon)
		must(t, err)
		for _, row := range []struct {
			now    time.Time
			erased bool
		}{{noon.Add(2*time.Hour - 1*time.Second), false}, {noon.Add(2 * time.Hour), true}} {
			_, err := db.RemoveExpired(ctx, row.now, auth.Cutoffs{})
			must(t, err)
			keys, err := db.FindSigningKeys(ctx)
			if err != nil || len(keys) != 2 || (keys[0].Private == nil) != row.erased || keys[0].Public == "" || keys[1].Private == nil {
				t.Errorf("%v: keys are %+v, %v", row.now, keys, err)
			}
		}
	})
}
