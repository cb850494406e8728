package handlers_test

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// OI-13, OI-20, OI-22, OI-28, OI-29, OI-41, OI-42, OI-44: a user signs in to an app from the sign-in page,
// agrees once, and the tokens say what the session has verified.
func TestAuthorize_SignIn(t *testing.T) {
	site := newSite(t)
	b, app := site.browser(), site.addApp()
	b.signUp(ann)
	key, _ := b.addTOTP()
	b.press("Sign out")

	app.start(b, "scope", "openid email profile unknown", "login_hint", ann).wantHeading("Sign in").wantText("To continue to Wiki")
	if hint := b.field("Email address").AttrOr("value", ""); hint != ann {
		t.Errorf("the email field has %q", hint)
	}
	longest := strings.Repeat("x", auth.EmailMaxBytes)
	for hint, want := range map[string]string{longest: longest, longest + "x": ""} {
		if got := app.start(site.browser(), "login_hint", hint).field("Email address").AttrOr("value", ""); got != want {
			t.Errorf("a hint of %d characters: the email field has %q", len(hint), got)
		}
	}
	signedInAt := site.clock()
	b.enterCredentials(ann, password).wantHeading("Verify your account")
	site.wait(30 * time.Second)
	b.enterCode(site.totpCode(key)).wantHeading("Continue to Wiki").wantText("Your email address").wantText("wiki.example").wantNoText("groups")
	code := app.wantReturned(b.press("Continue"), "")

	tokens := app.tokens(code)
	if tokens.TokenType != "Bearer" || tokens.ExpiresIn != 300 || tokens.Scope != "openid email profile" || tokens.RefreshToken != "" ||
		tokens.header.Get("Cache-Control") != "no-store" || tokens.header.Get("Content-Type") != "application/json" {
		t.Errorf("response is %+v", tokens)
	}
	kind, id := app.claims(tokens.IDToken)
	now := float64(site.clock().Unix())
	for name, want := range map[string]any{
		"iss": site.origin, "aud": app.id, "nonce": "a-nonce", "iat": now, "exp": now + 300,
		"acr": "urn:twostep:acr:2", "auth_time": float64(signedInAt.Unix()),
	} {
		if id[name] != want {
			t.Errorf("ID token: %s is %v, want %v", name, id[name], want)
		}
	}
	if amr := id["amr"].([]any); kind != "JWT" || len(amr) != 3 || amr[0] != "pwd" || amr[1] != "otp" || amr[2] != "mfa" || id["sid"] == "" || id["email"] != nil {
		t.Errorf("ID token of type %s: %v", kind, id)
	}
	kind, access := app.claims(tokens.AccessToken)
	if kind != "at+jwt" || access["aud"] != site.origin || access["client_id"] != app.id || access["sub"] != id["sub"] || access["scope"] != tokens.Scope {
		t.Errorf("access token of type %s: %v", kind, access)
	}
	for _, name := range []string{"iss", "iat", "exp", "auth_time", "acr", "amr"} {
		if !reflect.DeepEqual(access[name], id[name]) {
			t.Errorf("access token: %s is %v, want %v", name, access[name], id[name])
		}
	}
	if _, next := app.claims(app.tokens(app.wantReturned(app.start(b, "scope", "openid"), "")).AccessToken); next["jti"] == access["jti"] || access["jti"] == nil {
		t.Errorf("access token: jti is %v, then %v", access["jti"], next["jti"])
	}
	claims := app.userInfo(tokens.AccessToken)
	if claims["sub"] != id["sub"] || claims["email"] != ann || claims["email_verified"] != true || claims["preferred_username"] != ann {
		t.Errorf("userinfo: %v", claims)
	}
	if _, exists := claims["groups"]; exists || claims["name"] != nil {
		t.Errorf("userinfo has empty claims: %v", claims)
	}
	if app.userInfo(tokens.IDToken) != nil {
		t.Error("an ID token passes as an access token (OI-22)")
	}

	app.wantReturned(app.start(b, "scope", "openid email"), "") // agreed already
	app.start(b, "scope", "openid offline_access").wantHeading("Continue to Wiki").wantText("also after you sign out")
	app.wantReturned(b.press("Cancel"), oidc.AccessDenied)
	app.start(b, "scope", "openid email", "prompt", "consent").wantHeading("Continue to Wiki")
	if n := len(site.messages(ann)); !strings.Contains(site.messages(ann)[n-1].subject, "Wiki") {
		t.Errorf("the last mail is %q", site.messages(ann)[n-1].subject)
	}
}

