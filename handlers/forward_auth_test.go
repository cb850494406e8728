package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

const wikiPage = "https://wiki.example.org/page/a%20b?x=1&y=%2F"

// Opening an app leads to signing in and back to where the browser was. Another app on
// another domain opens without signing in again (FA-02, FA-10, FA-18).
func TestForwardAuth(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	b.press("Sign out")
	if b.goTo(wikiPage) != nil {
		t.Fatal("signed out, but the app opens")
	}
	b.wantHeading("Sign in").enterCredentials(ann, password).wantHeading("Continue to wiki.example.org")
	response := b.wantApp(b.goTo(b.continueURL()), wikiPage)
	want := http.Header{"Remote-User": {ann}, "Remote-Email": {ann}, "Remote-Name": {""}, "Remote-Groups": {""}}
	for name := range want {
		if got := response.Header.Get(name); got != want.Get(name) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if id := response.Header.Get("Remote-Id"); id == "" || id == ann {
		t.Errorf("Remote-Id: %q", id)
	}
	if response := b.check(http.MethodPost, wikiPage); response.StatusCode != 200 {
		t.Errorf("post: %d", response.StatusCode)
	}
	if response := site.browser().check(http.MethodGet, "https://wiki.example.org/public/x"); response.StatusCode != 200 || response.Header.Get("Remote-User") != "" {
		t.Errorf("public: %d", response.StatusCode)
	}
	if response := b.goTo("https://bob.example.org/"); response != nil {
		t.Errorf("an app of another user: %d", response.StatusCode)
	}
	b.wantHeading("No access to bob.example.org").wantStatus(403)
	if _, err := site.rules.ChangeGroups(t.Context(), auth.Operator{}, site.accountID(ann), []string{"ops", "friends"}, nil); err != nil {
		t.Fatal(err)
	}
	response = b.wantApp(b.goTo("https://bob.example.org/"), "https://bob.example.org/")
	if got := response.Header.Get("Remote-Groups"); got != "friends,ops" {
		t.Errorf("Remote-Groups: %q", got)
	}
	if _, err := site.rules.ChangeGroups(t.Context(), auth.Operator{}, site.accountID(ann), nil, []string{"friends"}); err != nil {
		t.Fatal(err)
	}
	if response := b.check("GET", "https://bob.example.org/"); response.StatusCode != 403 {
		t.Errorf("not in the group any more: %d", response.StatusCode)
	}
	for _, host := range []string{"old.example.org", "unknown.example.org"} {
		if response := b.check(http.MethodGet, "https://"+host+"/"); response.StatusCode != 403 {
			t.Errorf("%s: %d", host, response.StatusCode)
		}
	}
}

// FA-10: what is not opened as a page is refused without a cookie or redirect.
func TestForwardAuth_Navigation(t *testing.T) {
	site := newAppSite(t)
	fetch := func(mode, dest string) func(http.Header) {
		return func(h http.Header) { h.Set("Sec-Fetch-Mode", mode); h.Set("Sec-Fetch-Dest", dest) }
	}
	plain := func(accept, requestedWith string) func(http.Header) {
		return func(h http.Header) {
			for _, name := range []string{"Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"} {
				h.Del(name)
			}
			h.Set("Accept", accept)
			if requestedWith != "" {
				h.Set("X-Requested-With", requestedWith)
			}
		}
	}
	for _, c := range []struct {
		name, method string
		change       func(http.Header)
		want         int
	}{
		{"page", "GET", fetch("navigate", "document"), 303},
		{"HEAD", "HEAD", fetch("navigate", "document"), 303},
		{"form", "POST", fetch("navigate", "document"), 303},
		{"fetch", "GET", fetch("cors", "empty"), 401},
		{"fetch of HTML", "GET", fetch("same-origin", "empty"), 401},
		{"WebSocket", "GET", fetch("websocket", "empty"), 401},
		{"manifest", "GET", fetch("cors", "manifest"), 401},
		{"image", "GET", fetch("no-cors", "image"), 401},
		{"iframe", "GET", fetch("navigate", "iframe"), 401},
		{"preflight", "OPTIONS", fetch("cors", "empty"), 401},
		{"old browser", "GET", plain("text/html", ""), 303},
		{"old browser, form", "POST", plain("text/html", ""), 401},
		{"old browser, XHR", "GET", plain("text/html", "XMLHttpRequest"), 401},
		{"curl", "GET", plain("*/*", ""), 401},
	} {
		response := site.browser().check(c.method, wikiPage, c.change)
		if response.StatusCode != c.want || len(response.Cookies()) != map[int]int{303: 1}[c.want] {
			t.Errorf("%s: %d with %d cookies, want %d", c.name, response.StatusCode, len(response.Cookies()), c.want)
		}
		if link := response.Header.Get("Twostep-Sign-In"); c.want == 401 && link != "https://wiki.example.org/.twostep/sign-in" {
			t.Errorf("%s: %q", c.name, link)
		}
	}
	b := site.browser()
	b.goTo("https://wiki.example.org/.twostep/sign-in")
	b.wantHeading("Sign in")
}

// nginx passes on 401 and 403 only: a navigation without a session gets 401 with the
// Location. The text of a refusal is no page.
func TestForwardAuth_Nginx(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	b.wantApp(b.goTo(wikiPage), wikiPage)
	b.checkPath = "/forward-auth/nginx"
	if response := b.check("GET", wikiPage); response.StatusCode != http.StatusOK || response.Header.Get("Remote-User") != ann {
		t.Errorf("signed in: %d", response.StatusCode)
	}
	stranger := site.browser()
	stranger.checkPath = b.checkPath
	if response := stranger.check("GET", wikiPage); response.StatusCode != http.StatusUnauthorized || response.Header.Get("Location") == "" {
		t.Errorf("signed out: %d, Location %q", response.StatusCode, response.Header.Get("Location"))
	}
	refused := b.check("GET", "https://old.example.org/")
	if refused.StatusCode != http.StatusForbidden {
		t.Errorf("refused: %d", refused.StatusCode)
	}
	if kind, sniff := refused.Header.Get("Content-Type"), refused.Header.Get("X-Content-Type-Options"); kind != "text/plain; charset=utf-8" || sniff != "nosniff" {
		t.Errorf("refused: Content-Type %q, X-Content-Type-Options %q", kind, sniff)
	}
}

// FA-03, FA-04, FA-05: what is missing, repeated or from elsewhere is refused, and other
// headers change nothing.
func TestForwardAuth_Headers(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	b.wantApp(b.goTo(wikiPage), wikiPage)
	for _, name := range []string{"Method", "Proto", "Host", "Uri", "For"} {
		for fault, values := range map[string][]string{"missing": nil, "empty": {""}, "repeated": {"x", "x"}} {
			if response := b.check("GET", wikiPage, func(h http.Header) { h["X-Forwarded-"+name] = values }); response.StatusCode != 403 {
				t.Errorf("X-Forwarded-%s %s: %d", name, fault, response.StatusCode)
			}
		}
	}
	for name, value := range map[string]string{
		"X-Forwarded-Proto": "http", "X-Forwarded-For": "unknown", "X-Forwarded-Host": "wiki.example.org,ops.example.net",
	} {
		if response := b.check("GET", wikiPage, func(h http.Header) { h.Set(name, value) }); response.StatusCode != 403 {
			t.Errorf("%s %s: %d", name, value, response.StatusCode)
		}
	}
	for scheme, want := range map[string]int{"https": 200, "http": 200, "wss": 200, "ws": 200, "ftp": 403} {
		if response := b.check("GET", "https://wiki.example.org/public", func(h http.Header) { h.Set("X-Forwarded-Proto", scheme) }); response.StatusCode != want {
			t.Errorf("public by %s: %d, want %d", scheme, response.StatusCode, want)
		}
	}
	stranger := site.browser()
	for name, value := range map[string]string{
		"X-Original-Url": "/public", "X-Rewrite-Url": "/public", "Forwarded": "host=old.example.org", "X-Forwarded-Prefix": "/public",
		"X-Forwarded-Server": "old.example.org", "User-Agent": "GoogleHC/1.0", "Remote-User": ann, "X-Http-Method-Override": "GET", "Host": "old.example.org",
	} {
		change := func(h http.Header) { h.Set(name, value) }
		if response := b.check("GET", wikiPage, change); response.StatusCode != 200 {
			t.Errorf("signed in, %s: %d", name, response.StatusCode)
		}
		if response := stranger.check("GET", wikiPage, change); response.StatusCode != 303 {
			t.Errorf("signed out, %s: %d", name, response.StatusCode)
		}
	}
	for peer, want := range map[string]int{"127.0.0.1:1": 200, "[::1]:1": 200, "192.0.2.1:1": 403, "10.0.0.1:1": 403, "": 403} {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081/forward-auth?x=/public", nil)
		r.RemoteAddr = peer
		r.Header = http.Header{
			"X-Forwarded-Method": {"GET"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"wiki.example.org"}, "X-Forwarded-Uri": {"/public"},
			"X-Forwarded-For": {"192.0.2.1"},
		}
		w := httptest.NewRecorder()
		if site.forwardAuth.ServeHTTP(w, r); w.Code != want {
			t.Errorf("from %s: %d, want %d", peer, w.Code, want)
		}
	}
	for _, decision := range []string{"unreadable", "foreign_peer"} { // a faulty set-up or an attack
		if len(site.log.linesWith("level=WARN", "msg=access", "decision="+decision)) == 0 {
			t.Errorf("%s: log lacks a warning", decision)
		}
	}
	if got := b.fetch(http.MethodGet, site.origin+"/forward-auth", nil); got.status != 404 {
		t.Errorf("the site itself responds with %d", got.status)
	}
}

// FA-12: a planted link signs nobody in, a code is of use once, for a minute, for its host
// and for the browser that began.
func TestForwardAuth_Code(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	mallory := site.browser().signUp("mallory@example.org")
	code := func(b *browser) string {
		t.Helper()
		b.url, _ = url.Parse(site.origin)
		return b.open(b.check("GET", wikiPage).Header.Get("Location")).wantHeading("Continue to wiki.example.org").continueURL()
	}
	signedIn := func(b *browser) bool { return b.check("POST", wikiPage).StatusCode == 200 }

	planted := code(mallory)
	b.check("GET", wikiPage) // ann's browser has begun, too
	if b.check("GET", planted).Header.Get("Location") != "https://wiki.example.org/" || signedIn(b) {
		t.Error("a planted link signs in")
	}
	if mallory.check("GET", planted); signedIn(mallory) {
		t.Error("a code is valid after another browser has used it")
	}
	stolen := code(b)
	if site.browser().check("GET", stolen).StatusCode != 403 {
		t.Error("a browser without cookies is sent round in circles")
	}
	stolen = strings.Replace(code(b), "wiki.example.org", "bob.example.org", 1)
	b.check("GET", "https://bob.example.org/") // begins there
	if b.check("GET", stolen); b.check("POST", "https://bob.example.org/").StatusCode == 200 {
		t.Error("a code is valid for another host")
	}
	late := code(b)
	site.wait(auth.HandoverLifetime + time.Second)
	if b.check("GET", late); signedIn(b) {
		t.Error("a code is valid after a minute")
	}
	valid := code(b)
	if to := b.check("GET", valid).Header.Get("Location"); to != wikiPage || !signedIn(b) {
		t.Errorf("a valid code leads to %q", to)
	}
	if to := b.check("GET", valid).Header.Get("Location"); to != "https://wiki.example.org/" || !signedIn(b) {
		t.Errorf("a used code leads to %q", to)
	}
}

// FA-17: two tabs that begin at the same time both arrive.
func TestForwardAuth_TwoTabs(t *testing.T) {
	site := newAppSite(t)
	b := site.browser()
	first, second := b.check("GET", wikiPage).Header.Get("Location"), b.check("GET", "https://wiki.example.org/2").Header.Get("Location")
	b.signUp(ann)
	first, second = b.open(first).continueURL(), b.open(second).continueURL()
	b.wantApp(b.goTo(first), wikiPage)
	b.wantApp(b.goTo(second), "https://wiki.example.org/2")
}

// FA-13: an app's cookie opens that app only.
func TestForwardAuth_OneApp(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	b.wantApp(b.goTo(wikiPage), wikiPage)
	wiki, _ := url.Parse(wikiPage)
	token := b.jar.Cookies(wiki)[0].Value
	thief := site.browser()
	for _, app := range []string{"https://ops.example.net", "https://bob.example.org"} {
		u, _ := url.Parse(app)
		thief.jar.SetCookies(u, []*http.Cookie{{Name: "__Host-twostep-app", Value: token, Path: "/", Secure: true}})
		if response := thief.check("POST", app+"/"); response.StatusCode != 303 {
			t.Errorf("%s: %d", app, response.StatusCode)
		}
	}
	site.tableRows("host_tokens", func(values []any) {
		for _, value := range values {
			if value == token {
				t.Error("the token is stored as it is")
			}
		}
	})
}

// FA-11: the page that leads to an app leads to no other address.
func TestHandover_Targets(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	begin := auth.NewToken().Hash()
	for target, want := range map[string]string{
		"https://wiki.example.org/a?b":                  "Continue to wiki.example.org",
		"https://WIKI.example.org.:443/a":               "Continue to wiki.example.org",
		"https://wiki.example.org/public":               "Continue to wiki.example.org",
		"https://bob.example.org/":                      "No access to bob.example.org",
		"https://old.example.org/":                      "No access to old.example.org",
		"https://evil.example/":                         "Page not found",
		"http://wiki.example.org/":                      "Page not found",
		"https://wiki.example.org":                      "Page not found",
		"https://wiki.example.org@evil.example/":        "Page not found",
		"https://evil.example/https://wiki.example.org": "Page not found",
		"https://wiki.example.org\\@evil.example/":      "Page not found",
		"//wiki.example.org/":                           "Page not found",
		"/":                                             "Page not found",
		"":                                              "Page not found",
	} {
		b.open("/account/handover?begin=" + begin + "&target=" + url.QueryEscape(target))
		if got := b.page.Heading(); got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
		if to := b.header.Get("Refresh"); strings.HasPrefix(want, "Continue") && !strings.HasPrefix(to, "0; url=https://wiki.example.org/.twostep/callback?code=") {
			t.Errorf("%s: leads to %s", target, to)
		}
	}
	b.open("/account/handover?target=https%3A%2F%2Fwiki.example.org%2F").wantHeading("Page not found")
	long := "https://wiki.example.org/" + strings.Repeat("%C3%BC", 500)
	site.browser().signUp("bob@example.org").open(site.browser().check("GET", long).Header.Get("Location")).wantHeading("Continue to wiki.example.org")
}

// An account gets sixty codes a minute.
func TestHandover_Limit(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	page := b.check("GET", wikiPage).Header.Get("Location")
	for range 60 {
		b.open(page).wantHeading("Continue to wiki.example.org")
	}
	b.open(page).wantStatus(429)
	site.wait(time.Minute)
	b.open(page).wantHeading("Continue to wiki.example.org")
}
