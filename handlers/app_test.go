package handlers_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"twostep/auth"
	"twostep/auth/oidc"
)

// A testApp is an app that signs users in at the site.
type testApp struct {
	site       *testSite
	id, secret string
	callback   string
	verifier   string
}

// addApp registers a web app; changes adapt it.
func (site *testSite) addApp(changes ...func(*oidc.App)) *testApp {
	site.t.Helper()
	app := oidc.App{
		Name: "Wiki", Kind: oidc.Web, Alg: oidc.ES256, RedirectURIs: []string{"https://wiki.example/callback"},
		RefreshIdle: auth.RefreshIdle, RefreshLifetime: auth.RefreshLifetime,
	}
	for _, change := range changes {
		change(&app)
	}
	id, secret, err := site.apps.AddApp(context.Background(), auth.Operator{}, app)
	if err != nil {
		site.t.Fatal(err)
	}
	return &testApp{site: site, id: id, secret: secret, callback: app.RedirectURIs[0], verifier: strings.Repeat("v", 43)}
}

func trusted(a *oidc.App) { a.Trusted = true }

// params returns the parameters of a request. An empty value removes one.
func (a *testApp) params(more ...string) url.Values {
	sum := sha256.Sum256([]byte(a.verifier))
	v := url.Values{
		"client_id": {a.id}, "redirect_uri": {a.callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"a-state"},
		"nonce": {"a-nonce"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(more); i += 2 {
		if v.Set(more[i], more[i+1]); more[i+1] == "" {
			v.Del(more[i])
		}
	}
	return v
}

// start opens the app's request in a browser.
func (a *testApp) start(b *browser, more ...string) *browser {
	b.t.Helper()
	return b.open(oidc.AuthorizePath + "?" + a.params(more...).Encode())
}

// returned returns the parameters with which the browser is back at the app, by a
// redirect or from the page that leads there.
func (a *testApp) returned(b *browser) url.Values {
	b.t.Helper()
	at := b.url
	if refresh, ok := strings.CutPrefix(b.header.Get("Refresh"), "0; url="); ok && b.page != nil {
		b.wantHeading("Back to Wiki")
		at, _ = url.Parse(refresh)
		if b.link("Back to Wiki").AttrOr("href", "") != refresh {
			b.t.Errorf("the link is not %s", refresh)
		}
	}
	base, _ := url.Parse(a.callback)
	if at.Host != base.Host || at.Path != base.Path || at.Scheme != base.Scheme {
		b.t.Fatalf("the browser is at %s (%d), not back at the app:\n%s", at, b.status, b.body)
	}
	query := at.Query()
	if query.Get("iss") != b.site.origin || query.Get("state") != "a-state" {
		b.t.Errorf("returned with %v", query)
	}
	if b.header.Get("Cache-Control") != "no-store" {
		b.t.Error("the response may be stored")
	}
	return query
}

// wantReturned checks the error with which the browser is back at the app; empty for a
// code, which it returns.
func (a *testApp) wantReturned(b *browser, code oidc.ErrorCode) string {
	b.t.Helper()
	query := a.returned(b)
	if query.Get("error") != string(code) || (query.Get("code") == "") != (code != "") || (query.Get("error_description") == "") != (code == "") {
		b.t.Fatalf("returned with %v, want %q", query, code)
	}
	return query.Get("code")
}

// A tokenResponse is what an endpoint returns.
type tokenResponse struct {
	oidc.Tokens
	Error       oidc.ErrorCode
	Description string `json:"error_description"`
	RequestURI  string `json:"request_uri"`
	status      int
	header      http.Header
}

// post posts a form as the app, with its secret.
func (a *testApp) post(path string, form url.Values) (r tokenResponse) {
	a.site.t.Helper()
	form, header := maps.Clone(form), http.Header{}
	if form.Get("client_id") == "" {
		form.Set("client_id", a.id)
		if a.secret != "" {
			form.Del("client_id")
			header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(a.id+":"+a.secret)))
		}
	}
	response := a.site.program(http.MethodPost, path, form, header)
	r.status, r.header = response.Code, response.Header()
	if err := json.Unmarshal(response.Body.Bytes(), &r); err != nil && response.Body.Len() > 0 {
		a.site.t.Fatalf("%s: %d %s", path, response.Code, response.Body)
	}
	return r
}

func (a *testApp) exchange(code string, more ...string) tokenResponse {
	a.site.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.callback}, "code_verifier": {a.verifier}}
	for i := 0; i < len(more); i += 2 {
		if form.Set(more[i], more[i+1]); more[i+1] == "" {
			form.Del(more[i])
		}
	}
	return a.post(oidc.TokenPath, form)
}

// tokens exchanges a code and expects to succeed.
func (a *testApp) tokens(code string) tokenResponse {
	a.site.t.Helper()
	r := a.exchange(code)
	if r.status != http.StatusOK {
		a.site.t.Fatalf("exchange: %d %s: %s", r.status, r.Error, r.Description)
	}
	return r
}

func (a *testApp) refresh(token string, more ...string) tokenResponse {
	a.site.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return a.post(oidc.TokenPath, form)
}

// userInfo returns the claims that an access token allows to read; nil if it is refused.
func (a *testApp) userInfo(accessToken string) (claims map[string]any) {
	a.site.t.Helper()
	response := a.site.program(http.MethodGet, oidc.UserInfoPath, nil, http.Header{"Authorization": {"Bearer " + accessToken}})
	if response.Code == http.StatusUnauthorized && strings.HasPrefix(response.Header().Get("WWW-Authenticate"), `Bearer error="invalid_token"`) {
		return nil
	}
	if err := json.Unmarshal(response.Body.Bytes(), &claims); err != nil || response.Code != http.StatusOK {
		a.site.t.Fatalf("userinfo: %d %s", response.Code, response.Body)
	}
	return claims
}

// claims verifies a token with the published keys and returns its type and claims.
func (a *testApp) claims(token string) (kind string, claims map[string]any) {
	t := a.site.t
	t.Helper()
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(a.site.program(http.MethodGet, oidc.KeySetPath, nil, nil).Body.Bytes(), &keys); err != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	header := signed.Signatures[0].Protected
	found := keys.Key(header.KeyID)
	if len(found) != 1 {
		t.Fatalf("no key %q is published", header.KeyID)
	}
	payload, err := signed.Verify(found[0])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		t.Fatal(err)
	}
	kind, _ = header.ExtraHeaders[jose.HeaderType].(string)
	return kind, claims
}

// idToken signs the user of a browser in to the app, and returns the claims of the ID
// token.
func (a *testApp) idToken(b *browser, more ...string) map[string]any {
	b.t.Helper()
	_, claims := a.claims(a.tokens(a.wantReturned(a.start(b, more...), "")).IDToken)
	return claims
}

// authTime returns the auth_time of an ID token.
func authTime(claims map[string]any) time.Time {
	seconds, _ := claims["auth_time"].(float64)
	return time.Unix(int64(seconds), 0).UTC()
}