// OI-04, OI-05, OI-06, OI-07, OI-11, OI-12, OI-15, OI-19, OI-32, OI-40, OI-51, OI-53: a request
// that is not valid ends on a page if the app or where to return to is not known, and otherwise at the app.
// GET and POST are treated alike (OI-39).
func TestAuthorize_Errors(t *testing.T) {
	site := newSite(t)
	app := site.addApp()
	exempt := site.addApp(func(a *oidc.App) { a.WithoutPKCE = true })
	pushing := site.addApp(func(a *oidc.App) { a.RequirePAR = true })
	disabled := site.addApp()
	if _, err := site.apps.DisableApp(t.Context(), auth.Operator{}, oidc.App{ID: disabled.id}, true); err != nil {
		t.Fatal(err)
	}
	const page = "page"
	for name, row := range map[string]struct {
		app    *testApp
		params []string
		want   oidc.ErrorCode // empty if the request is valid
	}{
		"valid":                   {app, nil, ""},
		"unknown parameter":       {app, []string{"extra", "foobar"}, ""},
		"language and look":       {app, []string{"ui_locales", "de", "claims_locales", "de", "display", "popup", "claims", `{"userinfo":{"name":{"essential":true}}}`}, ""},
		"no nonce":                {app, []string{"nonce", ""}, ""},
		"no state":                {app, []string{"login_hint", "x"}, ""},
		"only an unknown acr":     {app, []string{"acr_values", "x"}, ""},
		"unknown acr":             {app, []string{"acr_values", "x urn:twostep:acr:1 urn:twostep:acr:2"}, ""},
		"no PKCE, exempt":         {exempt, []string{"code_challenge", "", "code_challenge_method", ""}, ""},
		"unknown app":             {app, []string{"client_id", "x"}, page},
		"no app":                  {app, []string{"client_id", ""}, page},
		"disabled app":            {disabled, nil, page},
		"no redirect URI":         {app, []string{"redirect_uri", ""}, page},
		"other redirect URI":      {app, []string{"redirect_uri", "https://wiki.example/callback/"}, page},
		"unknown pushed request":  {app, []string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, page},
		"no response type":        {app, []string{"response_type", ""}, oidc.InvalidRequest},
		"implicit":                {app, []string{"response_type", "id_token token"}, oidc.UnsupportedResponseType},
		"hybrid":                  {app, []string{"response_type", "code id_token"}, oidc.UnsupportedResponseType},
		"fragment":                {app, []string{"response_mode", "fragment"}, oidc.InvalidRequest},
		"no scope":                {app, []string{"scope", ""}, oidc.InvalidScope},
		"no openid":               {app, []string{"scope", "email"}, oidc.InvalidScope},
		"no PKCE":                 {app, []string{"code_challenge", "", "code_challenge_method", ""}, oidc.InvalidRequest},
		"plain PKCE":              {app, []string{"code_challenge_method", "plain"}, oidc.InvalidRequest},
		"no PKCE method":          {app, []string{"code_challenge_method", ""}, oidc.InvalidRequest},
		"short challenge":         {app, []string{"code_challenge", "abc"}, oidc.InvalidRequest},
		"bad challenge":           {app, []string{"code_challenge", strings.Repeat("+", 43)}, oidc.InvalidRequest},
		"no PKCE, no nonce":       {exempt, []string{"code_challenge", "", "code_challenge_method", "", "nonce", ""}, oidc.InvalidRequest},
		"not pushed":              {pushing, nil, oidc.InvalidRequest},
		"request object":          {app, []string{"request", "x"}, oidc.RequestNotSupported},
		"request URI":             {app, []string{"request_uri", "https://wiki.example/request"}, oidc.RequestURINotSupported},
		"registration":            {app, []string{"registration", "x"}, oidc.RegistrationNotSupported},
		"unknown prompt":          {app, []string{"prompt", "select_account"}, oidc.InvalidRequest},
		"prompt none and another": {app, []string{"prompt", "none login"}, oidc.InvalidRequest},
		"max_age":                 {app, []string{"max_age", "-1"}, oidc.InvalidRequest},
		"id_token_hint":           {app, []string{"id_token_hint", "x.y.z"}, oidc.InvalidRequest},
		"long parameter":          {app, []string{"nonce", strings.Repeat("x", 5000)}, oidc.InvalidRequest},
		"prompt none, signed out": {app, []string{"prompt", "none"}, oidc.LoginRequired},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			b, form := site.browser(), row.app.params(row.params...)
			b.headers["Sec-Fetch-Site"] = "cross-site"
			path := oidc.AuthorizePath
			if method == http.MethodGet {
				path, form = path+"?"+form.Encode(), nil
			}
			b.load(method, path, form)
			switch row.want {
			case "":
				if b.page == nil || b.page.Heading() != "Sign in" {
					t.Errorf("%s %s: at %s (%d)", method, name, b.url, b.status)
				}
			case page:
				b.wantHeading("This app cannot sign you in").wantStatus(http.StatusBadRequest).wantNoText("a-state")
				if b.url.Path != oidc.AuthorizePath || len(b.jar.Cookies(b.url)) > 0 {
					t.Errorf("%s %s: at %s with a cookie", method, name, b.url)
				}
			default:
				row.app.wantReturned(b, row.want)
			}
			site.wait(10 * time.Second)
		}
	}
	empty := "&prompt=&max_age=&response_mode=&request=&request_uri=&registration=&id_token_hint=&acr_values=&login_hint="
	site.browser().open(oidc.AuthorizePath + "?" + app.params().Encode() + empty).wantHeading("Sign in") // as if left out (6749 3.1)
	for _, contentType := range []string{"", "text/plain", "multipart/form-data"} {
		response := site.program(http.MethodPost, oidc.AuthorizePath, nil, http.Header{"Content-Type": {contentType}})
		if response.Code != http.StatusBadRequest {
			t.Errorf("a form of the type %q: %d with %s", contentType, response.Code, response.Body)
		}
	}
	for name, heading := range map[string]string{ // repeated
		"client_id": "This app cannot sign you in", "redirect_uri": "This app cannot sign you in", "scope": "", "resource": "Sign in",
	} {
		b := site.browser()
		b.open(oidc.AuthorizePath + "?" + app.params().Encode() + "&" + name + "=x&" + name + "=y")
		if heading == "" {
			app.wantReturned(b, oidc.InvalidRequest)
		} else {
			b.wantHeading(heading)
		}
	}
	if log := site.log.String(); strings.Contains(log, "a-state") || strings.Contains(log, "a-nonce") || len(site.log.linesWith("app="+app.id, "reason=invalid_request", "explanation=")) == 0 {
		t.Error("the log has a state, a nonce, or no explanation (OI-12, OI-53)")
	}
}

