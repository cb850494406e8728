package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzCheck: without a session or a public rule no input passes (FA-04), and every
// redirect leads to the site, with an app in the rules as its target (FA-11).
func FuzzCheck(f *testing.F) {
	f.Add("GET", "https", "wiki.example.org", "/x?y", "192.0.2.1", "__Host-twostep-app=x", "navigate", "text/html")
	f.Add("GET", "https", "ops.example.net", "/.twostep/callback?code=x", "192.0.2.1", "", "navigate", "")
	f.Add("POST", "http", "evil.example", "//evil.example/\\", "x", "a=b", "", "text/html")
	f.Add("GET", "https", "wiki.example.org", "/public?../x", "192.0.2.1", "", "navigate", "")
	f.Add("GET", "wss", "WIKI.example.org:443", "/public#/../x", "::1, 192.0.2.1", "", "cors", "")
	f.Add("GET", "https", "wiki.example.org", "/public/..0", "192.0.2.1", "", "navigate", "") // a name like others
	f.Add("GET", "https", "wiki.example.org", "@evil.example/", "192.0.2.1", "", "navigate", "")
	site := newSiteIn(f, f.TempDir())
	site.accessRules = accessRules
	site.restart()
	f.Fuzz(func(t *testing.T, method, proto, host, uri, client, cookie, mode, accept string) {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081/forward-auth", nil)
		r.RemoteAddr = "127.0.0.1:4711"
		for name, value := range map[string]string{
			"X-Forwarded-Method": method, "X-Forwarded-Proto": proto, "X-Forwarded-Host": host, "X-Forwarded-Uri": uri,
			"X-Forwarded-For": client, "Cookie": cookie, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": "document", "Accept": accept,
		} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		site.forwardAuth.ServeHTTP(w, r)
		switch to := w.Header().Get("Location"); {
		case w.Code == 200:
			path, _, _ := strings.Cut(uri, "?")
			if !strings.HasPrefix(path, "/public") && !strings.Contains(path, "%") || strings.Contains(path+"/", "../") {
				t.Errorf("%s %s%s passes", method, host, uri)
			}
		case w.Code == 303:
			wantOwnRedirect(t, to)
		case to != "":
			t.Errorf("%d leads to %q", w.Code, to)
		}
	})
}

// wantOwnRedirect checks that a redirect leads to the site or, after a handover that
// failed, to the app; and its target to an app in the rules.
func wantOwnRedirect(t *testing.T, to string) {
	t.Helper()
	apps := map[string]bool{"wiki.example.org": true, "ops.example.net": true, "bob.example.org": true, "old.example.org": true}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "https" || u.User != nil || strings.ContainsAny(to, "\\\r\n #\"") {
		t.Fatalf("leads to %q, %v", to, err)
	}
	if apps[u.Host] && u.Path == "/" {
		return
	}
	if u.Host != "id.example.org" || u.Path != "/account/handover" && u.Path != "/account" {
		t.Fatalf("leads to %q", to)
	}
	if u.Path == "/account" {
		return
	}
	target, err := url.Parse(u.Query().Get("target"))
	if err != nil && !strings.Contains(u.Query().Get("target"), "%") {
		t.Errorf("the target is %q: %v", u.Query().Get("target"), err)
	}
	if err == nil && (target.Scheme != "https" || !apps[target.Host] || target.User != nil) {
		t.Errorf("the target is %s", target)
	}
	if rest, ok := strings.CutPrefix(u.Query().Get("target"), "https://"); !ok || !apps[rest[:max(0, strings.IndexByte(rest, '/'))]] {
		t.Errorf("the target is %q", u.Query().Get("target"))
	}
}
