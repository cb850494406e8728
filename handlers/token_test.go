package handlers_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// code signs ann in to a trusted app and returns the code.
func (a *testApp) code(b *browser, more ...string) string {
	b.t.Helper()
	return a.wantReturned(a.start(b, more...), "")
}

// OI-16, OI-17: an app proves its secret in one of two ways, and a public app has none.
func TestToken_ClientAuthentication(t *testing.T) {
	site := newSite(t)
	web := site.addApp()
	native := site.addApp(func(a *oidc.App) { a.Kind, a.RedirectURIs = oidc.Native, []string{"com.example:/callback"} })
	disabled := site.addApp()
	if _, err := site.apps.DisableApp(t.Context(), auth.Operator{}, oidc.App{ID: disabled.id}, true); err != nil {
		t.Fatal(err)
	}
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	escaped := strings.ReplaceAll(web.secret, "a", "%61")
	for name, row := range map[string]struct {
		header string
		form   url.Values
		want   oidc.ErrorCode // with a right secret the code is what is wrong
	}{
		"basic":                {basic(web.id, web.secret), nil, oidc.InvalidGrant},
		"basic, encoded":       {basic(web.id, escaped), nil, oidc.InvalidGrant},
		"basic, same ID":       {basic(web.id, web.secret), url.Values{"client_id": {web.id}}, oidc.InvalidGrant},
		"form":                 {"", url.Values{"client_id": {web.id}, "client_secret": {web.secret}}, oidc.InvalidGrant},
		"public":               {"", url.Values{"client_id": {native.id}}, oidc.InvalidGrant},
		"wrong secret":         {basic(web.id, "x"), nil, oidc.InvalidClient},
		"no secret":            {"", url.Values{"client_id": {web.id}}, oidc.InvalidClient},
		"empty secret":         {basic(web.id, ""), nil, oidc.InvalidClient},
		"another app's secret": {basic(disabled.id, web.secret), nil, oidc.InvalidClient},
		"disabled":             {basic(disabled.id, disabled.secret), nil, oidc.InvalidClient},
		"unknown":              {basic("x", web.secret), nil, oidc.InvalidClient},
		"public with secret":   {"", url.Values{"client_id": {native.id}, "client_secret": {"x"}}, oidc.InvalidClient},
		"nothing":              {"", nil, oidc.InvalidClient},
		"bearer":               {strings.Replace(basic(web.id, web.secret), "Basic", "Bearer", 1), nil, oidc.InvalidClient},
		"malformed":            {"Basic %%%", nil, oidc.InvalidClient},
		"no colon":             {"Basic " + base64.StdEncoding.EncodeToString([]byte(native.id)), nil, oidc.InvalidClient},
		"not base64":           {basic(web.id, web.secret) + "!", nil, oidc.InvalidClient},
		"bad encoding":         {basic(native.id, "%zz"), nil, oidc.InvalidClient},
		"two ways":             {basic(web.id, web.secret), url.Values{"client_secret": {web.secret}}, oidc.InvalidRequest},
		"two IDs":              {basic(web.id, web.secret), url.Values{"client_id": {native.id}}, oidc.InvalidRequest},
	} {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {"x"}}
		for field, values := range row.form {
			form[field] = values
		}
		header := http.Header{}
		if row.header != "" {
			header.Set("Authorization", row.header)
		}
		response := site.program(http.MethodPost, oidc.TokenPath, form, header)
		var body struct{ Error oidc.ErrorCode }
		if err := json.Unmarshal(response.Body.Bytes(), &body); err != nil || body.Error != row.want {
			t.Errorf("%s: %d %s, want %s", name, response.Code, response.Body, row.want)
		}
		wantStatus := http.StatusBadRequest
		if row.want == oidc.InvalidClient {
			wantStatus = http.StatusUnauthorized
		}
		if response.Code != wantStatus || (response.Header().Get("WWW-Authenticate") != "") != (row.header != "" && row.want == oidc.InvalidClient) {
			t.Errorf("%s: %d with %v", name, response.Code, response.Header())
		}
	}
	if strings.Contains(site.log.String(), web.secret) {
		t.Error("the log has a secret")
	}
}

