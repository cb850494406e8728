package main

import (
	"bufio"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"twostep/cmd/twostep/internal/cmdtest"
)

var forwardAuthURL = regexp.MustCompile(`^Forward auth: (http://\S+/forward-auth)\n$`)

// startForwardAuth starts a server with these access rules and returns the URL of its check.
func startForwardAuth(t *testing.T, folder, rules string, flags ...string) (p server, check string) {
	t.Helper()
	cmdtest.WriteFile(t, filepath.Join(folder, "rules"), rules)
	p = start(t, folder, append([]string{"--mail=file:mail", "--forward-auth=127.0.0.1:0", "--access-rules=rules"}, flags...)...)
	return p, readForwardAuthURL(t, p.errors).String()
}

func readForwardAuthURL(t *testing.T, output *bufio.Reader) *url.URL {
	t.Helper()
	u, err := url.Parse(readMatch(t, output, forwardAuthURL))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// readMatch reads the output up to a line that matches, and returns the group in it.
func readMatch(t *testing.T, output *bufio.Reader, pattern *regexp.Regexp) string {
	t.Helper()
	for {
		line, err := output.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if found := pattern.FindStringSubmatch(line); found != nil {
			return found[1]
		}
	}
}

// statusOf asks for a request, as a proxy does.
func statusOf(t *testing.T, check, method, app string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, check, nil)
	if err != nil {
		t.Fatal(err)
	}
	scheme, rest, _ := strings.Cut(app, "://")
	host, path, _ := strings.Cut(rest, "/")
	for name, value := range map[string]string{"Method": method, "Proto": scheme, "Host": host, "Uri": "/" + path, "For": "192.0.2.1"} {
		req.Header.Set("X-Forwarded-"+name, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// TestProgram_ForwardAuth: the check has a listener of its own (FA-05), and SIGHUP reads
// the rules again unless they are faulty (FA-21).
func TestProgram_ForwardAuth(t *testing.T) {
	folder := t.TempDir()
	p, check := startForwardAuth(t, folder, "a.test * / public\n")
	want := func(app string, status int) {
		t.Helper()
		if got := statusOf(t, check, "GET", app); got != status {
			t.Errorf("%s: %d, want %d", app, got, status)
		}
	}
	want("http://a.test/", 200)
	want("http://b.test/", 403)
	if got := statusOf(t, "http://"+p.address+"/forward-auth", "GET", "http://a.test/"); got != 404 {
		t.Errorf("the public listener responds with %d", got)
	}
	reload := func(rules, logged string) {
		t.Helper()
		cmdtest.WriteFile(t, filepath.Join(folder, "rules"), rules)
		if err := p.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for line := ""; !strings.Contains(line, logged); {
			var err error
			if line, err = p.errors.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
	reload("b.test * / pubic\n", `line 1, column 12`)
	want("http://a.test/", 200)
	want("http://b.test/", 403)
	reload("b.test * / one-factor *\n", "access rules reloaded")
	want("http://a.test/", 403)
	want("http://b.test/", 401)
	if code, output := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, output)
	}
	cmdtest.WriteFile(t, filepath.Join(folder, "rules2"), "id.test * / public\n")
	wantOutput(t, folder, 2, "is the host of --url", "--url=https://id.test", "--forward-auth=:0", "--access-rules=rules2")
}
