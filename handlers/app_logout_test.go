package handlers_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// OI-49, OI-15: an app that has an ID token of the browser's session signs the user out and
// gets them back at a registered URI. Otherwise the user is asked, and nothing leads back.
func TestLogout(t *testing.T) {
	const back = "https://wiki.example/bye"
	for name, row := range map[string]struct {
		params func(hint string) url.Values
		want   string // the URL of the app; empty for a page of this site; "ask"
	}{
		"URI": {func(hint string) url.Values {
			return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {back}}
		}, back},
		"URI and state": {func(hint string) url.Values {
			return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {back}, "state": {"a&b"}}
		}, back + "?state=a%26b"},
		"no URI":     {func(hint string) url.Values { return url.Values{"id_token_hint": {hint}} }, ""},
		"nothing":    {func(string) url.Values { return url.Values{} }, "ask"},
		"only state": {func(string) url.Values { return url.Values{"state": {"x"}} }, "ask"},
		"no hint":    {func(string) url.Values { return url.Values{"post_logout_redirect_uri": {back}} }, "ask"},
		"another URI": {func(hint string) url.Values {
			return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {back + "/"}}
		}, "ask"},
		"query added": {func(hint string) url.Values {
			return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {back + "?x"}}
		}, "ask"},
		"two URIs": {func(hint string) url.Values {
			return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {back, "https://evil.example/"}}
		}, "ask"},
		"another app": {func(hint string) url.Values { return url.Values{"id_token_hint": {hint}, "client_id": {"x"}} }, "ask"},
		"modified hint": {func(hint string) url.Values {
			return url.Values{"id_token_hint": {hint + "x"}, "post_logout_redirect_uri": {back}}
		}, "ask"},
		"unsigned hint": {func(hint string) url.Values {
			return url.Values{"id_token_hint": {unsigned(hint)}, "post_logout_redirect_uri": {back}}
		}, "ask"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(name+" "+method, func(t *testing.T) {
				site := newSite(t)
				b, app := site.browser().signUp(ann), site.addApp(trusted, func(a *oidc.App) { a.PostLogoutURIs = []string{back} })
				tokens := app.tokens(app.code(b))
				params := row.params(tokens.IDToken)
				if b.headers["Sec-Fetch-Site"] = "cross-site"; method == http.MethodGet {
					b.open(oidc.LogoutPath + "?" + params.Encode())
				} else { // without the cookie, which browsers do not send with it
					response := site.program(method, oidc.LogoutPath, params, nil)
					b.load(http.MethodGet, response.Header().Get("Location"), nil)
				}
				if row.want == "ask" {
					b.wantHeading("Sign out").wantStatus(http.StatusOK)
					if app.userInfo(tokens.AccessToken) == nil {
						t.Fatal("the session has ended")
					}
					b.headers["Sec-Fetch-Site"] = "same-origin"
					b.press("Sign out").wantHeading("Sign in")
				} else if row.want == "" {
					b.wantHeading(map[string]string{http.MethodGet: "Sign in", http.MethodPost: "You are signed out"}[method])
				} else if at := b.url.String(); at != row.want {
					t.Errorf("the browser is at %s, want %s", at, row.want)
				}
				if app.userInfo(tokens.AccessToken) != nil {
					t.Error("the session goes on")
				}
				app.wantReturned(app.start(b, "prompt", "none"), oidc.LoginRequired)
			})
		}
	}
}

// unsigned returns a token with the algorithm none.
func unsigned(token string) string {
	return "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + strings.Split(token, ".")[1] + "."
}