// OI-06, OI-07, OI-08, OI-19: what a request for tokens must have.
func TestToken_Errors(t *testing.T) {
	site := newSite(t)
	b, app, other := site.browser(), site.addApp(trusted), site.addApp(trusted)
	exempt := site.addApp(trusted, func(a *oidc.App) { a.WithoutPKCE = true })
	b.signUp(ann)
	code := app.code(b)
	for name, row := range map[string]struct {
		change []string
		want   oidc.ErrorCode
	}{
		"no grant type":      {[]string{"grant_type", ""}, oidc.InvalidRequest},
		"password":           {[]string{"grant_type", "password"}, oidc.UnsupportedGrantType},
		"client credentials": {[]string{"grant_type", "client_credentials"}, oidc.UnsupportedGrantType},
		"no code":            {[]string{"code", ""}, oidc.InvalidRequest},
		"no redirect URI":    {[]string{"redirect_uri", ""}, oidc.InvalidRequest},
		"other redirect URI": {[]string{"redirect_uri", "https://wiki.example/other"}, oidc.InvalidGrant},
		"no verifier":        {[]string{"code_verifier", ""}, oidc.InvalidGrant},
		"wrong verifier":     {[]string{"code_verifier", strings.Repeat("w", 43)}, oidc.InvalidGrant},
		"longest verifier":   {[]string{"code_verifier", strings.Repeat("w", 128)}, oidc.InvalidGrant},
		"long verifier":      {[]string{"code_verifier", strings.Repeat("w", 129)}, oidc.InvalidRequest},
		"no refresh token":   {[]string{"grant_type", "refresh_token"}, oidc.InvalidRequest},
		"short verifier":     {[]string{"code_verifier", "vvv"}, oidc.InvalidRequest},
	} {
		if r := app.exchange(code, row.change...); r.Error != row.want || r.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s, want %s", name, r.status, r.Error, row.want)
		}
	}
	if r := other.exchange(code); r.Error != oidc.InvalidGrant {
		t.Errorf("another app: %s", r.Error)
	}
	for _, path := range []string{oidc.TokenPath, oidc.RevokePath, oidc.IntrospectPath, oidc.PushPath} {
		if r := app.post(path, url.Values{"token": {"x"}, "scope": {"openid", "openid"}}); r.Error != oidc.InvalidRequest {
			t.Errorf("a repeated parameter at %s: %d %s", path, r.status, r.Error)
		}
	}
	if r := app.post(oidc.RevokePath, url.Values{"token": {"x"}, "resource": {"x", "y"}}); r.status != http.StatusOK {
		t.Errorf("a repeated unknown parameter: %d %s", r.status, r.Error)
	}
	for _, kind := range []string{"", "text/plain", "application/json", "application/x-www-form-urlencoded; x"} {
		form := url.Values{"client_id": {app.id}, "client_secret": {app.secret}, "token": {"x"}}
		r := site.program(http.MethodPost, oidc.RevokePath, form, http.Header{"Content-Type": {kind}})
		if r.Code != http.StatusBadRequest || !strings.Contains(r.Body.String(), "Content-Type") {
			t.Errorf("a form of the type %q: %d %s", kind, r.Code, r.Body)
		}
	}
	many := url.Values{"token": {"x"}}
	for len(many) < 200 {
		many.Set(strconv.Itoa(len(many)), "x")
	}
	if r := app.post(oidc.RevokePath, many); r.status != http.StatusOK {
		t.Errorf("200 fields: %d %s", r.status, r.Error)
	}
	many.Set("one-more", "x")
	if r := app.post(oidc.RevokePath, many); r.Error != oidc.InvalidRequest {
		t.Errorf("201 fields: %d %s", r.status, r.Error)
	}
	for name, body := range map[string]string{"malformed": "token=x&%zz", "too long": "token=" + strings.Repeat("x", 70_000)} {
		r := httptest.NewRequest(http.MethodPost, site.origin+oidc.RevokePath, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		if site.handler.ServeHTTP(w, r); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "malformed or too long") {
			t.Errorf("a form that is %s: %d %s", name, w.Code, w.Body)
		}
	}
	app.tokens(code) // nothing was consumed
	without := exempt.code(b, "code_challenge", "", "code_challenge_method", "")
	if r := exempt.exchange(without); r.Error != oidc.InvalidGrant {
		t.Errorf("a verifier without a challenge: %s", r.Error)
	}
	if r := exempt.exchange(without, "code_verifier", ""); r.status != http.StatusOK {
		t.Errorf("without PKCE: %s", r.Description)
	}
	late := app.code(b)
	site.wait(auth.AppCodeLifetime)
	if r := app.exchange(late); r.Error != oidc.InvalidGrant {
		t.Errorf("an expired code: %s", r.Error)
	}
	if log := site.log.String(); strings.Contains(log, code) || strings.Contains(log, app.verifier) {
		t.Error("the log has a code or verifier (OI-12)")
	}
}

