package db

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// app returns a web app with a value in every field.
func app(id string) oidc.App {
	return oidc.App{
		ID: id, Name: "App " + id, Kind: oidc.Web, Alg: oidc.ES256, Trusted: true, RequireMFA: true, RequirePAR: true, WithoutPKCE: true,
		ClaimsInIDToken: true, RedirectURIs: []string{"https://app.example/callback", "https://app.example/other"},
		PostLogoutURIs: []string{"https://app.example/"}, BackchannelURI: "https://app.example/logout", Groups: []string{"ops", "staff"},
		RefreshIdle: time.Hour, RefreshLifetime: 24 * time.Hour, CreatedAt: noon, SecretHashes: []string{"hash of " + id}, Version: 1,
	}
}

func (db testDB) addApp(t *testing.T, app oidc.App) {
	t.Helper()
	added, err := db.AddApp(t.Context(), app, set(""))
	wantTrue(t, added, err)
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
		db.addApp(t, want)
		db.addApp(t, app("a2"))
		wantApp()
		want = oidc.App{
			ID: "a1", Name: "Another name", Kind: oidc.Native, Alg: oidc.RS256, RedirectURIs: []string{"com.example:/callback"},
			RefreshIdle: time.Minute, RefreshLifetime: time.Hour, CreatedAt: noon, SecretHashes: want.SecretHashes, Version: 1,
		}
		ok, err := db.ReplaceApp(ctx, want, set(""))
		wantTrue(t, ok, err)
		ok, err = db.ReplaceApp(ctx, app("a1"), set("")) // drawn from the version before
		wantFalse(t, ok, err)
		want.Version = 2
		wantApp()
		for _, disabled := range []bool{true, false} {
			ok, err := db.ReplaceAppDisabled(ctx, "a1", disabled, set(""))
			wantTrue(t, ok, err)
			want.Disabled = disabled
			wantApp()
			ok, err = db.ReplaceAppDisabled(ctx, "a1", disabled, set(""))
			wantFalse(t, ok, err)
		}
		all, err := db.FindApps(ctx)
		if err != nil || len(all) != 2 || !reflect.DeepEqual(all, []oidc.App{want, app("a2")}) {
			t.Errorf("all apps are %+v, %v", all, err)
		}
		ok, err = db.RemoveApp(ctx, "a1", set(""))
		wantTrue(t, ok, err)
		_, err = db.FindApp(ctx, "a1")
		wantNotFound(t, err)
		ok, err = db.ReplaceApp(ctx, want, set(""))
		wantFalse(t, ok, err)
		ok, err = db.RemoveApp(ctx, "a1", set(""))
		wantFalse(t, ok, err)
	})
}

// OI-16: two secrets are valid while one is replaced, and never more. Posting a form twice
// ends no other secret.
func TestAppSecrets(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addApp(t, app("a1"))
		for i, step := range []struct {
			hash string
			keep int
			want []string // in alphabetical order
		}{
			{"second", 1, []string{"hash of a1", "second"}},
			{"third", 1, []string{"second", "third"}},
			{"", 1, []string{"third"}},
			{"fourth", 0, []string{"fourth"}},
		} {
			seen, changes := app("a1"), set("")
			seen.Version, changes.At = i+1, noon.Add(time.Duration(i+1)*time.Second)
			ok, err := db.ReplaceAppSecrets(t.Context(), seen, step.hash, step.keep, changes)
			wantTrue(t, ok, err)
			ok, err = db.ReplaceAppSecrets(t.Context(), seen, step.hash+" again", step.keep, changes)
			wantFalse(t, ok, err)
			if got, err := db.FindApp(t.Context(), "a1"); err != nil || !reflect.DeepEqual(got.SecretHashes, step.want) {
				t.Errorf("secrets are %q, %v; want %q", got.SecretHashes, err, step.want)
			}
		}
		ok, err := db.ReplaceAppSecrets(t.Context(), app("unknown"), "fifth", 1, set(""))
		wantFalse(t, ok, err)
	})
}

// If operators change an app at the same time, one succeeds, and none overwrites another.
func TestReplaceApp_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addApp(t, app("a1"))
		done := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			mine := app("a1")
			mine.Name = fmt.Sprint("caller-", i)
			if i%2 == 0 {
				return s.ReplaceAppSecrets(ctx, mine, mine.Name, 1, set(""))
			}
			return s.ReplaceApp(ctx, mine, set("", auth.RecordEvent{Event: auth.Event{ID: mine.Name, At: noon, Type: auth.OperatorChangedApp}}))
		})
		got, err := db.FindApp(t.Context(), "a1")
		if events := db.count(t, `SELECT count(*) FROM audit_events`); err != nil || got.Version != 2 || (got.Name != "App a1") != (events == 1) || done != 1 || (got.Name == "App a1") != (len(got.SecretHashes) == 2) {
			t.Errorf("%d were done: %+v, %v, %d events", done, got, err, events)
		}
	})
}

// A form that is posted twice adds one app, and no more apps are added than one page lists.
func TestAddApp_Bounded(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		if added := db.race(t, func(ctx context.Context, s *Store, _ int) (bool, error) { return s.AddApp(ctx, app("a1"), set("")) }); added != 1 {
			t.Errorf("%d were added", added)
		}
		db.exec(t, `
			WITH RECURSIVE numbers (n) AS (SELECT 5 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1)
			INSERT INTO apps (id, name, kind, alg, trusted, require_mfa, require_par, without_pkce, claims_in_id_token, backchannel_uri, refresh_idle, refresh_lifetime, created_at, version)
			SELECT 'more ' || n, 'More', 'web', 'RS256', 0, 0, 0, 0, 0, '', 1, 1, 1, 1
			FROM numbers`, auth.AppsMax)
		added := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return s.AddApp(ctx, app(fmt.Sprint("b", i)), set(""))
		})
		if n := db.count(t, `SELECT count(*) FROM apps`); n != auth.AppsMax || added != 3 {
			t.Errorf("%d were added: %d", added, n)
		}
	})
}

// An act of somebody who may not act changes nothing (OP-03).
func TestApp_Operator(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		ctx, refused := t.Context(), set("", auth.RequireOperator{Session: "unknown", Role: auth.RoleAdmin})
		db.addApp(t, app("a1"))
		renamed := app("a1")
		renamed.Name, renamed.RedirectURIs = "Renamed", []string{"https://evil.example/"}
		for act, err := range map[string]error{
			"add":     second(db.AddApp(ctx, app("a2"), refused)),
			"replace": second(db.ReplaceApp(ctx, renamed, refused)),
			"secrets": second(db.ReplaceAppSecrets(ctx, app("a1"), "another", 0, refused)),
			"disable": second(db.ReplaceAppDisabled(ctx, "a1", true, refused)),
			"remove":  second(db.RemoveApp(ctx, "a1", refused)),
		} {
			if !errors.Is(err, auth.ErrNotAllowed) {
				t.Errorf("%s: %v", act, err)
			}
		}
		if all, err := db.FindApps(ctx); err != nil || !reflect.DeepEqual(all, []oidc.App{app("a1")}) {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

func second(_ bool, err error) error { return err }