// OI-32: prompt=none shows no page.
func TestAuthorize_PromptNone(t *testing.T) {
	site := newSite(t)
	b, app, own, native := site.browser(), site.addApp(), site.addApp(trusted), site.addApp(func(a *oidc.App) {
		a.Kind, a.RedirectURIs = oidc.Native, []string{"http://127.0.0.1/callback"}
	})
	b.signUp(ann)
	app.wantReturned(app.start(b, "prompt", "none"), oidc.ConsentRequired)
	native.wantReturned(native.start(b, "prompt", "none"), oidc.InteractionRequired)
	first := own.idToken(b)
	second := own.idToken(b, "prompt", "none")
	if first["sub"] != second["sub"] || first["auth_time"] != second["auth_time"] {
		t.Errorf("%v and %v", first, second)
	}
	site.wait(time.Minute)
	own.wantReturned(own.start(b, "prompt", "none", "max_age", "30"), oidc.LoginRequired)
	own.wantReturned(own.start(b, "prompt", "none", "acr_values", "urn:twostep:acr:2"), oidc.InteractionRequired)
	own.idToken(b, "prompt", "none", "max_age", "10000", "acr_values", "urn:example:unknown")
	site.requirePasswordChange(ann)
	own.wantReturned(own.start(b, "prompt", "none"), oidc.InteractionRequired)
	if n := site.queryInt("SELECT count(*) FROM app_requests"); n != 0 { // each had its response at once
		t.Errorf("%d requests are stored", n)
	}
}