// With the clock set back to before the first key, the first key signs.
func TestToken_ClockSetBack(t *testing.T) {
	site := newSite(t)
	es256, rs256 := site.addApp(trusted), site.addApp(trusted, func(a *oidc.App) { a.Alg = oidc.RS256 })
	es256.tokens(es256.code(site.browser().signUp(ann)))
	site.wait(-2 * time.Hour)
	b := site.browser().signUp(bob)
	es256.idToken(b)
	rs256.idToken(b)
}

// A site that has keys, but none of an algorithm that is new, gets one of it.
func TestToken_NewAlgorithm(t *testing.T) {
	for _, alg := range oidc.Algorithms {
		site := newSite(t)
		app := site.addApp(trusted, func(a *oidc.App) { a.Alg = alg })
		b := site.browser().signUp(ann)
		app.idToken(b)
		site.exec("DELETE FROM signing_keys WHERE alg = ?", alg)
		site.restart()
		app.idToken(b)
	}
}

// OI-10, OI-21: a code used twice ends its access token, and the owner gets a mail.
func TestToken_CodeReuse(t *testing.T) {
	site := newSite(t)
	b, app := site.browser(), site.addApp(trusted)
	b.signUp(ann)
	code := app.code(b)
	tokens := app.tokens(code)
	if app.userInfo(tokens.AccessToken) == nil {
		t.Fatal("the access token does not work")
	}
	site.wait(30 * time.Second)
	if r := app.exchange(code); r.Error != oidc.InvalidGrant {
		t.Errorf("second use: %s", r.Error)
	}
	if app.userInfo(tokens.AccessToken) != nil {
		t.Error("the access token still works")
	}
	messages := site.messages(ann)
	if last := messages[len(messages)-1]; last.subject != "Wiki was signed out of your Acme account" {
		t.Errorf("the last mail is %q", last.subject)
	}
	b.open("/account/activity").wantText("Access of Wiki ended")
}

// OI-09: of racing exchanges of one code, one succeeds.
func TestToken_Race(t *testing.T) {
	site := newSite(t)
	b, app := site.browser(), site.addApp(trusted)
	b.signUp(ann)
	code := app.code(b)
	var group sync.WaitGroup
	results := make([]tokenResponse, 32)
	for i := range results {
		group.Go(func() { results[i] = app.exchange(code) })
	}
	group.Wait()
	winners := 0
	for _, r := range results {
		if r.status == http.StatusOK {
			winners++
		} else if r.Error != oidc.InvalidGrant {
			t.Errorf("%d %s", r.status, r.Error)
		}
	}
	if winners != 1 {
		t.Errorf("%d exchanges succeeded", winners)
	}
}

