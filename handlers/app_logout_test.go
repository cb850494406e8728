package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"twostep/auth/oidc"
)

// OI-49, OI-15: an app that has an ID token of the browser's session signs the user out and
// gets them back at a registered URI. Otherwise the user is asked, and nothing leads back.
func TestLogout(t *testing.T) {
	const back = "https://wiki.example/bye"
	for name, row := range map[string]struct {
		params func(hint string) url.Values
		want   string // the URL of the app; empty if the user is signed out without; "ask"
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
				} else if at := b.url.String(); row.want != "" && at != row.want {
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
	if strings.Contains(site.log.String(), theirs.IDToken) {
		t.Error("the log has a hint (OI-12)")
	}
}
