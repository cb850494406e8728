package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

// Paths in capitals or with a slash at the end lead to their page, and to no other host. Health
// checks answer HEAD; browsers and search engines find what they ask for.
func TestOtherPaths(t *testing.T) {
	site := newSite(t)
	b := site.browser()
	for path, want := range map[string]string{
		"/Sign-In": "301 /sign-in", "/sign-in/": "301 /sign-in", "/SIGN-UP//": "301 /sign-up", "/Account/Manage-MFA/?x=Y": "301 /account/manage-mfa?x=Y",
		"/account/manage-mfa/phones/x1/Remove": "301 /account/manage-mfa/phones/x1/remove",
		"/nowhere/":                            "404 ", "//evil.example/": "404 ", "//evil.example/account": "404 ", "/static/": "404 ", "/sign-out/": "404 ",
		"/": "303 /sign-in", "/robots.txt": "200 ", "/healthz": "200 ", "/readyz": "200 ", "/oauth/jwks": "200 ",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			response := b.request(method, site.origin+path, nil, nil)
			got := strings.TrimSpace(response.Status[:3] + " " + response.Header.Get("Location"))
			if got != strings.TrimSpace(want) {
				t.Errorf("%s %s: %s, want %s", method, path, got, want)
			}
		}
	}
	if to := site.browser().signUp(ann).request(http.MethodGet, "/", nil, nil).Header.Get("Location"); to != "/account" {
		t.Errorf("signed in, / leads to %s", to)
	}
	if response := b.request(http.MethodPost, "/Sign-In", nil, nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("POST: %d", response.StatusCode)
	}
	icon := b.request(http.MethodGet, "/favicon.ico", nil, nil).Header.Get("Location")
	if b.request(http.MethodGet, icon, nil, nil).StatusCode != http.StatusOK {
		t.Errorf("no icon at %s", icon)
	}
}

// Two sites on one host do not replace each other's cookie (SE-03).
func TestCookie_NamedByPort(t *testing.T) {
	names := map[string]bool{}
	for _, origin := range []string{"http://localhost:8080", "http://localhost:8081", "http://localhost"} {
		site := newSite(t)
		site.origin = origin
		site.restart()
		for _, c := range site.browser().request(http.MethodGet, "/sign-in", nil, nil).Cookies() {
			names[c.Name] = true
		}
	}
	if len(names) != 3 {
		t.Errorf("cookies %v, want three names", names)
	}
}