// OI-21, OI-23, OI-24, OI-27: refresh tokens rotate; the scope may be narrowed and never
// widened, and the ID token has no new nonce.
func TestToken_Refresh(t *testing.T) {
	site := newSite(t)
	b, app, other := site.browser(), site.addApp(trusted), site.addApp(trusted)
	b.signUp(ann)
	first := app.tokens(app.code(b, "scope", "openid email offline_access"))
	site.wait(10 * time.Minute)
	if app.userInfo(first.AccessToken) != nil {
		t.Error("an access token outlives its five minutes")
	}
	if r := other.refresh(first.RefreshToken); r.Error != oidc.InvalidGrant {
		t.Errorf("another app: %s", r.Error)
	}
	if r := app.refresh(first.RefreshToken, "scope", "openid profile"); r.Error != oidc.InvalidScope {
		t.Errorf("a wider scope: %s", r.Error)
	}
	second := app.refresh(first.RefreshToken, "scope", "openid offline_access")
	if second.status != http.StatusOK || second.RefreshToken == first.RefreshToken || second.Scope != "openid offline_access" {
		t.Fatalf("%+v", second)
	}
	if claims := app.userInfo(second.AccessToken); claims["sub"] == nil || claims["email"] != nil {
		t.Errorf("the narrower scope reads %v", claims)
	}
	_, old := app.claims(first.IDToken)
	_, id := app.claims(second.IDToken)
	for _, name := range []string{"sub", "iss", "aud", "auth_time", "acr", "sid"} {
		if id[name] != old[name] || id[name] == nil {
			t.Errorf("%s changes from %v to %v", name, old[name], id[name])
		}
	}
	if id["nonce"] != nil {
		t.Error("a refreshed ID token has a nonce")
	}
	third := app.refresh(second.RefreshToken)
	if third.Scope != "openid email offline_access" {
		t.Errorf("scope is %q", third.Scope)
	}
	site.wait(2 * time.Minute)
	if r := app.refresh(first.RefreshToken); r.Error != oidc.InvalidGrant {
		t.Errorf("reuse: %s", r.Error)
	}
	if r := app.refresh(third.RefreshToken); r.Error != oidc.InvalidGrant {
		t.Errorf("after a reuse: %s", r.Error)
	}
	if app.userInfo(third.AccessToken) != nil {
		t.Error("after a reuse the access token still works")
	}
}

// OI-25: refresh tokens end when they are not used, and after the lifetime of the app.
func TestToken_RefreshLimits(t *testing.T) {
	site := newSite(t)
	app := site.addApp(trusted, func(a *oidc.App) { a.RefreshIdle, a.RefreshLifetime = time.Hour, 3*time.Hour })
	b := site.browser().signUp(ann)
	token := app.tokens(app.code(b, "scope", "openid offline_access")).RefreshToken
	for range 3 {
		site.wait(50 * time.Minute)
		r := app.refresh(token)
		if r.status != http.StatusOK {
			t.Fatal(r.Description)
		}
		token = r.RefreshToken
	}
	site.wait(30 * time.Minute) // the lifetime ends
	if r := app.refresh(token); r.Error != oidc.InvalidGrant {
		t.Errorf("past the lifetime: %s", r.Error)
	}
	b.open("/sign-in").enterCredentials(ann, password)
	token = app.tokens(app.code(b, "scope", "openid offline_access")).RefreshToken
	site.wait(time.Hour)
	if r := app.refresh(token); r.Error != oidc.InvalidGrant {
		t.Errorf("not used for an hour: %s", r.Error)
	}
}

// OI-26, OI-28: tokens end with the session; offline ones outlive signing out.
func TestToken_SessionEnds(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	app := site.addApp(trusted)
	spa := site.addApp(func(a *oidc.App) { a.Kind = oidc.SPA })
	unused, bound := app.code(b), app.tokens(app.code(b))
	offline := app.tokens(app.code(b, "scope", "openid offline_access"))
	spa.start(b).press("Continue")
	public := spa.tokens(spa.wantReturned(b, ""))
	if bound.RefreshToken != "" || offline.RefreshToken == "" || public.RefreshToken == "" {
		t.Error("only apps with offline_access and public apps get refresh tokens")
	}
	b.open("/account").press("Sign out")
	if app.userInfo(bound.AccessToken) != nil || spa.userInfo(public.AccessToken) != nil {
		t.Error("an access token outlives its session")
	}
	if r := app.exchange(unused); r.Error != oidc.InvalidGrant {
		t.Errorf("a code outlives its session: %s (OI-08)", r.Error)
	}
	if r := spa.refresh(public.RefreshToken); r.Error != oidc.InvalidGrant {
		t.Errorf("a refresh token outlives its session: %s", r.Error)
	}
	if app.userInfo(offline.AccessToken) == nil {
		t.Error("offline access ends with the session")
	}
	if r := app.refresh(offline.RefreshToken); r.status != http.StatusOK {
		t.Errorf("offline: %s", r.Description)
	}
}

