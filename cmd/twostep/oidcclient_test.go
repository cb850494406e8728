package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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

// startGoClient registers and starts the app, and returns its URL.
func startGoClient(t *testing.T, folder string, site server, flags ...string) (url string) {
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
	if url, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	url = strings.TrimSpace(url)
	if out, err := program(t, folder, "app", "set", added.ID, "--redirect="+url+"/callback").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return url
}

// TestProgram_GoClient signs a user in to the app, with each algorithm (OI-29, OI-30, OI-41, OI-46).
func TestProgram_GoClient(t *testing.T) {
	folder := t.TempDir()
	site := start(t, folder, "--mail=file:mail")
	for _, alg := range []string{"RS256", "ES256"} {
		t.Run(alg, func(t *testing.T) { signInToClient(t, folder, site, alg) })
	}
}

func signInToClient(t *testing.T, folder string, site server, alg string) {
	v := visit(t, site)
	v.origin = site.origin
	v.signUp(&browserUser{t: t, folder: folder, codesRead: map[string]int{}}, alg+"@example.org")
	url := startGoClient(t, folder, site, "--alg="+alg)
	open := func(address string) (claims map[string]any) {
		t.Helper()
		resp, err := v.client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if strings.HasPrefix(resp.Request.URL.String(), url) {
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
	if claims := open(url + "/?prompt=none"); claims["error"] != "consent_required" {
		t.Errorf("prompt=none: %v", claims)
	}
	open(url)
	v.sees(200, "Continue to Wiki").press("Continue", nil).sees(200, "Back to Wiki")
	claims := open(v.page.Find("main a.button").AttrOr("href", ""))
	if claims["email"] != alg+"@example.org" || claims["email_verified"] != true || claims["acr"] != "urn:twostep:acr:1" || claims["iss"] != site.origin {
		t.Errorf("claims are %v", claims)
	}
	if again := open(url + "/?prompt=none"); again["sub"] != claims["sub"] || again["auth_time"] != claims["auth_time"] {
		t.Errorf("the second time: %v", again)
	}
}
