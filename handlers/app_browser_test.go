package handlers_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"twostep/auth"
)

const accessRules = `
wiki.example.org  GET  /public  public
wiki.example.org  *    /        one-factor                *
ops.example.net   *    /admin   two-factor within 5m      ann@example.org
ops.example.net   *    /        two-factor                *
bob.example.org   *    /        one-factor                bob@example.org group:friends
old.example.org   *    /        deny
api.example.org   POST /        two-factor within 5m      *
api.example.org   *    /        one-factor                *
`

func newAppSite(t *testing.T, changes ...func(*auth.Policy)) *testSite {
	t.Helper()
	site := newSite(t)
	site.accessRules = accessRules
	site.restart(changes...)
	return site
}

// check asks about a request of the browser to an app, as a proxy would.
func (b *browser) check(method, app string, changes ...func(http.Header)) *http.Response {
	b.t.Helper()
	u, err := url.Parse(app)
	if err != nil {
		b.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081"+cmp.Or(b.checkPath, "/forward-auth"), nil)
	r.RemoteAddr = "127.0.0.1:4711"
	if b.ctx != nil {
		r = r.WithContext(b.ctx)
	}
	client, _, _ := strings.Cut(b.remoteAddr, ":")
	for name, value := range map[string]string{
		"X-Forwarded-Method": method, "X-Forwarded-Proto": u.Scheme, "X-Forwarded-Host": u.Host, "X-Forwarded-Uri": u.RequestURI(),
		"X-Forwarded-For": client, "Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
	} {
		r.Header.Set(name, value)
	}
	for _, c := range b.jar.Cookies(u) {
		r.AddCookie(c)
	}
	for _, change := range changes {
		change(r.Header)
	}
	recorder := httptest.NewRecorder()
	b.site.forwardAuth.ServeHTTP(recorder, r)
	response := recorder.Result()
	if b.checkPath == "" { // nginx gets other answers
		b.site.wantAnswer(response)
	}
	b.jar.SetCookies(u, response.Cookies())
	return response
}

// wantAnswer checks what is true of every answer (FA-02, FA-18).
func (site *testSite) wantAnswer(r *http.Response) {
	site.t.Helper()
	cookies := r.Header["Set-Cookie"]
	if r.Header.Get("Cache-Control") != "no-store" || len(cookies) > 1 || len(cookies) > 0 && r.StatusCode != 303 || r.ContentLength > 1000 {
		site.t.Errorf("answer %d: %v", r.StatusCode, r.Header)
	}
	for _, cookie := range cookies {
		if !strings.HasPrefix(cookie, "__Host-twostep-app=") || !strings.HasSuffix(cookie, "; Path=/; HttpOnly; Secure; SameSite=Lax") {
			site.t.Errorf("cookie: %s", cookie)
		}
	}
	for _, name := range []string{"User", "Email", "Name", "Groups", "Id"} {
		if _, has := r.Header["Remote-"+name]; has != (r.StatusCode == 200) {
			site.t.Errorf("answer %d, Remote-%s: %t", r.StatusCode, name, has)
		}
	}
	if r.Header.Get("Location") != "" != (r.StatusCode == 303) || r.Header.Get("Twostep-Sign-In") != "" != (r.StatusCode == 401) {
		site.t.Errorf("answer %d: %v", r.StatusCode, r.Header)
	}
}

// goTo opens a URL of an app and follows redirects between it and the site. It returns the
// app's last answer, or nil if the browser ends on a page of the site.
func (b *browser) goTo(app string) *http.Response {
	b.t.Helper()
	for range 10 {
		response := b.check(http.MethodGet, app)
		to := response.Header.Get("Location")
		switch {
		case to == "":
			b.url, _ = url.Parse(app)
			return response
		case strings.HasPrefix(to, b.site.origin+"/"):
			b.url, _ = url.Parse(b.site.origin)
			if b.open(to); !strings.HasPrefix(b.page.Heading(), "Continue to ") {
				return nil
			}
			app = b.continueURL()
		default:
			app = to
		}
	}
	b.t.Fatalf("%s: too many redirects", app)
	return nil
}

// continueURL is where the page that leads to an app goes by itself, and by its link.
func (b *browser) continueURL() string {
	b.t.Helper()
	app, ok := strings.CutPrefix(b.header.Get("Refresh"), "0; url=")
	if link := b.link("Continue").AttrOr("href", ""); !ok || link != app {
		b.t.Fatalf("Refresh: %q, link: %q", b.header.Get("Refresh"), link)
	}
	return app
}

// wantApp checks that the browser reaches an app at a URL.
func (b *browser) wantApp(response *http.Response, at string) *http.Response {
	b.t.Helper()
	if response == nil {
		b.t.Fatalf("on the page %q instead of %s:\n%s", b.page.Heading(), at, b.text())
	}
	if response.StatusCode != 200 || b.url.String() != at {
		b.t.Fatalf("%d at %s, want 200 at %s", response.StatusCode, b.url, at)
	}
	return response
}