// OI-47: revoking a token ends what was issued with it. That of another app, or an
// unknown one, is no error and stays as it is.
func TestRevoke(t *testing.T) {
	site := newSite(t)
	b, app, other := site.browser().signUp(ann), site.addApp(trusted), site.addApp(trusted)
	for _, token := range []func(tokenResponse) string{
		func(r tokenResponse) string { return r.RefreshToken }, func(r tokenResponse) string { return r.AccessToken },
	} {
		tokens := app.tokens(app.code(b, "scope", "openid offline_access"))
		for _, row := range []struct {
			app   *testApp
			token string
			live  bool
		}{{other, token(tokens), true}, {app, "unknown", true}, {app, tokens.IDToken, true}, {app, token(tokens), false}, {app, token(tokens), false}} {
			if r := row.app.post(oidc.RevokePath, url.Values{"token": {row.token}}); r.status != http.StatusOK {
				t.Errorf("revoke: %d %s", r.status, r.Error)
			}
			if live := app.userInfo(tokens.AccessToken) != nil; live != row.live {
				t.Errorf("the access token works: %v, want %v", live, row.live)
			}
		}
		if r := app.refresh(tokens.RefreshToken); r.Error != oidc.InvalidGrant {
			t.Errorf("the refresh token works: %s", r.Error)
		}
	}
	if r := app.post(oidc.RevokePath, url.Values{}); r.Error != oidc.InvalidRequest {
		t.Errorf("no token: %s", r.Error)
	}
}

// OI-48: introspection is for apps with a secret, about their own tokens.
func TestIntrospect(t *testing.T) {
	site := newSite(t)
	b, app, other := site.browser().signUp(ann), site.addApp(trusted), site.addApp(trusted)
	native := site.addApp(func(a *oidc.App) { a.Kind, a.RedirectURIs = oidc.Native, []string{"com.example:/callback"} })
	tokens := app.tokens(app.code(b))
	introspect := func(a *testApp, token string) map[string]any {
		t.Helper()
		form, body := url.Values{"token": {token}, "client_id": {a.id}, "client_secret": {a.secret}}, map[string]any{}
		response := site.program(http.MethodPost, oidc.IntrospectPath, form, nil)
		if err := json.Unmarshal(response.Body.Bytes(), &body); err != nil {
			t.Fatal(response.Code, err)
		}
		return body
	}
	if body := introspect(app, tokens.AccessToken); body["active"] != true || body["client_id"] != app.id || body["scope"] != "openid" {
		t.Errorf("own token: %v", body)
	}
	for name, body := range map[string]map[string]any{
		"another app's": introspect(other, tokens.AccessToken), "unknown": introspect(app, "x"), "ID token": introspect(app, tokens.IDToken),
	} {
		if len(body) != 1 || body["active"] != false {
			t.Errorf("%s: %v", name, body)
		}
	}
	if body := introspect(native, tokens.AccessToken); body["error"] != string(oidc.InvalidClient) {
		t.Errorf("a public app: %v", body)
	}
	offline := app.tokens(app.code(b, "scope", "openid offline_access"))
	if body := introspect(app, offline.RefreshToken); body["active"] != true || body["client_id"] != app.id || body["sub"] == nil || body["token_type"] != nil {
		t.Errorf("own refresh token: %v", body)
	}
	if body := introspect(other, offline.RefreshToken); len(body) != 1 {
		t.Errorf("another app's refresh token: %v", body)
	}
	next := app.refresh(offline.RefreshToken)
	b.open("/account").press("Sign out")
	if body := introspect(app, tokens.AccessToken); body["active"] != false {
		t.Errorf("after sign-out: %v", body)
	}
	if body := introspect(app, offline.RefreshToken); len(body) != 1 || body["active"] != false {
		t.Errorf("a used refresh token: %v", body)
	}
	for step, want := range []bool{true, false} {
		if body := introspect(app, next.RefreshToken); body["active"] != want {
			t.Errorf("refresh token, %d: %v", step, body)
		}
		site.wait(auth.RefreshIdle)
	}
}

