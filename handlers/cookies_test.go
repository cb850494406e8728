package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/handlers"
)

// Every cookie is bound to the host and to HTTPS and hidden from scripts. Only the
// device cookie outlives the browser's session (SE-03, SE-04). Over plain HTTP the
// prefix and Secure are not possible; the rest is the same.
func TestCookie_AttributesOfEverySetCookie(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"https://id.example.org", "http://localhost:8080"} {
		site := newSite(t)
		site.origin = origin
		site.restart()
		b := site.browser()
		set := map[string]int{}
		b.onSetCookie = func(line string) {
			name, value, _ := strings.Cut(line, "=")
			set[name]++
			secure := strings.HasPrefix(origin, "https:")
			if strings.HasPrefix(name, "__Host-") != secure || strings.Contains(line, "; Secure") != secure {
				t.Errorf("%s: %s", origin, line)
			}
			for _, want := range []string{"; Path=/", "; HttpOnly", "; SameSite=Lax"} {
				if !strings.Contains(line, want) {
					t.Errorf("%s lacks %q", line, want)
				}
			}
			persistent, removed := strings.Contains(line, "Max-Age") || strings.Contains(line, "Expires"), strings.Contains(line, "Max-Age=0")
			if persistent && !removed && !strings.HasSuffix(name, "-device") {
				t.Errorf("persistent cookie: %s", line)
			}
			if strings.Contains(line, "Domain") || len(line) > 4096 || strings.Contains(value, "ann") {
				t.Errorf("%s: %s", origin, line)
			}
		}
		b.signUp(ann)
		key, _ := b.addTOTP()
		b.addPhone(number).press("Use for MFA")
		b.press("Sign out").signIn(ann).enterCode(site.totpCode(key)).wantHeading("Account")
		site.wait(11 * time.Minute)
		b.open("/account/email").reauthenticate(key).wantHeading("Email address")
		b.open("/nowhere")
		b.open("/account").press("Sign out")
		if len(set) != 2 {
			t.Errorf("cookies %v, want two", set)
		}
		for name, n := range set {
			if strings.HasSuffix(name, "-device") && n != 2 {
				t.Errorf("%s was set %d times, want at both sign-ins", name, n)
			}
		}
	}
}

// Browsers send cookies to every port of a host, so sites on one host have different
// names, with a __Host- prefix too.
func TestCookie_SitesOnOneHost(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	for _, origin := range []string{"https://id.example.org", "https://id.example.org:8443", "https://id.example.org:9443", "http://id.example.org:8080", "http://id.example.org:9090"} {
		site := newSite(t)
		site.origin = origin
		site.restart()
		b := site.browser()
		b.onSetCookie = func(line string) {
			name, _, _ := strings.Cut(line, "=")
			if other := names[name]; other != "" && other != origin {
				t.Errorf("%s has the cookie %s of %s", origin, name, other)
			}
			names[name] = origin
		}
		b.signUp(ann)
	}
	if len(names) != 10 {
		t.Errorf("cookies %v, want two for each site", names)
	}
}

// The cookie has no token of an attempt that is complete or was ended (SE-02).
func TestCookie_AttemptEnds(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	attempt := func(b *browser) auth.Token {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		for _, c := range b.jar.Cookies(b.url) {
			r.AddCookie(c)
		}
		origin, _ := url.Parse(site.origin)
		return handlers.AttemptOf(r, site.keys, origin)
	}
	ends := func(what string, b *browser, signedIn bool, press func()) {
		t.Helper()
		before := attempt(b)
		press()
		if after := attempt(b); before == "" || after == before || signedIn != (after == "") { // the forms of a signed-out visitor have another
			t.Errorf("%s: attempt %q, then %q", what, before, after)
		}
	}
	b := site.browser().startSignUp(ann, password)
	ends("sign-up", b, true, func() { b.enterCode(site.lastCode(ann)).wantHeading("Account") })
	key, _ := b.addTOTP()
	b.open("/account").press("Sign out")
	site.wait(time.Hour)
	b.signIn(ann).wantHeading("Verify your account")
	ends("start over", b, false, func() { b.press("Start over").wantHeading("Sign in") })
	b.signIn(ann).wantHeading("Verify your account")
	ends("sign-in", b, true, func() { b.enterCode(site.totpCode(key)).wantHeading("Account") })
	b.press("Sign out").startReset(ann).enterCode(site.lastCode(ann)).wantHeading("Set a new password")
	ends("reset", b, false, func() { b.setPassword(newPassword).wantHeading("Sign in") })
}

// A cookie an attacker knows and plants in a user's browser does not become that
// user's session, neither after the first factor nor after the second (SE-01, SE-02).
func TestCookie_SessionFixation(t *testing.T) {
	site := newSite(t)
	owner := site.browser().signUp(ann)
	key, _ := owner.addTOTP()
	attacker := site.browser().open("/sign-in")
	victim := attacker.clone()
	victim.signIn(ann).wantHeading("Verify your account")
	attacker.open("/sign-in").wantHeading("Sign in")
	halfSignedIn := victim.clone()
	victim.enterCode(site.totpCode(key)).wantHeading("Account")
	attacker.open("/account").wantHeading("Sign in")
	halfSignedIn.open("/account").wantHeading("Sign in")
	site.wait(30 * time.Second)
	halfSignedIn.open("/sign-in").wantHeading("Sign in")
}

