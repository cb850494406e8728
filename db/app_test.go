package db

import (
	"reflect"
	"testing"
	"time"

	"twostep/auth/oidc"
)

// app returns a web app with a value in every field.
func app(id string) oidc.App {
	return oidc.App{
		ID: id, Name: "App " + id, Kind: oidc.Web, Alg: oidc.ES256, Trusted: true, RequireMFA: true, RequirePAR: true, WithoutPKCE: true,
		ClaimsInIDToken: true, RedirectURIs: []string{"https://app.example/callback", "https://app.example/other"},
		PostLogoutURIs: []string{"https://app.example/"}, BackchannelURI: "https://app.example/logout", Groups: []string{"ops", "staff"},
		RefreshIdle: time.Hour, RefreshLifetime: 24 * time.Hour, CreatedAt: noon, SecretHashes: []string{"hash-of-" + id},
	}
}

// The operator's changes replace everything about an app but its secrets.
func TestApp(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		ctx, want := t.Context(), app("a1")
		wantApp := func() {
			t.Helper()
			if got, err := db.FindApp(ctx, "a1"); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
			}
		}
		must(t, db.AddApp(ctx, want))
		must(t, db.AddApp(ctx, app("a2")))
		wantApp()
		want = oidc.App{
			ID: "a1", Name: "Another name", Kind: oidc.Native, Alg: oidc.RS256, RedirectURIs: []string{"com.example:/callback"},
			RefreshIdle: time.Minute, RefreshLifetime: time.Hour, CreatedAt: noon, SecretHashes: want.SecretHashes,
		}
		ok, err := db.ReplaceApp(ctx, want)
		wantTrue(t, ok, err)
		wantApp()
		for _, disabled := range []bool{true, false} {
			ok, err := db.ReplaceAppDisabled(ctx, "a1", disabled, noon)
			wantTrue(t, ok, err)
			want.Disabled = disabled
			wantApp()
			ok, err = db.ReplaceAppDisabled(ctx, "a1", disabled, noon)
			wantFalse(t, ok, err)
		}
		all, err := db.FindApps(ctx)
		if err != nil || len(all) != 2 || !reflect.DeepEqual(all, []oidc.App{want, app("a2")}) {
			t.Errorf("all apps are %+v, %v", all, err)
		}
		ok, err = db.RemoveApp(ctx, "a1")
		wantTrue(t, ok, err)
		_, err = db.FindApp(ctx, "a1")
		wantNotFound(t, err)
		ok, err = db.ReplaceApp(ctx, want)
		wantFalse(t, ok, err)
		ok, err = db.RemoveApp(ctx, "a1")
		wantFalse(t, ok, err)
	})
}

// OI-16: two secrets are valid while one is replaced, and never more.
func TestAppSecrets(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		ctx := t.Context()
		must(t, db.AddApp(ctx, app("a1")))
		wantSecrets := func(want ...string) {
			t.Helper()
			if got, err := db.FindApp(ctx, "a1"); err != nil || !reflect.DeepEqual(got.SecretHashes, want) {
				t.Errorf("secrets are %q, %v; want %q", got.SecretHashes, err, want)
			}
		}
		ok, err := db.AddAppSecret(ctx, "a1", "second", 2, noon.Add(1*time.Second))
		wantTrue(t, ok, err)
		wantSecrets("hash-of-a1", "second")
		ok, err = db.AddAppSecret(ctx, "a1", "third", 2, noon.Add(2*time.Second))
		wantTrue(t, ok, err)
		wantSecrets("second", "third")
		must(t, db.EndAppSecrets(ctx, "a1", noon))
		wantSecrets("third")
		ok, err = db.AddAppSecret(ctx, "a1", "fourth", 1, noon.Add(3*time.Second))
		wantTrue(t, ok, err)
		wantSecrets("fourth")
		ok, err = db.AddAppSecret(ctx, "unknown", "fifth", 1, noon)
		wantFalse(t, ok, err)
	})
}