// OI-49: an ID token of another session does not end this one without asking, and without
// a session it is no error.
func TestLogout_AnotherSession(t *testing.T) {
	site := newSite(t)
	const back = "https://wiki.example/bye"
	app := site.addApp(trusted, func(a *oidc.App) { a.PostLogoutURIs = []string{back} })
	b, other := site.browser().signUp(ann), site.browser().signIn(ann)
	mine, theirs := app.tokens(app.code(b)), app.tokens(app.code(other))
	query := oidc.LogoutPath + "?" + url.Values{"id_token_hint": {theirs.IDToken}, "post_logout_redirect_uri": {back}}.Encode()
	b.open(query).wantHeading("Sign out")
	if app.userInfo(mine.AccessToken) == nil || app.userInfo(theirs.AccessToken) == nil {
		t.Error("a session has ended without asking")
	}
	if out := site.browser().open(query); out.url.String() != back {
		t.Errorf("signed out: at %s", out.url)
	}
	if app.userInfo(mine.AccessToken) == nil || app.userInfo(theirs.AccessToken) != nil {
		t.Error("another session than that of the ID token has ended")
	}
	if again := site.browser().open(query); again.url.String() != back {
		t.Errorf("the second time: at %s", again.url)
	}
	if _, err := site.apps.DisableApp(t.Context(), auth.Operator{}, oidc.App{ID: app.id}, true); err != nil {
		t.Fatal(err)
	}
	b.open(query).wantHeading("Sign out").wantStatus(http.StatusOK)
	if _, err := site.apps.RemoveApp(t.Context(), auth.Operator{}, oidc.App{ID: app.id}); err != nil {
		t.Fatal(err)
	}
	b.open(query).wantHeading("Sign out").wantStatus(http.StatusOK)
	if strings.Contains(site.log.String(), theirs.IDToken) {
		t.Error("the log has a hint (OI-12)")
	}
}

// sid returns the session that an app's ID token names.
func (a *testApp) sid(tokens tokenResponse) any {
	a.site.t.Helper()
	_, claims := a.claims(tokens.IDToken)
	return claims["sid"]
}

// wantLogouts checks of which ended sessions the app is notified, by the token that it would
// get.
func (a *testApp) wantLogouts(sids ...any) {
	t := a.site.t
	t.Helper()
	var got []any
	_, _, err := a.site.rules.Deliver(context.Background(), auth.AppChannel(a.id), func(ctx context.Context, m auth.Message) error {
		uri, token, err := a.site.apps.LogoutToken(ctx, m)
		if err != nil || uri != "https://wiki.example/logout" {
			t.Errorf("a token for %s, %v", uri, err)
			return err
		}
		kind, claims := a.claims(token)
		if kind != "logout+jwt" || claims["aud"] != a.id || claims["sub"] == "" {
			t.Errorf("a token of type %s: %v", kind, claims)
		}
		got = append(got, claims["sid"])
		return nil
	})
	if err != nil || len(got) != len(sids) {
		t.Errorf("told that %v have ended, %v; want %v", got, err, sids)
	}
	for _, sid := range sids {
		if !slices.Contains(got, sid) {
			t.Errorf("told that %v have ended, want %v", got, sids)
		}
	}
}

// OI-50: signing out here or at an app, disconnecting it, and the end of an idle session
// each send the app a logout token, once. It never passes as another token.
func TestLogout_BackChannel(t *testing.T) {
	site := newSite(t)
	app := site.addApp(trusted, func(a *oidc.App) { a.BackchannelURI = "https://wiki.example/logout" })
	b := site.browser().signUp(ann)
	signedIn := func() (sid any, tokens tokenResponse) {
		tokens = app.tokens(app.code(b))
		return app.sid(tokens), tokens
	}

	sid, _ := signedIn()
	signedIn() // the second time in the same session
	app.wantLogouts()
	b.open("/account").press("Sign out")
	app.wantLogouts(sid)
	app.wantLogouts()

	b.signIn(ann)
	sid, tokens := signedIn()
	b.open(oidc.LogoutPath + "?" + url.Values{"id_token_hint": {tokens.IDToken}}.Encode())
	app.wantLogouts(sid)

	b.signIn(ann)
	sid, _ = signedIn()
	b.open("/account/apps").press("Disconnect")
	app.wantLogouts(sid)
	b.open("/account").press("Sign out")
	app.wantLogouts()

	b.signIn(ann)
	sid, _ = signedIn()
	site.wait(2 * time.Hour)
	if _, err := site.rules.RemoveExpired(context.Background()); err != nil {
		t.Fatal(err)
	}
	app.wantLogouts(sid)

	for _, to := range []string{site.addApp().id, "x"} { // an app without a URI, and one that was removed
		if _, _, err := site.apps.LogoutToken(context.Background(), auth.NewLogoutMessage(to, "x", "y", site.rules.Now())); !errors.Is(err, auth.ErrRejected) {
			t.Errorf("a message to nobody: %v", err)
		}
	}
	_, logout, err := site.apps.LogoutToken(context.Background(), auth.NewLogoutMessage(app.id, "x", "y", site.rules.Now()))
	if err != nil || app.userInfo(logout) != nil {
		t.Errorf("a logout token is an access token, %v", err)
	}
	b.signIn(ann).open(oidc.LogoutPath + "?" + url.Values{"id_token_hint": {logout}}.Encode()).wantHeading("Sign out")
}
