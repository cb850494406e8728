package handlers_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"twostep/auth/oidc"
	"twostep/handlers"
)

// A programFixture is a site whose user has signed in to an app and opened a host.
type programFixture struct {
	*routeFixture
	tokens tokenResponse
}

func newProgramFixture(t *testing.T) *programFixture {
	f := newRouteFixture(t)
	f.app = f.addApp(trusted)
	f.admin.wantApp(f.admin.goTo(wikiPage), wikiPage)
	tokens := f.app.tokens(f.app.code(f.admin, "scope", "openid offline_access", "prompt", ""))
	return &programFixture{f, tokens}
}

// programRequests has a request to each endpoint for programs, by method and path, and the
// status of the response. What follows a space in the path tells requests apart.
var programRequests = map[string]struct {
	form   func(*programFixture) url.Values
	status int
	again  int // after the result was lost; 0 if nothing is consumed
}{
	"GET " + oidc.DiscoveryPath:            {nil, 200, 0},
	"GET " + oidc.ServerDiscoveryPath:      {nil, 200, 0},
	"GET " + oidc.KeySetPath:               {nil, 200, 0},
	"GET /.well-known/passkey-endpoints":   {nil, 200, 0},
	"GET " + oidc.UserInfoPath:             {nil, 200, 0},
	"POST " + oidc.UserInfoPath:            {func(*programFixture) url.Values { return url.Values{} }, 200, 0},
	"POST " + oidc.AuthorizePath:           {func(f *programFixture) url.Values { return f.app.params() }, 303, 303},
	"POST " + oidc.PushPath:                {func(f *programFixture) url.Values { return f.app.params() }, 201, 201},
	"POST " + oidc.RevokePath:              {func(f *programFixture) url.Values { return url.Values{"token": {f.tokens.RefreshToken}} }, 200, 200},
	"POST " + oidc.IntrospectPath:          {func(f *programFixture) url.Values { return url.Values{"token": {f.tokens.AccessToken}} }, 200, 0},
	"POST " + oidc.LogoutPath:              {func(f *programFixture) url.Values { return url.Values{"id_token_hint": {f.tokens.IDToken}} }, 303, 303},
	"POST " + oidc.TokenPath + " refresh":  {(*programFixture).refreshForm, 200, 200},
	"POST " + oidc.TokenPath + " exchange": {(*programFixture).exchangeForm, 200, 400},
}

func (f *programFixture) refreshForm() url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.tokens.RefreshToken}}
}

func (f *programFixture) exchangeForm() url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {f.app.code(f.admin)}, "redirect_uri": {f.app.callback}, "code_verifier": {f.app.verifier}}
}

// needsNoStore are the endpoints whose response is the same for everybody. The signing keys
// are kept in memory.
var needsNoStore = map[string]bool{"GET " + oidc.KeySetPath: true, "GET " + oidc.DiscoveryPath: true, "GET " + oidc.ServerDiscoveryPath: true, "GET /.well-known/passkey-endpoints": true}

// Each endpoint for programs fails once at each wait for the database. It then responds
// with server_error, or to a browser with a page, and the same request succeeds afterwards; a code whose tokens were lost
// is used up (LG-05, ST-08, OI-08).
func TestFault_EveryProgram(t *testing.T) {
	tested := map[string]bool{}
	for name, row := range programRequests {
		request, _, _ := strings.Cut(strings.Replace(name, " ", "~", 1), " ")
		tested[request] = true
		method, path, _ := strings.Cut(request, "~")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newProgramFixture(t)
			var form url.Values
			if row.form != nil {
				form = row.form(f)
			}
			send := func(ctx context.Context) *httptest.ResponseRecorder {
				r := httptest.NewRequestWithContext(ctx, method, f.origin+path, strings.NewReader(form.Encode()))
				if form != nil {
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(f.app.id+":"+f.app.secret)))
				if path == oidc.UserInfoPath {
					r.Header.Set("Authorization", "Bearer "+f.tokens.AccessToken)
				}
				recorder := httptest.NewRecorder()
				f.handler.ServeHTTP(recorder, r)
				return recorder
			}
			before := f.counts()
			for n := 1; ; n++ {
				got := send(newExpiringContext(n))
				if got.Code < 500 {
					if got.Code != row.status || (n == 1) != needsNoStore[name] {
						t.Errorf("after %d faults: %d %s", n-1, got.Code, got.Body)
					}
					return
				}
				says := strings.TrimSpace(got.Body.String()) == `{"error":"server_error"}`
				if path == oidc.AuthorizePath || path == oidc.LogoutPath { // of browsers
					says = strings.Contains(got.Body.String(), "<h1>Something went wrong</h1>") && got.Header().Get("Set-Cookie") == ""
				}
				if got.Code != http.StatusServiceUnavailable || !says || got.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("fault %d: %d %s %v", n, got.Code, got.Body, got.Header())
				}
				if f.counts() == before {
					continue
				}
				if again := send(context.Background()); row.again == 0 || again.Code != row.again {
					t.Errorf("again after fault %d: %d %s", n, again.Code, again.Body)
				}
				return
			}
		})
	}
	for path, rows := range handlers.MachinePaths() {
		for _, row := range rows {
			if !tested[row.Method+"~"+path] {
				t.Errorf("%s %s is not tested", row.Method, path)
			}
		}
	}
}

// A check for a proxy that fails lets nobody through, also at the end of a handover, whose
// code works once (LG-05, FA-04, FA-11).
func TestFault_Check(t *testing.T) {
	f := newProgramFixture(t)
	b := f.browser()
	b.signIn(ann).enterCode(f.totpCode(f.key)).wantHeading("Account")
	to := b.check(http.MethodGet, wikiPage).Header.Get("Location")
	callback := b.open(to).wantHeading("Continue to wiki.example.org").continueURL()
	for name, row := range map[string]struct {
		b      *browser
		url    string
		status int
		set    int // cookies
	}{"check": {f.admin, wikiPage, 200, 0}, "callback": {b, callback, 303, 1}} {
		for n := 1; ; n++ {
			before := f.counts()
			row.b.ctx = newExpiringContext(n)
			got := row.b.check(http.MethodGet, row.url)
			row.b.ctx = nil
			if got.StatusCode == row.status && len(got.Cookies()) == row.set && n > 1 {
				break
			}
			if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Remote-User") != "" || len(got.Cookies()) > 0 {
				t.Fatalf("%s, fault %d: %d %v", name, n, got.StatusCode, got.Header)
			}
			if f.counts() != before { // the token is lost, and another handover gets one
				if again := row.b.check(http.MethodGet, row.url); len(again.Cookies()) > 0 {
					t.Errorf("%s, after fault %d: the code works twice", name, n)
				}
				row.b.wantApp(row.b.goTo(wikiPage), wikiPage)
				break
			}
		}
	}
}
