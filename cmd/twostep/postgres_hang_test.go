package main

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/cmd/twostep/internal/cmdtest"
	"twostep/cmd/twostep/serve"
	"twostep/db/dbtest"
)

// hangAll lets the database hang, as if its machine or the network were gone.
func hangAll(dbtest.Message) dbtest.Fate { return dbtest.Hang }

func passAll(dbtest.Message) dbtest.Fate { return dbtest.Pass }

const (
	stopTimeout = 30 * time.Second // less than the service manager's, see deploy
	hangMargin  = 5 * time.Second  // on a busy machine
)

// TestProgram_PostgresHangs: while the database does not answer, every response is the one
// for a fault, within the timeout of its kind. Connections that hang stay so, as after a
// failover, but new ones work: then pages and messages do too. A server that waits for the
// database stops when it has to (LG-05, ST-09, FA-22).
func TestProgram_PostgresHangs(t *testing.T) {
	t.Parallel() // it waits for timeouts
	c := cmdtest.StartPostgres(t)
	relay, err := c.StartRelay(5433)
	cmdtest.RequirePostgres(t, err)
	t.Cleanup(func() { relay.Stop() })
	folder := t.TempDir()
	p, check := startForwardAuth(t, folder, accessRules, "--url="+siteOrigin, "--database="+relay.URL("postgres"))
	mailbox := &browserUser{t: t, folder: folder, codesRead: map[string]int{}}
	ann := visit(t, p).signUp(mailbox, "ann@example.org")
	form := visit(t, p).open("/sign-in")
	ann.openAtOnce("/account", 50) // on all connections

	relay.Judge(hangAll)
	var waiting sync.WaitGroup
	wantFault := func(name string, timeout time.Duration, text string, respond func() (status int, body string)) {
		waiting.Go(func() {
			began := time.Now()
			status, body := respond()
			if took := time.Since(began); status != http.StatusServiceUnavailable || !strings.Contains(body, text) || took > timeout+hangMargin {
				t.Errorf("%s: %d after %v: %s", name, status, took, body)
			}
		})
	}
	program := func(method, url string, header ...string) func() (int, string) {
		return func() (int, string) { return ask(t, method, url, header...) }
	}
	wantFault("readiness", auth.ReadyTimeout, string(auth.NotResponding), program("GET", form.origin+"/readyz"))
	wantFault("check", auth.CheckTimeout, "", program("GET", check, "X-Forwarded-Method", "GET", "X-Forwarded-Proto", "http", "X-Forwarded-Host", "wiki.test",
		"X-Forwarded-Uri", "/", "X-Forwarded-For", "192.0.2.1", "Cookie", "twostep-app="+string(auth.NewToken())))
	wantFault("tokens", serve.PageTimeout, `{"error":"server_error"}`, program("POST", form.origin+oidc.TokenPath, "Authorization", "Basic YTpi", "Content-Type", "application/x-www-form-urlencoded"))
	wantFault("page", serve.PageTimeout, "Something went wrong", func() (int, string) {
		ann.open("/account")
		return ann.status, ann.page.Text()
	})
	wantFault("form", serve.PageTimeout, "Something went wrong", func() (int, string) {
		form.press("Continue", map[string]string{"email": "ann@example.org", "password": visitorPassword})
		return form.status, form.page.Text()
	})
	waiting.Wait()
	relay.Judge(passAll)
	visit(t, p).openUntil("/readyz", 200).sees(200, "")
	ann.open("/account").sees(200, "Account")
	visit(t, p).signUp(mailbox, "bob@example.org")

	relay.Judge(hangAll)
	visit(t, p).open("/readyz").sees(503, "")
	tooLong := time.AfterFunc(stopTimeout, func() { p.Process.Kill() })
	defer tooLong.Stop()
	if code, output := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("stopped with %d: %s", code, output)
	}
}

// openAtOnce loads a page several times at once, as other tabs would.
func (v *visitor) openAtOnce(path string, n int) {
	v.t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			resp, err := v.client.Get(v.origin + path)
			if err != nil {
				v.t.Error(err)
				return
			}
			resp.Body.Close()
		})
	}
	all.Wait()
}

// ask sends a request of a program with these names and values of headers.
func ask(t *testing.T, method, url string, header ...string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(text)
}
