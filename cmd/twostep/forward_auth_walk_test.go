package main

import (
	"bufio"
	"crypto/tls"
	"flag"
	"html/template"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const walkRules = `
wiki.example.org  *  /       one-factor              *
ops.example.net   *  /admin  two-factor within 10m   *
ops.example.net   *  /       two-factor              *
`

// siteProxies start a proxy with the shipped configurations of the site and of an app,
// the latter for two hosts in different domains.
var siteProxies = map[string]func(p testProxy) *exec.Cmd{
	"nginx": func(p testProxy) *exec.Cmd {
		site := strings.Replace(p.config("../nginx.conf", "listen 80;", "listen unix:http.sock;"), "127.0.0.1:8080", p.site, 1)
		wiki := p.config("nginx.conf", "443 ssl", p.address+" ssl")
		site = strings.Replace(site, "443 ssl", p.address+" ssl", 1)
		_, ops, _ := strings.Cut(wiki, "server {\n    listen")
		all := site + wiki + "server {\n    listen" + strings.ReplaceAll(ops, "wiki.example.org", "ops.example.net")
		all = regexp.MustCompile(`/etc/ssl/[a-z.]+\.(pem|key)`).ReplaceAllString(all, p.folder+"/cert.$1")
		p.write("nginx.conf", nginxFrame(all))
		return exec.Command("nginx", "-p", p.folder, "-c", filepath.Join(p.folder, "nginx.conf"))
	},
	"caddy": func(p testProxy) *exec.Cmd {
		site := strings.Replace(p.config("../Caddyfile", "", ""), "127.0.0.1:8080", p.site, 1)
		wiki := p.config("Caddyfile", "", "")
		_, ops, _ := strings.Cut(wiki, "wiki.example.org {") // the snippet is there once
		all := site + wiki + "ops.example.net {" + ops
		_, port, _ := net.SplitHostPort(p.address)
		all = regexp.MustCompile(`(?m)^([a-z]+\.example\.\w+) \{`).ReplaceAllString(all, "https://$1:"+port+" {\n\tbind 127.0.0.1\n\ttls cert.pem cert.key")
		return p.caddy(all)
	},
}

var inFirefox = flag.Bool("firefox", false, "walk through forward auth in Firefox, too, which takes longer")

// TestForwardAuth_Browsers opens apps behind nginx and Caddy in browsers that run no
// scripts (FA-19): the first visit, a path that demands a recent second factor, signing
// out of all apps, and what is no page.
func TestForwardAuth_Browsers(t *testing.T) {
	chromium := startChromium(t)
	for name, command := range siteProxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWalk(t, name, command)
			w.window = openChromiumWindow(t, chromium, w.network)
			w.walk()
		})
		t.Run(name+" in Firefox", func(t *testing.T) {
			if !*inFirefox {
				t.Skip("make firefox runs it")
			}
			w := startWalk(t, name, command)
			w.window = startFirefox(t, w.network)
			w.walk()
		})
	}
}

// A walk is a user of the site and of two apps behind a proxy.
type walk struct {
	window
	t       *testing.T
	folder  string
	network string // address of a forward proxy that knows the hosts
	proxy   string
}

func startWalk(t *testing.T, name string, command func(testProxy) *exec.Cmd) walk {
	folder := t.TempDir()
	makeCertificate(t, folder)
	site, check := startForwardAuth(t, folder, walkRules, "--url=https://id.example.org", "--trusted-proxies=127.0.0.1")
	go io.Copy(io.Discard, site.errors)
	address, _, _ := strings.Cut(strings.TrimPrefix(check, "http://"), "/")
	proxy := testProxy{t: t, name: name, address: freeAddress(t), check: address, app: startApp(t, showWiki), site: site.address, folder: folder}
	proxy.start(command)
	return walk{t: t, folder: folder, proxy: proxy.address, network: startNetwork(t, proxy.address)}
}

