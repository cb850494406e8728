package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The session cookie is opaque, small, ends with the browser's session and is replaced at
// each factor (SE-01, SE-02, SE-03, SE-04, SE-11).
func TestCookie(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	b.press("Sign out").open("/sign-in")

	chosen := site.browser()
	chosen.jar.SetCookies(chosen.url, []*http.Cookie{{Name: "__Host-twostep", Value: "chosen-by-somebody", Path: "/", Secure: true}})
	chosen.open("/sign-in").wantHeading("Sign in") // an invalid cookie is ignored

	before := b.cookie()
	b.signIn(ann).wantHeading("Verify your account")
	halfSignedIn := b.cookie()
	stale := b.clone()
	b.enterCode(site.totpCode(key)).wantHeading("Account")
	if before == halfSignedIn || halfSignedIn == b.cookie() {
		t.Error("the cookie was not replaced")
	}
	stale.open("/account").wantHeading("Sign in")

	site.wait(30 * time.Second)
	response := site.browser().request(http.MethodGet, "/sign-in", nil, nil)
	cookies := response.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies, want 1", len(cookies))
	}
	raw := response.Header.Get("Set-Cookie")
	for _, want := range []string{"__Host-twostep=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(raw, want) {
			t.Errorf("%q lacks %q", raw, want)
		}
	}
	for _, bad := range []string{"Domain", "Expires", "Max-Age"} {
		if strings.Contains(raw, bad) {
			t.Errorf("%q has %s", raw, bad)
		}
	}
	if len(raw) > 4096 || strings.Contains(raw, ann) {
		t.Errorf("cookie of %d bytes", len(raw))
	}
}

// A session ends after an hour without activity, and after a day (SE-05, SE-06).
func TestSession_Limits(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	site.wait(time.Hour)
	b.open("/account").wantHeading("Account")
	site.wait(time.Hour + time.Second)
	b.open("/account").wantHeading("Sign in")

	b.signIn(ann)
	for range 24 {
		b.open("/account").wantHeading("Account")
		site.wait(time.Hour)
	}
	b.open("/account").wantHeading("Account")
	site.wait(time.Second)
	b.open("/account").wantHeading("Sign in")
}

// A post from another site, without a form token or with another user's is refused and has
// no effect (CS-01, CS-02, CS-03).
func TestForgedForm(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	other := site.browser().signUp("eve@example.org")
	b.open("/account")
	path, form := b.form(b.button("Sign out"))
	other.open("/account")
	_, foreign := other.form(other.button("Sign out"))
	for name, attack := range map[string]struct {
		form    url.Values
		headers map[string]string
	}{
		"another site":                 {form, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}},
		"a sister site":                {form, map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://www.example.org"}},
		"an old browser, another site": {form, map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}},
		"a null origin":                {form, map[string]string{"Sec-Fetch-Site": "", "Origin": "null"}},
		"no token":                     {url.Values{}, nil},
		"an empty token":               {url.Values{"token": {""}}, nil},
	} {
		if response := b.request(http.MethodPost, path, attack.form, attack.headers); response.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, response.StatusCode)
		} else if response.Header.Get("Connection") != "close" {
			t.Errorf("%s: the connection stays open", name)
		}
		b.open("/account").wantHeading("Account")
	}
	for _, token := range []string{foreign.Get("token"), "%%%"} { // shown again
		b.request(http.MethodPost, path, url.Values{"token": {token}}, nil)
		b.open("/account").wantHeading("Account")
	}
	if response := b.request(http.MethodPost, path+"?token="+url.QueryEscape(form.Get("token")), url.Values{}, nil); response.StatusCode != http.StatusForbidden {
		t.Errorf("a token in the query: %d", response.StatusCode)
	}
	for _, page := range []string{"/sign-in", "/sign-up"} {
		if response := site.browser().request(http.MethodPost, page, url.Values{"action": {"continue"}, "email": {ann}, "password": {password}}, nil); response.StatusCode != http.StatusForbidden {
			t.Errorf("%s without a token: %d", page, response.StatusCode)
		}
	}
	noHeaders := map[string]string{"Sec-Fetch-Site": "", "Origin": ""}
	if response := b.request(http.MethodPost, path, form, noHeaders); response.StatusCode != http.StatusSeeOther {
		t.Errorf("an old browser with the right token: %d", response.StatusCode)
	}
}

// Every response has the security headers: pages, redirects, errors and static files
// (CS-04, CS-05, CS-06, CS-07, CS-08, CS-09).
func TestHeaders(t *testing.T) {
	site := newSite(t)
	b := site.browser().open("/sign-in")
	style := b.page.Find("link[rel=stylesheet]").AttrOr("href", "")
	for path, status := range map[string]int{
		"/sign-in": 200, "/account": 303, "/nowhere": 404, "/sign-out": 405, "/healthz": 200, "/readyz": 200, style: 200, "/.git/config": 404, "/metrics": 404, "/debug/pprof/": 404,
	} {
		response := b.request(http.MethodGet, path, nil, map[string]string{"Origin": "https://evil.example"})
		if response.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, response.StatusCode, status)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=31536000", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := response.Header.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		for _, part := range []string{"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"} {
			if !strings.Contains(response.Header.Get("Content-Security-Policy"), part) {
				t.Errorf("%s: the policy lacks %s", path, part)
			}
		}
		if policy := response.Header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe-") || strings.Contains(policy, "http:") || strings.Contains(policy, "*") {
			t.Errorf("%s: the policy is %s", path, policy)
		}
		for _, name := range []string{"X-Xss-Protection", "Access-Control-Allow-Origin", "Server", "X-Powered-By"} {
			if got := response.Header.Get(name); got != "" {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		want := "no-store"
		if path == style {
			want = "public, max-age=31536000, immutable"
		}
		if got := response.Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
	}
}