// Re-authentication restarts the session's idle and absolute timeouts (SE-05, SE-06).
func TestReauth_RenewsSession(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	for range 23 {
		site.wait(time.Hour)
		b.open("/account").wantHeading("Account")
	}
	b.open("/account/email").reauthenticate("").wantHeading("Email address")
	for range 24 {
		site.wait(time.Hour)
		b.open("/account").wantHeading("Account")
	}
	site.wait(time.Second)
	b.open("/account").wantHeading("Sign in")
}

// No page has inline scripts, styles or event handlers, links to another host, or a
// cookie's value; every signed-in page names the account and has a sign-out button
// (CS-05, CS-08, CS-11, SE-07, SE-11).
func TestPages_Crawl(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	in, phones := site.inState("fresh")
	out := site.browser().open("/sign-in")
	halfSignedIn := site.browser().signIn(ann).wantHeading("Verify your account")
	pages := 0
	check := func(b *browser, path string) {
		b.open(path)
		unknown := b.status == 404 || b.status == 400 && (strings.HasPrefix(path, "/account/continue/") || path == oidc.AuthorizePath)
		if b.status != 200 && !unknown {
			t.Errorf("%s: %d", path, b.status)
		}
		pages++
		if b.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q", path, b.header.Get("Cache-Control"))
		}
		if n := b.page.Find("script, style, iframe, object, embed, base, form[action*='//']").Length(); n > 0 {
			t.Errorf("%s: %d elements that the policy forbids", path, n)
		}
		for node := range b.page.Nodes[0].Descendants() {
			for _, attribute := range node.Attr {
				name, value := attribute.Key, attribute.Val
				if strings.HasPrefix(name, "on") || name == "style" || strings.HasPrefix(strings.ToLower(value), "javascript:") {
					t.Errorf("%s: <%s %s=%q>", path, node.Data, name, value)
				}
				switch name {
				case "href", "src", "action", "formaction", "srcset", "poster":
					if u, err := url.Parse(value); err != nil || u.Host != "" || u.Scheme != "" {
						t.Errorf("%s: <%s %s=%q> is external", path, node.Data, name, value)
					}
				}
			}
		}
		for _, cookie := range b.jar.Cookies(b.url) {
			if strings.Contains(b.body, cookie.Value) || strings.Contains(b.url.String(), cookie.Value) {
				t.Errorf("%s contains the cookie %s", path, cookie.Name)
			}
		}
		if b == in {
			form := b.page.Find("form[action='/sign-out']")
			if form.Length() == 0 || form.AttrOr("method", "") != "post" || !strings.Contains(b.text(), ann) {
				t.Errorf("%s: no sign-out form or no email address", path)
			}
		}
	}
	for path, has := range handlers.RoutePaths() {
		if !has[0] {
			continue
		}
		id := phones["reserved"]
		if strings.HasSuffix(path, "/use") {
			id = phones["free"]
		}
		path = strings.Replace(path, ":id", id, 1)
		check(in, path)
		check(out, path)
	}
	check(in, "/nowhere")
	check(out, "/nowhere")
	check(out, "/forgot-password")
	check(halfSignedIn, "/sign-in")
	check(in, "/account/manage-mfa/add?format=uri")
	if pages < 50 {
		t.Errorf("only %d pages checked", pages)
	}
}

// Sign-out clears the browser's cache and storage, but keeps the device cookie. The
// Back button shows no page, as none may be stored (SE-07, CS-08).
func TestSignOut_ClearsSiteData(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	path, form := b.form(b.button("Sign out"))
	response := b.request(http.MethodPost, path, form, nil)
	if got := response.Header.Get("Clear-Site-Data"); got != `"cache", "storage"` || response.StatusCode != 303 {
		t.Errorf("%d, Clear-Site-Data: %s", response.StatusCode, got)
	}
	for _, cookie := range response.Cookies() {
		if cookie.Name != "__Host-twostep" {
			t.Errorf("sign-out sets %s", cookie.Name)
		}
	}
	b.open("/nowhere").wantText("You are signed out")
	b.open("/sign-in").wantNoText("You are signed out") // said already
	b.open("/account").wantHeading("Sign in")
}

// GET and HEAD change nothing, whatever the query says (CS-01).
func TestStateChange_NeedsPost(t *testing.T) {
	site := newSite(t)
	b, phones := site.inState("fresh")
	before := site.accountData()
	for _, path := range []string{
		"/sign-out", "/sign-out?token=" + url.QueryEscape(b.formToken()), "/account/manage-mfa/phones/" + phones["reserved"] + "/default",
		"/account/manage-mfa/phones/" + phones["reserved"] + "/remove?action=remove", "/account/manage-mfa/remove-totp?action=remove",
		"/account/delete?confirm=" + ann + "&action=delete", "/account/sessions?action=end_others", "/account/manage-mfa/add?action=reset",
		"/account/manage-mfa/backup-codes?action=generate", "/account/email?action=change&email=eve@example.org",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if status := b.request(method, path+"&token="+url.QueryEscape(b.formToken()), nil, nil).StatusCode; status != 200 && status != 405 && status != 404 {
				t.Errorf("%s %s: %d", method, path, status)
			}
		}
	}
	site.wantAccountData(before)
	b.open("/account").wantHeading("Account")
}

// Tokens have 256 random bits. They identify a session (SE-01), and an attempt such
// as a reset, whose code is only valid in the browser that requested it (RC-02).
func TestToken_RandomAndUnique(t *testing.T) {
	found := map[auth.Token]bool{}
	for range 1000 {
		token := auth.NewToken()
		if len(token) != 43 || found[token] { // 32 bytes in base64
			t.Fatalf("%q", token)
		}
		found[token] = true
	}
}
