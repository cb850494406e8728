package main

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"twostep/db/dbtest"
)

// startPostgres starts a server of the test's own, with pgbouncer in front.
func startPostgres(t *testing.T) (c *dbtest.Postgres, pooled func(database string) string) {
	t.Helper()
	c, err := dbtest.StartPostgres()
	if err == nil {
		t.Cleanup(func() {
			if err := c.Stop(); err != nil {
				t.Error(err)
			}
		})
		pooled, err = c.StartPgBouncer()
	}
	if (errors.Is(err, dbtest.ErrNoPostgres) || errors.Is(err, dbtest.ErrNoPgBouncer)) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, pooled
}

// TestProgram_PostgresGone: while the database is gone, ended in good time or
// killed, each page is the one for faults, and at once, also where pgbouncer
// stands in between and waits. Nobody is signed out by it, and when the database
// is back pages, sign-ins and the outbox go on by themselves (LG-05, ST-09).
func TestProgram_PostgresGone(t *testing.T) {
	c, pooled := startPostgres(t)
	folder := t.TempDir()
	direct := start(t, folder, "--mail=file:mail", "--database="+c.URL("postgres"))
	behind := start(t, folder, "--mail=file:mail", "--database="+pooled("postgres"))
	nodes := []running{direct, behind}
	mailed := &person{t: t, folder: folder, got: map[string]int{}}
	ann := visit(t, direct).signUp(mailed, "ann@example.org")
	for signal, newcomer := range map[syscall.Signal]string{syscall.SIGQUIT: "bob@example.org", syscall.SIGKILL: "eve@example.org"} {
		half := visit(t, behind).signUpForm(newcomer).sees(200, "Verify your email")
		if err := c.Signal(signal); err != nil {
			t.Fatal(err)
		}
		for _, node := range nodes {
			ann.at = "http://" + node.address
			posts := visit(t, node)
			ann.opens("/account", 500).faulty() // a killed server's processes notice it a moment later
			if ann.took > pageWithin/2 {
				t.Errorf("a page came after %v", ann.took)
			}
			posts.signIn("ann@example.org").faulty()
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
			ann.at = "http://" + node.address
			ann.opens("/account", 200).sees(200, "Account")
			visit(t, node).signIn("ann@example.org").sees(200, "Account")
		}
		half.press("Verify", map[string]string{"code": mailed.code("mail", newcomer)}).sees(200, "Account")
	}
	oneNodeKilled(t, direct, behind)
}

// opens opens a page until it comes as it should. Each connection to a server
// that is gone may fail once, and pgbouncer tries one anew by the second.
func (v *visitor) opens(path string, status int) *visitor {
	v.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if v.open(path); v.status == status {
			break
		}
	}
	return v
}

// oneNodeKilled kills a node in the middle of sign-ins. The other goes on, and
// every session that was acknowledged is one.
func oneNodeKilled(t *testing.T, stays, dies running) {
	t.Helper()
	const visitors, before = 12, 4
	signedIn := make(chan *visitor, visitors)
	var wait sync.WaitGroup
	for range visitors {
		v := visit(t, dies).open("/sign-in")
		path, values := v.form("Continue", map[string]string{"email": "ann@example.org", "password": visitorsPassword})
		wait.Go(func() {
			answer, err := v.client.PostForm(v.at+path, values)
			if err != nil {
				return // he was not told that he is signed in
			}
			defer answer.Body.Close()
			if answer.StatusCode == 200 && answer.Request.URL.Path == "/account" {
				signedIn <- v
			}
		})
	}
	var acknowledged []*visitor
	for range before {
		acknowledged = append(acknowledged, <-signedIn)
	}
	if err := dies.Process.Kill(); err != nil {
		t.Error(err)
	}
	wait.Wait()
	close(signedIn)
	for v := range signedIn {
		acknowledged = append(acknowledged, v)
	}
	for _, v := range acknowledged {
		v.at = "http://" + stays.address
		v.open("/account").sees(200, "Account")
	}
	visit(t, stays).signIn("ann@example.org").sees(200, "Account")
	if code, said := stays.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("stopped with %d: %s", code, said)
	}
}
