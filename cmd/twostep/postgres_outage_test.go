package main

import (
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"twostep/cmd/twostep/internal/cmdtest"
	"twostep/cmd/twostep/serve"
)

// TestProgram_PostgresOutage: while the database is stopped or killed, each page is
// the error page without delay, also behind pgbouncer, which waits. Nobody is
// signed out, and when the database is back, pages, sign-ins and the outbox
// recover (LG-05, ST-09).
func TestProgram_PostgresOutage(t *testing.T) {
	c := cmdtest.StartPostgres(t)
	pooled, err := c.StartPgBouncer()
	cmdtest.RequirePostgres(t, err)
	folder := t.TempDir()
	const site = "--url=http://localhost:8080" // cookies are named by its port
	direct, directCheck := startForwardAuth(t, folder, accessRules, site, "--database="+c.URL("postgres"))
	behind, behindCheck := startForwardAuth(t, folder, accessRules, site, "--database="+pooled("postgres"))
	nodes, checks := []server{direct, behind}, []string{directCheck, behindCheck}
	mailbox := &browserUser{t: t, folder: folder, codesRead: map[string]int{}}
	ann := visit(t, direct).signUp(mailbox, "ann@example.org")
	for signal, newcomer := range map[syscall.Signal]string{syscall.SIGQUIT: "bob@example.org", syscall.SIGKILL: "eve@example.org"} {
		pending := visit(t, behind).signUpForm(newcomer).sees(200, "Verify your email")
		if err := c.Signal(signal); err != nil {
			t.Fatal(err)
		}
		for i, node := range nodes {
			ann.origin = "http://" + node.address
			posts := visit(t, node)
			ann.openUntil("/account", 500).seesFault() // the processes of a killed server notice it a moment later
			if ann.duration > serve.PageTimeout/2 {
				t.Errorf("a page took %v", ann.duration)
			}
			posts.signIn("ann@example.org").seesFault()
			if status, body := askTokens(t, ann.origin); status != 500 || strings.TrimSpace(body) != serverError {
				t.Errorf("tokens: %d %s", status, body)
			}
			if status, body := askCheck(t, checks[i]); status != 503 {
				t.Errorf("check: %d %s", status, body)
			}
			for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/sign-in": 200} {
				if v := visit(t, node).open(path); v.status != want {
					t.Errorf("%s: %d, want %d", path, v.status, want)
				}
			}
		}
		if err := c.Restart(); err != nil {
			t.Fatal(err)
		}
		for _, node := range nodes {
			ann.origin = "http://" + node.address
			ann.openUntil("/account", 200).sees(200, "Account")
			visit(t, node).signIn("ann@example.org").sees(200, "Account")
		}
		pending.press("Verify", map[string]string{"code": mailbox.code("mail", newcomer)}).sees(200, "Account")
	}
	killOneNode(t, direct, behind)
}

// openUntil loads a page until it has a status. Each connection to a stopped server
// may fail once, and pgbouncer retries one per second.
func (v *visitor) openUntil(path string, status int) *visitor {
	v.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if v.open(path); v.status == status {
			break
		}
	}
	return v
}

// killOneNode kills a server during sign-ins. The other one continues, and every
// session that was confirmed exists.
func killOneNode(t *testing.T, survivor, victim server) {
	t.Helper()
	const visitors, before = 12, 4
	signedIn := make(chan *visitor, visitors)
	var wait sync.WaitGroup
	for range visitors {
		v := visit(t, victim).open("/sign-in")
		path, values := v.form("Continue", map[string]string{"email": "ann@example.org", "password": visitorPassword})
		wait.Go(func() {
			resp, err := v.client.PostForm(v.origin+path, values)
			if err != nil {
				return // not confirmed
			}
			defer resp.Body.Close()
			if resp.StatusCode == 200 && resp.Request.URL.Path == "/account" {
				signedIn <- v
			}
		})
	}
	var confirmed []*visitor
	for range before {
		confirmed = append(confirmed, <-signedIn)
	}
	if err := victim.Process.Kill(); err != nil {
		t.Error(err)
	}
	wait.Wait()
	close(signedIn)
	for v := range signedIn {
		confirmed = append(confirmed, v)
	}
	for _, v := range confirmed {
		v.origin = "http://" + survivor.address
		v.open("/account").sees(200, "Account")
	}
	visit(t, survivor).signIn("ann@example.org").sees(200, "Account")
	if code, output := survivor.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("stopped with %d: %s", code, output)
	}
}