// A signed-in user who has nothing to do is redirected to the app by the first response, even
// with an error (OI-13). A form, which has no cookie if another site posts it, and a HEAD do no
// more than store a request (OI-39).
func TestAuthorize_AtOnce(t *testing.T) {
	site := newSite(t)
	b, app, asking := site.browser().signUp(ann), site.addApp(trusted), site.addApp()
	site.wait(time.Second)
	send := func(app *testApp, method string, more ...string) (to string) {
		t.Helper()
		query, form := "?"+app.params(more...).Encode(), url.Values(nil)
		if method == http.MethodPost {
			query, form = "", app.params(more...)
		}
		first := b.fetchRaw(method, oidc.AuthorizePath+query, form)
		if first.status != http.StatusSeeOther || first.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d with %v", method, first.status, first.header)
		}
		return first.header.Get("Location")
	}
	for _, row := range []struct {
		app    *testApp
		method string
		params []string
		want   string // the beginning of where the response leads
	}{
		{app, http.MethodGet, nil, app.callback + "?code="},
		{app, http.MethodGet, []string{"prompt", "none"}, app.callback + "?code="},
		{asking, http.MethodGet, []string{"prompt", "none"}, app.callback + "?error=consent_required&"},
		{asking, http.MethodGet, nil, "/account/continue/"},
		{app, http.MethodGet, []string{"prompt", "login"}, "/account/continue/"},
		{app, http.MethodHead, nil, "/account/continue/"},
		{app, http.MethodPost, nil, "/account/continue/"},
		{app, http.MethodPost, []string{"prompt", "none"}, "/account/continue/"},
	} {
		if to := send(row.app, row.method, row.params...); !strings.HasPrefix(to, row.want) {
			t.Errorf("%s %v leads to %s, want %s", row.method, row.params, to, row.want)
		}
	}
	to, err := url.Parse(send(app, http.MethodGet))
	if err != nil || to.Query().Get("iss") != site.origin || to.Query().Get("state") != "a-state" {
		t.Errorf("leads to %s", to)
	}
	app.tokens(to.Query().Get("code"))
	if log := site.log.String(); strings.Contains(log, to.Query().Get("code")) || strings.Contains(log, "a-state") {
		t.Error("the log has a code or state (OI-12)")
	}
	for _, from := range []struct {
		site, page string // of the link
		want       int
	}{
		{"same-origin", "", http.StatusOK}, // after a form of this site, see returnToApp
		{"cross-site", site.origin + "/sign-in", http.StatusSeeOther},
		{"", site.origin + "/sign-in", http.StatusOK},
		{"", site.origin + oidc.AuthorizePath + "?x", http.StatusSeeOther},
		{"", "https://wiki.example/", http.StatusSeeOther},
		{"", "", http.StatusSeeOther},
	} {
		b.headers = map[string]string{"Sec-Fetch-Site": from.site, "Referer": from.page}
		if got := b.fetchRaw(http.MethodGet, oidc.AuthorizePath+"?"+app.params().Encode(), nil); got.status != from.want {
			t.Errorf("%+v: %d", from, got.status)
		}
	}
	b.headers = nil
	b.open("/account/apps").wantText("Wiki")
	b.open("/account").press("Sign out")
	if to := send(app, http.MethodGet, "prompt", "none"); !strings.HasPrefix(to, "/account/continue/") {
		t.Errorf("signed out: leads to %s", to)
	}
}

// OI-52: requests are limited by address, and a person sees a page. Strangers there cannot
// keep a signed-in user out of an app: codes are limited by account.
func TestAuthorize_Limit(t *testing.T) {
	site := newSite(t)
	b, stranger, app, asking := site.browser().signUp(ann), site.browser(), site.addApp(trusted), site.addApp()
	stranger.remoteAddr = b.remoteAddr
	site.wait(time.Second)
	authorize := func(b *browser, app *testApp, more ...string) *browser {
		t.Helper()
		return b.fetch(http.MethodGet, oidc.AuthorizePath+"?"+app.params(more...).Encode(), nil)
	}
	strangers := [][]string{ // a stored request, an error, a page, and a pushed request
		nil, {"scope", "x"}, {"client_id", "x"}, {"request_uri", "urn:ietf:params:oauth:request_uri:x"},
	}
	for n := range 120 {
		if r := authorize(stranger, app, strangers[n%len(strangers)]...); r.status == http.StatusTooManyRequests {
			t.Fatalf("request %d is refused", n+1)
		}
	}
	for i, params := range strangers {
		r := authorize(stranger, app, params...)
		if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") == "" || r.header.Get("Location") != "" {
			t.Errorf("request %d past the limit: %d with %v", i, r.status, r.header)
		}
		r.wantText("Too many attempts")
	}
	authorize(b, asking).wantText("Too many attempts") // it would be stored
	asking.wantReturned(asking.start(b, "prompt", "none"), oidc.ConsentRequired)
	for range 300 {
		app.wantReturned(app.start(b), "")
	}
	authorize(b, app).wantText("Too many attempts")
	site.wait(time.Hour)
	b.open("/sign-in").enterCredentials(ann, password)
	app.wantReturned(app.start(b), "")
}

