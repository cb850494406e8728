package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

const nodeClients = "testdata/nodeclients"

// needNodeClients skips the test without Node.js and the packages of the clients, or fails
// it if CI=true.
func needNodeClients(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("node")
	if _, missing := os.Stat(filepath.Join(nodeClients, "node_modules")); err == nil {
		err = missing
	}
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("NOT CHECKED: %v; run .ci/clients", err)
	}
	if err != nil {
		t.Skipf("NOT CHECKED: %v; run .ci/clients", err)
	}
}

// A clientApp is a registered app.
type clientApp struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// addClientApp registers an app by the command line.
func addClientApp(t *testing.T, folder, name string, flags ...string) (app clientApp) {
	t.Helper()
	out, err := program(t, folder, append([]string{"app", "add", name, "--json"}, flags...)...).Output()
	if err != nil || json.Unmarshal(out, &app) != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return app
}

// receiveLogoutToken returns a URL that a logout token can be posted to, and read from.
func receiveLogoutToken(t *testing.T) string {
	t.Helper()
	var token atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			token.Store(r.FormValue("logout_token"))
		} else if received, ok := token.Load().(string); ok {
			io.WriteString(w, received)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// TestProgram_NodeClients signs users in with openid-client, by the modules of the OpenID
// conformance plans, and with AppAuth (OI-02, OI-05, OI-10, OI-17, OI-23, OI-27, OI-29, OI-30, OI-33,
// OI-34, OI-38, OI-39, OI-40, OI-46, OI-49, OI-50). Neither knows anything of this project.
func TestProgram_NodeClients(t *testing.T) {
	t.Parallel() // as TestBrowser is: it waits for seconds to pass
	needNodeClients(t)
	folder := t.TempDir()
	site := start(t, folder, "--mail=file:mail", "--trusted-proxies=127.0.0.1")
	go io.Copy(io.Discard, site.errors) // the log is longer than a pipe holds
	v := visit(t, site)
	v.origin = site.origin
	v.signUp(&browserUser{t: t, folder: folder, codesRead: map[string]int{}}, "ann@example.org")
	const redirect = "--redirect=https://wiki.example/callback"
	backchannel := receiveLogoutToken(t)
	settings, err := json.Marshal(map[string]any{
		"backchannel": backchannel, "issuer": site.origin, "email": "ann@example.org", "password": visitorPassword, "apps": map[string]clientApp{
			"web": addClientApp(t, folder, "Wiki", "--kind=web", "--trusted", redirect, "--post-logout=https://wiki.example/bye"),
			"exempt": addClientApp(t, folder, "Old wiki", "--kind=web", "--trusted", "--without-pkce", "--alg=ES256", redirect,
				"--post-logout=https://wiki.example/bye", "--backchannel-logout="+backchannel),
			"other":  addClientApp(t, folder, "Forum", "--kind=web", redirect),
			"native": addClientApp(t, folder, "Notes", "--kind=native", "--redirect=http://127.0.0.1/callback"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, "node", "run.mjs")
	run.Dir = nodeClients
	run.Env = append(os.Environ(), "SETTINGS="+string(settings))
	var stderr bytes.Buffer
	run.Stderr = &stderr
	out, err := run.Output()
	if err != nil || len(out) == 0 {
		t.Errorf("%v: %s", err, &stderr)
	}
	for line := range bytes.Lines(out) {
		var module struct{ Name, Error string }
		if err := json.Unmarshal(line, &module); err != nil {
			t.Fatalf("printed %s", line)
		}
		t.Run(module.Name, func(t *testing.T) {
			if module.Error != "" {
				t.Error(module.Error)
			}
		})
	}
}