// OI-41: userinfo by GET and POST, with a token in the header only.
func TestUserInfo(t *testing.T) {
	site := newSite(t)
	b, app := site.browser().signUp(ann), site.addApp(trusted)
	token := app.tokens(app.code(b)).AccessToken
	for name, row := range map[string]struct {
		method, path string
		form         url.Values
		header       string
		want         int
	}{
		"GET":              {http.MethodGet, oidc.UserInfoPath, nil, "Bearer " + token, http.StatusOK},
		"POST":             {http.MethodPost, oidc.UserInfoPath, url.Values{}, "bearer " + token, http.StatusOK},
		"query":            {http.MethodGet, oidc.UserInfoPath + "?access_token=" + token, nil, "", http.StatusUnauthorized},
		"header and query": {http.MethodGet, oidc.UserInfoPath + "?access_token=" + token, nil, "Bearer " + token, http.StatusBadRequest},
		"header and form":  {http.MethodPost, oidc.UserInfoPath, url.Values{"access_token": {token}}, "Bearer " + token, http.StatusBadRequest},
		"form":             {http.MethodPost, oidc.UserInfoPath, url.Values{"access_token": {token}}, "", http.StatusUnauthorized},
		"no token":         {http.MethodGet, oidc.UserInfoPath, nil, "", http.StatusUnauthorized},
		"bad token":        {http.MethodGet, oidc.UserInfoPath, nil, "Bearer " + token + "x", http.StatusUnauthorized},
		"basic":            {http.MethodGet, oidc.UserInfoPath, nil, "Basic " + token, http.StatusUnauthorized},
	} {
		header := http.Header{}
		if row.header != "" {
			header.Set("Authorization", row.header)
		}
		response := site.program(row.method, row.path, row.form, header)
		if response.Code != row.want || (row.want == http.StatusUnauthorized) != (response.Header().Get("WWW-Authenticate") != "") {
			t.Errorf("%s: %d %s", name, response.Code, response.Body)
		}
	}
	if strings.Contains(site.log.String(), token) {
		t.Error("the log has a token (OI-12)")
	}
}

// OI-52: wrong secrets are limited for each app and address, so that strangers cannot
// block an app.
func TestToken_WrongSecrets(t *testing.T) {
	site := newSite(t)
	app := site.addApp()
	wrong := *app
	wrong.secret = "wrong"
	limited := 0
	for range 40 {
		if r := wrong.exchange("x"); r.status == http.StatusTooManyRequests && r.header.Get("Retry-After") != "" {
			limited++
		}
	}
	if limited != 10 {
		t.Errorf("%d of 40 wrong secrets were refused by the limit", limited)
	}
	if r := app.exchange("x"); r.Error != oidc.InvalidGrant {
		t.Errorf("the right secret: %s", r.Error)
	}
}

// OI-26, OI-50: whatever ends other sessions ends their apps' access too, also offline, and
// notifies the apps; those of the session that stays go on.
func TestToken_OtherSessionsEnd(t *testing.T) {
	for name, end := range map[string]func(b *browser){
		"password change": func(b *browser) { b.open("/account/password").submitPasswords(password, "another long password") },
		"first factor":    func(b *browser) { b.addTOTP() },
		"other devices":   func(b *browser) { b.open("/account/sessions").press("Sign out all other devices") },
		"one device":      func(b *browser) { b.open("/account/sessions").press("Sign out device") },
		"new address":     func(b *browser) { b.changeEmail("new@example.org").enterCode(b.site.lastCode("new@example.org")) },
		"password reset": func(b *browser) {
			b.site.wait(time.Minute)
			b.site.browser().startReset(ann).enterCode(b.site.lastCode(ann)).setPassword("another long password")
		},
		"own deletion": func(b *browser) {
			b.open("/account/delete").fill("Type your email address to confirm", ann).press("Delete account")
		},
		"operator":         func(b *browser) { b.operate(auth.SignOutEverywhere) },
		"operator, factor": func(b *browser) { b.operate(auth.EndPassword) },
		"disabled":         func(b *browser) { b.operate(auth.Disable) },
		"deleted":          func(b *browser) { b.operate(auth.Delete) },
	} {
		t.Run(name, func(t *testing.T) {
			site := newSite(t)
			app := site.addApp(trusted, func(a *oidc.App) { a.BackchannelURI = "https://wiki.example/logout" })
			b, other := site.browser().signUp(ann), site.browser().signIn(ann)
			mine, theirs := app.tokens(app.code(b, "scope", "openid offline_access")), app.tokens(app.code(other, "scope", "openid offline_access"))
			end(b)
			if app.userInfo(theirs.AccessToken) != nil || app.refresh(theirs.RefreshToken).Error != oidc.InvalidGrant {
				t.Error("the other session's app still has access")
			}
			stays := b.open("/account").page.Heading() == "Account"
			if works := app.refresh(mine.RefreshToken).status == http.StatusOK; works != stays {
				t.Errorf("this session's app has access: %v, want %v", works, stays)
			}
			ended := []any{app.sid(theirs)}
			if !stays {
				ended = append(ended, app.sid(mine))
			}
			app.wantLogouts(ended...)
		})
	}
}