// What changes between two requests decides the second one, although nothing is asked: a
// deadline for a second factor, and a disabled account.
func TestAuthorize_AtOnce_Meanwhile(t *testing.T) {
	site := newSite(t)
	b, app := site.browser().signUp(ann), site.addApp(trusted)
	app.wantReturned(app.start(b, "prompt", "none"), "")
	today := site.clock().UTC().Truncate(24 * time.Hour)
	if err := site.rules.SetMFAPolicy(t.Context(), auth.Operator{}, auth.MFAPolicy{Day: today}); err != nil {
		t.Fatal(err)
	}
	app.wantReturned(app.start(b, "prompt", "none"), oidc.InteractionRequired)
	app.start(b).wantHeading("Set up two-step verification")
	if _, err := site.rules.Operate(t.Context(), auth.Operator{}, auth.Disable, site.accountID(ann)); err != nil {
		t.Fatal(err)
	}
	app.wantReturned(app.start(b, "prompt", "none"), oidc.LoginRequired)
}

// OI-33, OI-34: prompt=login and max_age ask again, and a sign-in for the request counts.
func TestAuthorize_Fresh(t *testing.T) {
	site := newSite(t)
	b, app := site.browser(), site.addApp(trusted)
	b.signUp(ann)
	key, _ := b.addTOTP()
	for _, params := range [][]string{{"prompt", "login"}, {"max_age", "0"}, {"max_age", "60"}} {
		site.wait(2 * time.Minute)
		asked := site.clock()
		app.start(b, params...).wantHeading("Verification required")
		site.wait(time.Second)
		b.fill("Password", password).press("Continue").wantHeading("Verification required")
		site.wait(30 * time.Second)
		b.enterCode(site.totpCode(key))
		_, claims := app.claims(app.tokens(app.wantReturned(b, "")).IDToken)
		if !authTime(claims).After(asked.Truncate(time.Second)) {
			t.Errorf("%v: auth_time is %v, before %v", params, authTime(claims), asked)
		}
		app.idToken(b, "max_age", "60")
	}
	b.open("/account").press("Sign out")
	app.start(b, "prompt", "login").wantHeading("Sign in")
	site.wait(30 * time.Second)
	b.enterCredentials(ann, password).wantHeading("Verify your account").enterCode(site.totpCode(key))
	app.wantReturned(b, "")
}

// OI-35: acr_values asks for a second factor once; a user who declines continues with
// what was verified, unless the app demands more, which then gets an error.
func TestAuthorize_StepUp(t *testing.T) {
	site := newSite(t)
	b, app, strict := site.browser(), site.addApp(trusted), site.addApp(trusted, func(a *oidc.App) { a.RequireMFA = true })
	b.signUp(ann)
	two := []string{"acr_values", oidc.ACRTwoFactors}
	if claims := app.idToken(b); claims["acr"] != oidc.ACROneFactor || claims["amr"] != nil {
		t.Errorf("after sign-up: %v (OI-36)", claims)
	}
	app.start(b, two...).wantHeading("Set up two-step verification").wantText("Wiki asks for two-step verification").follow("Not now")
	_, claims := app.claims(app.tokens(app.wantReturned(b, "")).IDToken)
	if claims["acr"] != oidc.ACROneFactor {
		t.Errorf("acr is %v", claims["acr"])
	}
	strict.start(b).wantHeading("Set up two-step verification").wantText("Wiki requires two-step verification").follow("Not now")
	strict.wantReturned(b, oidc.UnmetRequirements)

	strict.start(b).wantHeading("Set up two-step verification")
	b.addTOTP()
	b.follow("Continue")
	_, claims = strict.claims(strict.tokens(strict.wantReturned(b, "")).IDToken)
	if amr, _ := claims["amr"].([]any); claims["acr"] != oidc.ACRTwoFactors || !slices.Contains(amr, any("mfa")) {
		t.Errorf("after the set-up: %v", claims)
	}
	if claims := app.idToken(b, "acr_values", oidc.ACROneFactor); claims["acr"] != oidc.ACROneFactor {
		t.Errorf("acr is %v, want the listed one", claims["acr"])
	}
}

