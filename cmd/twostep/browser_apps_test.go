package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"
)

// TestBrowser_Apps signs a user in to apps in Chromium, which follows no redirect to another
// origin after a form: to a web app with scripts disabled, and to a single-page app that
// uses oidc-client-ts (OI-02, OI-13, OI-43, OI-45, OI-49).
func TestBrowser_Apps(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	folder := t.TempDir()
	site := start(t, folder, "--mail=file:mail")
	window := func(t *testing.T, email string) *browserUser {
		return &browserUser{t: t, email: email, width: 1280, height: 800, folder: folder, origin: site.origin, codesRead: map[string]int{}}
	}
	t.Run("without scripts", func(t *testing.T) {
		p := window(t, "ann@example.org")
		_, wiki := startGoClient(t, folder, site)
		p.openWindow(chromium)
		p.visitApp(wiki).sees("Sign in").follow("Sign up").signUp().sees("Continue to Wiki")
		p.pressTo("Continue", wiki).readsApp(`"email":"ann@example.org"`)
		p.visitApp(wiki + "/?prompt=login").sees("Verification required")
		p.fill("Password", visitorPassword).pressTo("Continue", wiki).readsApp(`"email":"ann@example.org"`)
		p.visitApp(wiki + "/?prompt=consent").sees("Continue to Wiki")
		p.pressTo("Cancel", wiki).readsApp("access_denied")
		p.visitApp(wiki).readsApp(`"email":"ann@example.org"`) // neither asked again

		for _, host := range []string{"127.0.0.1", "[::1]"} {
			app := serveNative(t, host)
			if app == "" {
				continue
			}
			id := addClientApp(t, folder, "Notes", "--kind=native", "--redirect=http://"+host+"/callback").ID
			p.visitApp(authorizeURL(site, id, app+"/callback")).sees("Continue to Notes")
			if code := p.pressTo("Continue", app).text("body"); len(code) < 22 {
				t.Errorf("the native app gets the code %q", code)
			}
		}

		private := addClientApp(t, folder, "Notes", "--kind=native", "--redirect=org.example.notes:/callback").ID
		p.visitApp(authorizeURL(site, private, "org.example.notes:/callback")).sees("Continue to Notes")
		p.focus(`//button[.="Continue"]`)
		p.key(input.Enter)
		for redirects := 0; redirects < 2; { // that to 127.0.0.1, and this one
			line, err := site.errors.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(line, "/account/continue/") && strings.Contains(line, "POST") && strings.Contains(line, `"status":303`) {
				redirects++
			}
		}
		p.visitApp(site.origin + "/account").sees("Account") // and the policy has not blocked the redirect, which openWindow checks
	})
	t.Run("oidc-client-ts", func(t *testing.T) {
		needNodeClients(t)
		p, notes := window(t, "bob@example.org"), serveSPA(t, folder, site)
		p.scripts = true
		p.openWindow(chromium)
		p.visitApp(notes).waitForText("Signed out")
		p.pressTo("Sign in", site.origin).sees("Sign in").follow("Sign up").signUp().sees("Continue to Notes")
		p.pressTo("Continue", notes).waitForText("Signed in as bob@example.org")
		token := p.eval(`() => document.documentElement.dataset.token`)
		p.focus(`//button[.="Renew"]`)
		p.key(input.Enter)
		p.waitUntil("the tokens are renewed", time.Minute, `() => {
			const now = document.documentElement.dataset.token;
			return now !== "" && now !== "`+token+`" ? "yes" : ""
		}`)
		p.pressTo("Sign out", notes).waitForText("Signed out")
		p.pressTo("Sign in", site.origin).sees("Sign in")
	})
}

// authorizeURL is the request of a native app.
func authorizeURL(site server, id, redirect string) string {
	return site.origin + "/oauth/authorize?" + url.Values{
		"client_id": {id}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {strings.Repeat("c", 43)}, "code_challenge_method": {"S256"},
	}.Encode()
}

// serveNative serves the redirect URI of a native app, which shows the code, at a loopback
// address, and returns its origin. It is empty if the machine has no such address.
func serveNative(t *testing.T, host string) string {
	t.Helper()
	listener, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Logf("NOT CHECKED: this machine has no address %s: %v", host, err)
		return ""
	}
	app := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Query().Get("code")) }))
	app.Listener.Close()
	app.Listener = listener
	app.Start()
	t.Cleanup(app.Close)
	return app.URL
}

// serveSPA serves the page of a single-page app, registers it, and returns its URL.
func serveSPA(t *testing.T, folder string, site server) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(nodeClients, "spa.html"))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	app := httptest.NewServer(mux)
	t.Cleanup(app.Close)
	id := addClientApp(t, folder, "Notes", "--kind=spa", "--redirect="+app.URL+"/", "--post-logout="+app.URL+"/").ID
	page = bytes.ReplaceAll(page, []byte("http://localhost:8080"), []byte(site.origin))
	page = bytes.ReplaceAll(page, []byte("CLIENT_ID"), []byte(id))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { w.Write(page) })
	mux.Handle("/node_modules/", http.FileServer(http.Dir(nodeClients)))
	return app.URL
}

// signUp creates an account from the page "Sign up".
func (p *browserUser) signUp() *browserUser {
	p.t.Helper()
	p.sees("Sign up").fill("Email address", p.email).fill("Password", visitorPassword).press("Continue").sees("Verify your email")
	return p.fill("Code", p.code("mail", p.email)).press("Verify")
}

// visitApp opens a URL of an app.
func (p *browserUser) visitApp(url string) *browserUser {
	p.t.Helper()
	p.check(p.page.Navigate(url))
	return p.loaded()
}

// pressTo presses a button and waits until the browser is at another origin.
func (p *browserUser) pressTo(button, origin string) *browserUser {
	p.t.Helper()
	p.focus(`//button[` + named + button + `"]`)
	p.key(input.Enter)
	p.waitUntil("the browser is at "+origin, time.Minute, `() => location.origin === "`+origin+`" && document.readyState === "complete" ? "yes" : ""`)
	return p
}

// readsApp checks the text of an app's page, which is not HTML.
func (p *browserUser) readsApp(want string) *browserUser {
	p.t.Helper()
	if text := p.text("body"); !strings.Contains(text, want) {
		p.t.Fatalf("the app does not say %q: %s", want, text)
	}
	return p
}

func (p *browserUser) waitForText(want string) *browserUser {
	p.t.Helper()
	p.waitUntil("the app says "+want, time.Minute, `() => document.getElementById("user").textContent === "`+want+`" ? "yes" : ""`)
	return p
}
