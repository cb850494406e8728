package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

const proxyRules = `
wiki.example.org  GET  /public  public
wiki.example.org  *    /admin   deny
wiki.example.org  *    /        one-factor  *
`

var navigation = map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}

var webSocket = map[string]string{
	"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
}

// forged are headers with which a client could pass for another user (FA-01), or for
// another method than the one that is checked (FA-08).
var forged = map[string]string{
	"Remote-User": "mallory", "remote_user": "mallory", "Remote.User": "mallory", "REMOTE-EMAIL": "mallory", "Remote_Email": "mallory",
	"remote-name": "mallory", "Remote.Name": "mallory", "Remote-Groups": "mallory", "Remote_Groups": "mallory", "Remote-ID": "mallory",
	"remote.id": "mallory", "X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE",
	"X-Forwarded-Uri": "/public", "X-Original-URL": "/public", "X-Forwarded-Host": "other.example.org", "X-Forwarded-Method": "GET",
}

// wantIdentity checks what the app learns about the user: nothing but what the site says.
func wantIdentity(t *testing.T, got *appRequest, user string) {
	t.Helper()
	if got == nil {
		t.Fatal("the app was not reached")
	}
	for name, values := range got.Header {
		plain := strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name))
		for _, value := range values {
			isUser := (plain == "remote-user" || plain == "remote-email") && value == user
			isID := plain == "remote-id" && user != "" && len(value) > 10
			if strings.HasPrefix(plain, "remote-") && value != "" && !isUser && !isID || strings.Contains(value, "mallory") ||
				strings.HasSuffix(plain, "method-override") && value != "" || strings.Contains(value, "{http.") {
				t.Errorf("the app got %s: %s", name, value)
			}
		}
	}
	if got.Header.Get("Remote-User") != user {
		t.Errorf("Remote-User is %q, want %q", got.Header.Get("Remote-User"), user)
	}
}

// TestProxies runs an app behind each proxy with the shipped configuration (FA-01, FA-02,
// FA-07, FA-08, FA-10).
func TestProxies(t *testing.T) {
	for name, command := range proxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			site, check := startForwardAuth(t, folder, proxyRules, "--url=http://id.example.org")
			go io.Copy(io.Discard, site.errors)
			address, _, _ := strings.Cut(strings.TrimPrefix(check, "http://"), "/")
			proxy := testProxy{t: t, name: name, address: freeAddress(t), check: address, app: startApp(t, nil), folder: folder}
			proxy.start(command)
			v := visitThrough(t, site, proxy)
			checkSignedOut(t, v)
			checkSignedIn(t, v, &browserUser{t: t, folder: folder, codesRead: map[string]int{}})
			checkPaths(t, proxy)

			if err := site.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			_ = site.Wait()
			if resp, got := v.ask("GET", "/public", nil, ""); got != nil || resp.StatusCode < 500 {
				t.Errorf("while the check is down: %d", resp.StatusCode)
			}
		})
	}
}

func checkSignedOut(t *testing.T, v proxyVisitor) {
	t.Helper()
	_, got := v.ask("GET", "/public/x?y", forged, "")
	wantIdentity(t, got, "")
	for what, headers := range map[string]map[string]string{
		"fetch":     {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
		"WebSocket": webSocket,
	} {
		resp, got := v.ask("GET", "/page", headers, "")
		if got != nil || resp.StatusCode != 401 || resp.Header.Get("Location") != "" || len(resp.Cookies()) > 0 ||
			resp.Header.Get("Twostep-Sign-In") != "http://wiki.example.org/.twostep/sign-in" {
			t.Errorf("%s: %d %v", what, resp.StatusCode, resp.Header)
		}
	}
	for _, uri := range []string{"/page", "/.twostep/x", "/admin"} {
		if resp, got := v.ask("POST", uri, forged, "x"); got != nil || resp.StatusCode < 300 {
			t.Errorf("%s: %d", uri, resp.StatusCode)
		}
	}
}

func checkSignedIn(t *testing.T, v proxyVisitor, mailbox *browserUser) {
	t.Helper()
	v.signUp(mailbox, "ann@example.org")
	resp, _ := v.ask("GET", "/page?x=1&y=%2F", navigation, "")
	if resp.StatusCode != 303 || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("navigation: %d %v", resp.StatusCode, resp.Header)
	}
	v.open(strings.TrimPrefix(resp.Header.Get("Location"), v.origin)).sees(200, "Continue to wiki.example.org")
	link, _ := v.page.Find("main a").First().Attr("href")
	resp, _ = v.ask("GET", strings.TrimPrefix(link, "http://wiki.example.org"), navigation, "")
	if to := resp.Header.Get("Location"); resp.StatusCode != 303 || to != "http://wiki.example.org/page?x=1&y=%2F" {
		t.Fatalf("the callback: %d to %q", resp.StatusCode, to)
	}
	_, got := v.ask("GET", "/page", forged, "")
	wantIdentity(t, got, "ann@example.org")
	_, got = v.ask("POST", "/page", nil, "the body")
	if wantIdentity(t, got, "ann@example.org"); got.Method != "POST" || got.Body != "the body" {
		t.Errorf("the app got %+v", got)
	}
	if resp, _ := v.ask("GET", "/page", webSocket, ""); resp.StatusCode != 101 {
		t.Errorf("WebSocket: %d", resp.StatusCode)
	}
	if resp, got := v.ask("GET", "/admin", nil, ""); got != nil || resp.StatusCode != 403 {
		t.Errorf("denied path: %d", resp.StatusCode)
	}
}

// checkPaths sends spellings of a denied path as they are, without a session: none may
// reach the app.
func checkPaths(t *testing.T, proxy testProxy) {
	t.Helper()
	for _, uri := range []string{
		"/admin", "/%61dmin", "/public/../admin", "/public/%2e%2e/admin", "//admin", "/public//../admin", "/public/..;/admin", "/public%2f..%2fadmin",
		"/public\\..\\admin", "/public#/../../admin", "/ADMIN", "/admin%00", "/public/%252e%252e/admin", "http://wiki.example.org/admin", "http://other.example.org/public",
	} {
		conn, err := net.Dial("tcp", proxy.address)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, "GET "+uri+" HTTP/1.1\r\nHost: wiki.example.org\r\nConnection: close\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		if text, _ := io.ReadAll(resp.Body); strings.Contains(string(text), `"Method"`) {
			t.Errorf("%s reaches the app: %s", uri, text)
		}
		conn.Close()
	}
}