// OI-35: a user who declines to verify comes back to the app: after a step-up with what was
// verified, or with an error if the app demands more; otherwise when they press the button
// of a page that says why.
func TestAuthorize_Decline(t *testing.T) {
	site, b, _ := rememberSite(t)
	app, strict := site.addApp(trusted), site.addApp(trusted, func(a *oidc.App) { a.RequireMFA = true })
	b.wantRemembered(true) // a session with one factor, of an account with two
	app.start(b, "acr_values", oidc.ACRTwoFactors).wantHeading("Verification required").follow("Cancel")
	_, claims := app.claims(app.tokens(app.wantReturned(b, "")).IDToken)
	if claims["acr"] != oidc.ACROneFactor {
		t.Errorf("acr is %v", claims["acr"])
	}
	strict.start(b).wantHeading("Verification required").follow("Cancel")
	strict.wantReturned(b, oidc.UnmetRequirements)

	app.start(b, "prompt", "login").wantHeading("Verification required").follow("Cancel")
	b.wantHeading("Wiki asks you to verify").follow("Verify").wantHeading("Verification required").follow("Cancel")
	b.press("Back to Wiki")
	app.wantReturned(b, oidc.AccessDenied)
	b.open("/account/email").wantHeading("Verification required").follow("Cancel").wantHeading("Account")
}

// OI-37: a session with a pending task gets no code until that is done, and then comes
// back to the app.
func TestAuthorize_Task(t *testing.T) {
	site := newSite(t)
	b, app := site.browser(), site.addApp(trusted)
	b.signUp(ann)
	site.requirePasswordChange(ann)
	app.start(b).wantHeading("Password")
	const another = "another long password"
	b.fill("Current password", password).fill("New password", another).press("Change password")
	app.wantReturned(b, "")
}

// OI-38: an id_token_hint of another user is not overlooked.
func TestAuthorize_Hint(t *testing.T) {
	site := newSite(t)
	app, other := site.addApp(trusted), site.addApp(trusted)
	annsBrowser, b := site.browser(), site.browser()
	annsBrowser.signUp(ann)
	hint := app.tokens(app.wantReturned(app.start(annsBrowser), "")).IDToken
	site.wait(time.Hour - time.Minute) // it has expired
	b.signUp("bob@example.org")
	app.wantReturned(app.start(annsBrowser, "id_token_hint", hint), "")
	app.wantReturned(app.start(b, "id_token_hint", hint, "prompt", "none"), oidc.LoginRequired)
	other.wantReturned(other.start(b, "id_token_hint", hint), oidc.InvalidRequest)
	app.start(b, "id_token_hint", hint).wantHeading("Another account is signed in")
	b.press("Sign out and continue").wantHeading("Sign in")
	b.enterCredentials(ann, password)
	app.wantReturned(b, "")
}

