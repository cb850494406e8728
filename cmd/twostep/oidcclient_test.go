package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// buildGoClient builds a web app that uses github.com/coreos/go-oidc and
// golang.org/x/oauth2, which know nothing of this project. It is a module of its own.
var buildGoClient = sync.OnceValues(func() (string, error) {
	client := filepath.Join(binaryFolder, "oidcclient")
	build := exec.Command("go", "build", "-o", client, ".")
	build.Dir = filepath.Join("testdata", "oidcclient")
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	out, err := build.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return client, err
})

// startGoClient registers and starts the app, and returns its client ID and address.
func startGoClient(t *testing.T, folder string, site server, flags ...string) (id, address string) {
	t.Helper()
	client, err := buildGoClient()
	if err != nil {
		t.Fatal(err)
	}
	added := addClientApp(t, folder, "Wiki", append(flags, "--kind=web", "--redirect=http://127.0.0.1/callback")...)
	app := exec.Command(client)
	app.Env = append(os.Environ(), "ISSUER="+site.origin, "CLIENT_ID="+added.ID, "CLIENT_SECRET="+added.Secret)
	app.Stderr = os.Stderr
	out, err := app.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Process.Kill(); _ = app.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address = strings.TrimSpace(line)
	setApp(t, folder, added.ID, "--redirect="+address+"/callback")
	return added.ID, address
}

func setApp(t *testing.T, folder, id string, flags ...string) {
	t.Helper()
	if out, err := program(t, folder, append([]string{"app", "set", id}, flags...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// TestProgram_GoClient signs a user in to the app, and out of it, with each algorithm (OI-29, OI-30,
// OI-41, OI-46, OI-50).
func TestProgram_GoClient(t *testing.T) {
	for _, alg := range []string{"RS256", "ES256"} {
		t.Run(alg, func(t *testing.T) {
			folder := t.TempDir()
			signInToClient(t, folder, start(t, folder, "--mail=file:mail"), alg)
		})
	}
}

func signInToClient(t *testing.T, folder string, site server, alg string) {
	v := visit(t, site)
	v.origin = site.origin
	v.signUp(&browserUser{t: t, folder: folder, codesRead: map[string]int{}}, alg+"@example.org")
	id, address := startGoClient(t, folder, site, "--alg="+alg)

	open := func(page string) (claims map[string]any) {
		t.Helper()
		resp, err := v.client.Get(page)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if strings.HasPrefix(resp.Request.URL.String(), address) {
			if err := json.NewDecoder(resp.Body).Decode(&claims); err != nil {
				t.Fatal(resp.StatusCode, err)
			}
			return claims
		}
		v.status = resp.StatusCode
		if v.page, err = goquery.NewDocumentFromReader(resp.Body); err != nil {
			t.Fatal(err)
		}
		v.page.Url = resp.Request.URL
		return nil
	}
	if claims := open(address + "/?prompt=none"); claims["error"] != "consent_required" {
		t.Errorf("prompt=none: %v", claims)
	}
	open(address)
	v.sees(200, "Continue to Wiki").press("Continue", nil).sees(200, "Back to Wiki")
	claims := open(v.page.Find("main a.button").AttrOr("href", ""))
	if claims["email"] != alg+"@example.org" || claims["email_verified"] != true || claims["acr"] != "urn:twostep:acr:1" || claims["iss"] != site.origin {
		t.Errorf("claims are %v", claims)
	}
	if again := open(address + "/?prompt=none"); again["sub"] != claims["sub"] || again["auth_time"] != claims["auth_time"] {
		t.Errorf("the second time: %v", again)
	}

	// The server is killed while it posts the logout token.
	channel := newRelay(t, address+"/logout")
	setApp(t, folder, id, "--backchannel-logout="+channel.url)
	v.open("/account").press("Sign out", nil)
	<-channel.began
	site.stop(t, syscall.SIGKILL)
	start(t, folder, "--mail=file:mail", "--url="+site.origin)
	if ended := <-channel.ended; ended["sub"] != claims["sub"] || ended["sid"] != claims["sid"] {
		t.Errorf("ended %v of %v", ended, claims)
	}
}

// A relay passes requests on to a client, all but the first one, which gets no response.
type relay struct {
	url   string
	began chan struct{}
	ended chan map[string]string // what the client has found in a token
}

func newRelay(t *testing.T, to string) *relay {
	r := &relay{began: make(chan struct{}, 1), ended: make(chan map[string]string, 9)}
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		token := req.FormValue("logout_token")
		if requests.Add(1) == 1 {
			r.began <- struct{}{}
			<-req.Context().Done()
			return
		}
		resp, err := http.PostForm(to, url.Values{"logout_token": {token}})
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		ended := map[string]string{}
		if err := json.NewDecoder(resp.Body).Decode(&ended); err != nil {
			t.Errorf("%d: %v", resp.StatusCode, err)
		}
		w.WriteHeader(resp.StatusCode)
		r.ended <- ended
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}