func (w walk) walk() {
	const page, admin = "https://wiki.example.org/page/a%20b?x=1&y=%2F", "https://ops.example.net/admin/users?sort=name"
	mailbox := &browserUser{t: w.t, folder: w.folder, codesRead: map[string]int{}}
	w.goTo(page).sees("Sign in").press("a", "Sign up").sees("Sign up")
	w.enter("Email address", "Ann@Example.org").enter("Password", visitorPassword).press("button", "Continue").sees("Verify your email")
	w.enter("Code", mailbox.code("mail", "Ann@Example.org")).press("button", "Verify").sees("Wiki of ann@example.org").at(page)

	w.enter("Text", "hello").press("button", "Save").sees("Saved hello").at("https://wiki.example.org/save")
	wiki := w.cookies()
	if status := w.ask("GET", page, webSocket, wiki); status != 101 {
		w.t.Errorf("WebSocket: %d", status)
	}
	if status := w.ask("GET", page, webSocket, ""); status != 401 {
		w.t.Errorf("WebSocket without a cookie: %d", status)
	}
	if status := w.ask("POST", "https://ops.example.net/", nil, wiki); status != 401 {
		w.t.Errorf("another app by the cookie of this one: %d", status)
	}

	w.goTo(admin).sees("Set up two-step verification").press("a", "Authenticator application").sees("Add TOTP MFA")
	app := appCodes{key: strings.ReplaceAll(w.text(".key code"), " ", ""), next: time.Now()}
	w.press("button", "Verify").sees("Verify TOTP")
	w.enter("Enter the code from your authentication app", app.code(w.t)).press("button", "Verify code").sees("Backup codes")
	codes := strings.Fields(w.text(".codes"))
	w.press("button", "Finish").sees("Success!").press("a", "Continue").sees("Wiki of ann@example.org").at(admin)
	w.forgetFactor()
	w.goTo("https://ops.example.net/").sees("Wiki of ann@example.org")
	w.goTo(admin).sees("Verification required").enter("Code", app.code(w.t)).press("button", "Verify").sees("Wiki of ann@example.org").at(admin)
	ops := w.cookies()

	w.press("a", "Sign out").sees("Account").press("button", "Sign out").sees("Sign in")
	for url, cookies := range map[string]string{page: wiki, admin: ops} {
		w.goTo(url).sees("Sign in")
		for _, headers := range []map[string]string{nil, webSocket} {
			if status := w.ask("GET", url, headers, cookies); status != 401 {
				w.t.Errorf("after sign-out %s: %d", url, status)
			}
		}
	}
	w.goTo(page).sees("Sign in").enter("Email address", "ann@example.org").enter("Password", visitorPassword).press("button", "Continue")
	w.sees("Verify your account").enter("Code", codes[0]).press("button", "Verify").sees("Wiki of ann@example.org").at(page)
}

// until polls until a condition holds.
func (w walk) until(what string, condition func() bool) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if condition() {
			return
		}
	}
	w.t.Fatalf("timeout: %s: at %s:\n%s", what, w.url(), w.text("body"))
}

func (w walk) goTo(url string) walk {
	w.t.Helper()
	w.open(url)
	return w
}

func (w walk) sees(h1 string) walk {
	w.t.Helper()
	w.until("the heading is "+h1, func() bool { return w.text("h1") == h1 })
	return w
}

func (w walk) at(url string) walk {
	w.t.Helper()
	w.until("the URL is "+url, func() bool { return w.url() == url })
	return w
}

func (w walk) enter(label, value string) walk {
	w.t.Helper()
	w.until("there is a field "+label, func() bool {
		return w.fill(`//input[@id=//label[`+named+label+`"]/@for]`, value)
	})
	return w
}

// press activates the element with this tag and text, a button or a link. A link may
// have a description below its text.
func (w walk) press(tag, name string) walk {
	w.t.Helper()
	w.until("there is "+name, func() bool {
		return w.click(`//` + tag + `[` + named + name + `" or .//*[` + named + name + `"]]`)
	})
	return w
}

// ask sends a request that is not a navigation.
func (w walk) ask(method, url string, headers map[string]string, cookies string) int {
	w.t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	conn, err := tls.Dial("tcp", w.proxy, &tls.Config{ServerName: r.URL.Hostname(), InsecureSkipVerify: true}) //nolint:gosec // the test's own certificate
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	if err := r.Write(conn); err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode
}

// forgetFactor makes the second factor older than the rules accept.
func (w walk) forgetFactor() {
	w.t.Helper()
	execSQL(w.t, w.folder, "", `UPDATE sessions SET mfa_at = mfa_at - 660000`)
}

var wikiPage = template.Must(template.New("").Parse(`<!DOCTYPE html><html lang="en"><title>Wiki</title><h1>{{.}}</h1>
<script>document.querySelector("h1").textContent = "Scripts run"</script>
<form method="post" action="/save"><label for="text">Text</label><input id="text" name="text"><button>Save</button></form>
<a href="/.twostep/sign-out">Sign out</a></html>`))

func showWiki(w http.ResponseWriter, r *http.Request) {
	h1 := "Wiki of " + r.Header.Get("Remote-User")
	if r.Method == http.MethodPost {
		h1 = "Saved " + r.PostFormValue("text")
	}
	_ = wikiPage.Execute(w, h1)
}
