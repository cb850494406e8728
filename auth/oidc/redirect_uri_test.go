package oidc

import (
	"strings"
	"testing"

	"twostep/auth"
)

// OI-03: what can be registered, and the explanation of what cannot.
func TestCheckURI(t *testing.T) {
	longest := "https://app.example.org/" + strings.Repeat("x", auth.AppURIMax-24)
	for _, row := range []struct {
		kind   AppKind
		uri    string
		reason string // empty if it can be registered
	}{
		{Web, "https://app.example.org/callback", ""},
		{Web, "https://app.example.org:8443/callback?tenant=1", ""},
		{Web, "https://app.example.org/~wiki", ""},
		{SPA, "https://app.example.org", ""},
		{SPA, "http://localhost:3000/callback", ""},
		{Web, "http://127.0.0.1:5555/callback", ""},
		{Native, "http://127.0.0.1/callback", ""},
		{Native, "http://[::1]/callback", ""},
		{Native, "com.example.app:/callback", ""},
		{Native, "com.example.app://callback", ""},
		{Native, "https://app.example.org/callback", ""},
		{Web, "", "is not an absolute URI"},
		{Web, "/callback", "is not an absolute URI"},
		{Web, "app.example.org/callback", "is not an absolute URI"},
		{Web, "https:///callback", "has no host"},
		{Web, "https:app.example.org", "has no host"},
		{Web, "https://app.example.org/#", "fragment"},
		{Web, "https://user@app.example.org/", "user name"},
		{Web, "https://*.example.org/", "wildcard"},
		{Web, "https://app.example.org/*", "wildcard"},
		{Web, "https://app.example.org/a b", "percent-encoded"},
		{Web, "https://app.example.org\\@evil.example/", "percent-encoded"},
		{Web, "https://äpp.example.org/", "percent-encoded"},
		{Web, "https://app.example.org:0/", "port"},
		{Web, "https://app.example.org:/", "port"},
		{Web, "HTTPS://app.example.org/", "lower case"},
		{Web, "http://app.example.org/callback", "must use https"},
		{Native, "http://192.0.2.1/callback", "must use https"},
		{Native, "http://localhost.example.org/", "must use https"},
		{Web, "com.example.app:/callback", "kind native only"},
		{SPA, "com.example.app:/callback", "kind native only"},
		{Native, "com.example.app:callback", "has no path"},
		{Native, "myapp://callback", "a scheme with a dot"},
		{Native, "javascript:alert(1)", "a scheme with a dot"},
		{Native, "data:text/html,x", "a scheme with a dot"},
		{Web, longest, ""},
		{Web, longest + "x", "too long"},
	} {
		err := CheckURI(row.kind, row.uri)
		if row.reason == "" && err != nil || row.reason != "" && (err == nil || !strings.Contains(err.Error(), row.reason)) {
			t.Errorf("%s %q: %v, want %q", row.kind, row.uri, err, row.reason)
		}
	}
}

func TestHost(t *testing.T) {
	for uri, want := range map[string]struct{ host, formTarget string }{
		"https://app.example.org/callback":      {"app.example.org", "https://app.example.org"},
		"https://app.example.org:8443/callback": {"app.example.org", "https://app.example.org:8443"},
		"http://127.0.0.1:8000/callback":        {"127.0.0.1", "http://127.0.0.1:8000"},
		"http://[::1]:8000/callback":            {"::1", ""},
		"com.example.app:/callback":             {"com.example.app", "com.example.app:"},
		"com.example.app://callback":            {"com.example.app", "com.example.app:"},
		"http://%zz/":                           {"", ""},
	} {
		if got := Host(uri); got != want.host {
			t.Errorf("%s: host %q, want %q", uri, got, want.host)
		}
		if got := FormTarget(uri); got != want.formTarget {
			t.Errorf("%s: form target %q, want %q", uri, got, want.formTarget)
		}
	}
}

// OI-01, OI-02: URIs are compared as strings; only the port of a native app's loopback
// IP address may differ.
func TestApp_MayRedirectTo(t *testing.T) {
	web := App{Kind: Web, RedirectURIs: []string{"https://app.example.org/callback", "http://127.0.0.1/callback"}}
	native := App{Kind: Native, RedirectURIs: []string{"http://127.0.0.1/callback", "http://[::1]:1234/callback?x=1", "http://localhost/callback", "com.example:/callback"}}
	for _, row := range []struct {
		app  App
		uri  string
		want bool
	}{
		{web, "https://app.example.org/callback", true},
		{web, "https://app.example.org/callback/", false},
		{web, "https://app.example.org/callback?x", false},
		{web, "https://app.example.org:443/callback", false},
		{web, "https://APP.example.org/callback", false},
		{web, "https://app.example.org/%63allback", false},
		{web, "https://app.example.org/other/../callback", false},
		{web, "http://127.0.0.1:8000/callback", false},
		{web, "", false},
		{native, "http://127.0.0.1:8000/callback", true},
		{native, "http://127.0.0.1/callback", true},
		{native, "http://[::1]:8000/callback?x=1", true},
		{native, "http://[::1]/callback?x=1", true},
		{native, "http://[::1]:8000/callback", false},
		{native, "http://localhost:8000/callback", false},
		{native, "http://localhost/callback", true},
		{native, "http://127.0.0.1:8000/other", false},
		{native, "http://127.0.0.18/callback", false},
		{native, "http://127.0.0.1:0/callback", false},
		{native, "http://127.0.0.1:08000/callback", false},
		{native, "http://127.0.0.1:8000@evil.example/callback", false},
		{native, "http://127.0.0.1.evil.example/callback", false},
		{native, "http://127.0.0.1:80000/callback", false},
		{native, "http://127.0.0.1:/callback", false},
		{native, "com.example:/callback", true},
		{native, "com.example:/callback2", false},
	} {
		if got := row.app.mayRedirectTo(row.uri); got != row.want {
			t.Errorf("%s %q: %v, want %v", row.app.Kind, row.uri, got, row.want)
		}
	}
}