// OI-43, OI-14: a native app shows the page before each code. The redirect of its form is
// the only one that leaves the site, and its page cannot be framed.
func TestAuthorize_Native(t *testing.T) {
	site := newSite(t)
	b := site.browser()
	app := site.addApp(func(a *oidc.App) { a.Kind, a.RedirectURIs = oidc.Native, []string{"http://127.0.0.1/callback"} })
	b.signUp(ann)
	for range 2 {
		app.start(b, "redirect_uri", "http://127.0.0.1:4711/callback").wantHeading("Continue to Wiki")
		policy := b.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "form-action 'self' http://127.0.0.1:4711;") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("policy is %q", policy)
		}
		app.callback = "http://127.0.0.1:4711/callback"
		b.press("Continue")
		if b.status != http.StatusSeeOther {
			t.Errorf("Continue: %d", b.status)
		}
		tokens := app.tokens(app.wantReturned(b, ""))
		if tokens.RefreshToken == "" {
			t.Error("a native app gets no refresh token")
		}
		app.callback = "http://127.0.0.1/callback"
	}

	v6 := site.addApp(func(a *oidc.App) { a.Kind, a.RedirectURIs = oidc.Native, []string{"http://[::1]/callback"} })
	v6.callback = "http://[::1]:4711/callback"
	v6.start(b).wantHeading("Continue to Wiki") // form-action cannot name the address
	if policy := b.header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self';") {
		t.Errorf("policy is %q", policy)
	}
	v6.wantReturned(b.press("Continue").wantHeading("Back to Wiki"), "")
}

// Only accounts in one of the app's groups may use it.
func TestAuthorize_NotAllowed(t *testing.T) {
	site := newSite(t)
	b, app := site.browser(), site.addApp(trusted, func(a *oidc.App) { a.Groups = []string{"ops"} })
	b.signUp(ann)
	app.start(b).wantHeading("You cannot use Wiki")
	app.wantReturned(b.press("Back to Wiki"), oidc.AccessDenied)
	app.wantReturned(app.start(b, "prompt", "none"), oidc.AccessDenied)
	change := func(add, remove []string) {
		t.Helper()
		if _, err := site.rules.ChangeGroups(t.Context(), auth.Operator{}, site.accountID(ann), add, remove); err != nil {
			t.Fatal(err)
		}
	}
	change([]string{"ops", "staff"}, nil)
	tokens := app.tokens(app.wantReturned(app.start(b, "scope", "openid groups offline_access"), ""))
	if groups := app.userInfo(tokens.AccessToken)["groups"]; !reflect.DeepEqual(groups, []any{"ops", "staff"}) {
		t.Errorf("groups are %v", groups)
	}
	change(nil, []string{"ops"})
	if r := app.refresh(tokens.RefreshToken); r.Error != oidc.InvalidGrant {
		t.Errorf("after leaving the group: %s", r.Error)
	}
}

// A grant of one factor ends when an operator demands two of the app's users: its refresh
// token would otherwise be valid for months.
func TestRefresh_AppDemandsMFA(t *testing.T) {
	site := newSite(t)
	b, app := site.browser().signUp(ann), site.addApp(trusted)
	scope := []string{"scope", "openid offline_access"}
	before := app.tokens(app.wantReturned(app.start(b, scope...), ""))
	code := app.wantReturned(app.start(b, scope...), "")
	changed, err := site.apps.App(t.Context(), app.id)
	if err != nil {
		t.Fatal(err)
	}
	changed.RequireMFA = true
	if err := site.apps.ReplaceApp(t.Context(), auth.Operator{}, changed); err != nil {
		t.Fatal(err)
	}
	if r := app.refresh(before.RefreshToken); r.Error != oidc.InvalidGrant {
		t.Errorf("refresh: %d %q", r.status, r.Error)
	}
	if r := app.exchange(code); r.Error != oidc.InvalidGrant {
		t.Errorf("code: %d %q", r.status, r.Error)
	}
	b.addTOTP()
	tokens := app.tokens(app.wantReturned(app.start(b, scope...), ""))
	if r := app.refresh(tokens.RefreshToken); r.status != http.StatusOK {
		t.Errorf("refresh with two factors: %d %q", r.status, r.Error)
	}
}

// The page that asks whether to continue is the end of what a request led to: what the user
// sets up later does not lead back to it. The log says what each page asked for.
func TestContinue_Arrived(t *testing.T) {
	site := newSite(t)
	b, app := site.browser().signUp(ann), site.addApp(func(a *oidc.App) { a.RequireMFA = true })
	app.start(b).wantHeading("Set up two-step verification")
	b.addTOTP()
	b.follow("Continue").wantHeading("Continue to Wiki")
	b.open("/account/manage-mfa/backup-codes").press("Generate").press("Done").wantHeading("User MFA Settings")
	if len(site.log.linesWith("reason=app_set_up")) == 0 || len(site.log.linesWith("reason=app_consent")) > 0 {
		t.Errorf("logged %v", site.log.linesWith("reason=app_"))
	}
}

