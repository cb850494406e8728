package oidc

import (
	"encoding/base64"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// FuzzRedirectURI: an app is returned to at a registered URI only. Of one at the loopback
// interface the port may differ, and nothing else, as any parser reads it (OI-01, OI-02, OI-03).
func FuzzRedirectURI(f *testing.F) {
	for _, row := range [][2]string{
		{"http://127.0.0.1/callback", "http://127.0.0.1:4711/callback"},
		{"http://[::1]:1/?x", "http://[::1]:65535/?x"},
		{"http://127.0.0.1/", "http://127.0.0.1:80@evil.example/"},
		{"http://127.0.0.1/", `http://127.0.0.1:80\@evil.example/`},
		{"http://127.0.0.1", "http://127.0.0.1.evil.example"},
		{"com.example:/callback", "com.example:/callback?x"},
		{"https://wiki.example/callback", "https://wiki.example/callback"},
		{"http://127.0.0.1/", "http://127.0.0.1:0x50/"},
		{"http://127.0.0.1?", "http://127.0.0.1:08?"},
	} {
		f.Add(row[0], row[1])
	}
	f.Fuzz(func(t *testing.T, registered, asked string) {
		for _, kind := range []AppKind{Web, SPA, Native} {
			if CheckURI(kind, registered) != nil {
				continue
			}
			app := App{Kind: kind, RedirectURIs: []string{registered}}
			if !app.mayRedirectTo(registered) {
				t.Fatalf("%s app with %q may not redirect to it", kind, registered)
			}
			r, err := url.Parse(registered)
			if err != nil || strings.ToLower(r.Scheme) == "javascript" || r.Scheme == "data" {
				t.Fatalf("registered %q, %v", registered, err)
			}
			if !app.mayRedirectTo(asked) || asked == registered {
				continue
			}
			a, err := url.Parse(asked)
			if kind != Native || err != nil {
				t.Fatalf("%s app with %q may redirect to %q, %v", kind, registered, asked, err)
			}
			ip, err := netip.ParseAddr(a.Hostname())
			if err != nil || !ip.IsLoopback() || a.Scheme != "http" || a.User != nil || a.Hostname() != r.Hostname() || a.RequestURI() != r.RequestURI() || a.Fragment != "" || CheckURI(kind, asked) != nil {
				t.Fatalf("app with %q may redirect to %q", registered, asked)
			}
		}
	})
}

// FuzzParams: whatever an app asks for is refused with a code for the app, or leads to
// parameters that meet what is required of each app (OI-05, OI-06, OI-07).
func FuzzParams(f *testing.F) {
	challenge := strings.Repeat("c", 43)
	f.Add("response_type=code&scope=openid&code_challenge_method=S256&code_challenge="+challenge, false)
	f.Add("response_type=code&scope=openid+email&nonce=n&prompt=login+consent&max_age=60&acr_values=x+"+ACRTwoFactors, true)
	f.Add("response_type=token&scope=openid&request=x&request_uri=y&prompt=none&response_mode=query", false)
	f.Add("response_type=code&scope=openid&code_challenge_method=plain&state=%ff&max_age=99999999999999999999&x=1&x=2", true)
	f.Fuzz(func(t *testing.T, raw string, withoutPKCE bool) {
		query, _ := url.ParseQuery(raw)
		query = given(query)
		p, err := parseParams(App{Kind: Web, WithoutPKCE: withoutPKCE}, query)
		if err != nil {
			refused, ok := err.(*Error)
			if !ok || refused.Code == "" || strings.ContainsAny(refused.Explanation, "\"\\\r\n") {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		if query.Get("response_type") != "code" || !p.Has(ScopeOpenID) || query.Has("request") || query.Has("request_uri") {
			t.Fatalf("%q leads to %+v", raw, p)
		}
		if (p.Challenge == "" || query.Get("code_challenge_method") != "S256") && (!withoutPKCE || p.Nonce == "") {
			t.Fatalf("%q does without PKCE: %+v", raw, p)
		}
		if p.PromptNone && (p.PromptLogin || p.PromptConsent) || p.MaxAge != nil && *p.MaxAge < 0 {
			t.Fatalf("%q leads to %+v", raw, p)
		}
	})
}

// FuzzCredentials: reading the credentials of an app finds nothing that the request does not
// have, and never two at once (OI-17).
func FuzzCredentials(f *testing.F) {
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	f.Add(basic("app:secret"), "")
	f.Add("", "client_id=app&client_secret=secret")
	f.Add(basic("app:%73ecret"), "client_id=app")
	f.Add(basic("app:secret"), "client_secret=other")
	f.Add("basic x:y", "client_id=&client_id=app")
	f.Add(basic("%zz"), "%zz")
	f.Fuzz(func(t *testing.T, header, raw string) {
		form, _ := url.ParseQuery(raw)
		id, secret, err := Credentials{Header: header, Form: form}.read()
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("%q and %q: %v", header, raw, err)
			}
			return
		}
		if header == "" {
			if id != form.Get("client_id") || secret != form.Get("client_secret") || id == "" {
				t.Fatalf("%q is read as %q and %q", raw, id, secret)
			}
			return
		}
		if form.Get("client_secret") != "" || form.Get("client_id") != "" && form.Get("client_id") != id {
			t.Fatalf("%q and %q are read as %q and %q", header, raw, id, secret)
		}
		again, secretAgain, err := Credentials{Header: basic(url.QueryEscape(id) + ":" + url.QueryEscape(secret))}.read()
		if err != nil || again != id || secretAgain != secret {
			t.Fatalf("%q and %q are read as %q and %q, %v", id, secret, again, secretAgain, err)
		}
	})
}