// OI-26: a removed factor ends other sessions' access, also offline, no matter who removes it.
func TestToken_FactorLost(t *testing.T) {
	site := newSite(t)
	app := site.addApp(trusted)
	b, other := site.browser().signUp(ann), site.browser()
	key, _ := b.addTOTP()
	signIn := func() (mine, theirs tokenResponse) {
		t.Helper()
		site.wait(30 * time.Second)
		other.signIn(ann).enterCode(site.totpCode(key)).wantHeading("Account")
		return app.tokens(app.code(b, "scope", "openid offline_access")), app.tokens(app.code(other, "scope", "openid offline_access"))
	}
	want := func(tokens tokenResponse, live bool) {
		t.Helper()
		if app.userInfo(tokens.AccessToken) != nil != live || (app.refresh(tokens.RefreshToken).status == http.StatusOK) != live {
			t.Errorf("the access of the app is not %v", live)
		}
	}
	mine, theirs := signIn()
	b.open("/account/manage-mfa/remove-totp").press("Remove")
	want(theirs, false)
	want(mine, true)
	key, _ = b.addTOTP()
	mine, theirs = signIn()
	b.operate(auth.ResetMFA)
	want(theirs, false)
	want(mine, false)
}

// OI-42: the ID token, if the app needs them there, the refreshed one and userinfo have the
// same claims, with the values of now.
func TestToken_LiveClaims(t *testing.T) {
	site := newSite(t)
	app := site.addApp(trusted, func(a *oidc.App) { a.ClaimsInIDToken = true })
	b := site.browser().signUp(ann)
	tokens := app.tokens(app.code(b, "scope", "openid email profile groups offline_access"))
	want := func(name any, groups any) {
		t.Helper()
		info := app.userInfo(tokens.AccessToken)
		_, id := app.claims(tokens.IDToken)
		for claim, value := range map[string]any{
			"email": ann, "email_verified": true, "preferred_username": ann, "name": name, "groups": groups, "sub": id["sub"], "updated_at": info["updated_at"],
		} {
			if !reflect.DeepEqual(info[claim], value) || !reflect.DeepEqual(id[claim], value) {
				t.Errorf("%s: userinfo has %v, the ID token %v, want %v", claim, info[claim], id[claim], value)
			}
		}
	}
	want(nil, nil)
	b.open("/account/profile").fill("Name", "Ann Example").press("Save")
	if _, err := site.rules.ChangeGroups(t.Context(), auth.Operator{}, site.accountID(ann), []string{"ops"}, nil); err != nil {
		t.Fatal(err)
	}
	if info := app.userInfo(tokens.AccessToken); info["name"] != "Ann Example" || !reflect.DeepEqual(info["groups"], []any{"ops"}) {
		t.Errorf("userinfo has %v", info)
	}
	tokens = app.refresh(tokens.RefreshToken)
	want("Ann Example", []any{"ops"})
	tokens = app.refresh(tokens.RefreshToken, "scope", "openid email")
	if _, id := app.claims(tokens.IDToken); id["email"] != ann || id["name"] != nil || id["groups"] != nil {
		t.Errorf("with fewer scopes the ID token has %v", id)
	}
	if info := app.userInfo(tokens.AccessToken); info["email"] != ann || info["name"] != nil || info["groups"] != nil {
		t.Errorf("with fewer scopes userinfo has %v", info)
	}
}

// operate does what the operator's command does.
func (b *browser) operate(action auth.OperatorAction) {
	b.t.Helper()
	if done, err := b.site.operate(action, ann); err != nil || !done {
		b.t.Fatal(done, err)
	}
}