// A request ends after ten minutes, and with its code; its page then leads to the app.
func TestContinue_Expired(t *testing.T) {
	site := newSite(t)
	b, app := site.browser(), site.addApp()
	b.signUp(ann)
	app.start(b).wantHeading("Continue to Wiki")
	again := b.clone()
	page := b.url.Path
	app.wantReturned(b.press("Continue"), "")
	again.press("Continue").wantHeading("This request has expired").wantStatus(http.StatusBadRequest)
	if home := again.link("Go to Wiki").AttrOr("href", ""); home != "https://wiki.example/" {
		t.Errorf("the link leads to %q", home)
	}
	b.open(page).wantHeading("This request has expired")
	b.open("/account/continue/unknown").wantHeading("This request has expired").wantStatus(http.StatusBadRequest)
	app.start(b, "prompt", "consent").wantHeading("Continue to Wiki")
	site.wait(auth.AppRequestLifetime)
	b.press("Continue").wantHeading("This request has expired")
}

// A user who cancels gets no code, also if there is nothing left to ask because they have
// agreed in another tab since.
func TestContinue_CanceledAfterAgreeing(t *testing.T) {
	site := newSite(t)
	b, app := site.browser().signUp(ann), site.addApp()
	first := app.start(b).wantHeading("Continue to Wiki").clone()
	app.wantReturned(app.start(b).press("Continue"), "")
	app.wantReturned(first.press("Cancel"), oidc.AccessDenied)
	first.open(first.url.Path).wantHeading("This request has expired")
}

// A request that is open while an operator removes its redirect URI leads nowhere any more.
func TestContinue_RedirectURIRemoved(t *testing.T) {
	site := newSite(t)
	b, app := site.browser(), site.addApp()
	b.signUp(ann)
	app.start(b).wantHeading("Continue to Wiki")
	canceling := b.clone()
	changed, err := site.apps.App(t.Context(), app.id)
	if err != nil {
		t.Fatal(err)
	}
	changed.RedirectURIs = []string{"https://wiki.example/new"}
	if err := site.apps.ReplaceApp(t.Context(), auth.Operator{}, changed); err != nil {
		t.Fatal(err)
	}
	canceling.press("Cancel").wantHeading("This request has expired")
	b.press("Continue").wantHeading("This request has expired").wantStatus(http.StatusBadRequest)
}

// OI-51: a pushed request is used once, within a minute.
func TestPush(t *testing.T) {
	site := newSite(t)
	b, app := site.browser(), site.addApp(trusted, func(a *oidc.App) { a.RequirePAR = true })
	b.signUp(ann)
	push := func(form url.Values) (uri string, r tokenResponse) {
		t.Helper()
		form.Del("client_id")
		r = app.post(oidc.PushPath, form)
		return r.RequestURI, r
	}
	uri, r := push(app.params())
	if r.status != http.StatusCreated || !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") {
		t.Fatalf("push: %d %q", r.status, uri)
	}
	open := func(uri string) *browser {
		t.Helper()
		return b.open(oidc.AuthorizePath + "?" + url.Values{"client_id": {app.id}, "request_uri": {uri}}.Encode())
	}
	other := site.addApp(trusted)
	b.open(oidc.AuthorizePath + "?" + other.params("request_uri", uri).Encode()).wantHeading("This app cannot sign you in") // and it stays the app's
	app.tokens(app.wantReturned(open(uri), ""))
	open(uri).wantHeading("This app cannot sign you in")
	uri, _ = push(app.params())
	site.wait(auth.AppPushedLifetime)
	open(uri).wantHeading("This app cannot sign you in")
	uri, _ = push(app.params())
	for _, c := range []struct {
		name, value string
		want        oidc.ErrorCode
	}{
		{"redirect_uri", "https://evil.example/", oidc.InvalidRequest},
		{"request_uri", uri, oidc.InvalidRequest}, // RFC 9126 section 2.1
		{"scope", "x", oidc.InvalidScope},
		{"code_challenge", "", oidc.InvalidRequest},
	} {
		if _, r := push(app.params(c.name, c.value)); r.status != http.StatusBadRequest || r.Error != c.want {
			t.Errorf("pushed with %s=%s: %d %s, want %s", c.name, c.value, r.status, r.Error, c.want)
		}
	}
}
