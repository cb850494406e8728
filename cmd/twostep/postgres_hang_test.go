package main

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

// hangQuery passes everything on until the returned function is called. From then on a query
// hangs; the function waits for the first one. Connections prepare it once, under a name.
func hangQuery(relay *dbtest.Relay, text string) (hang func()) {
	var names sync.Map
	var armed atomic.Bool
	hangs := make(chan bool)
	first := sync.OnceFunc(func() { close(hangs) })
	relay.Judge(func(m dbtest.Message) dbtest.Fate {
		field, rest, _ := bytes.Cut(m.Body, []byte{0})
		switch {
		case m.Kind == 'P' && bytes.Contains(rest, []byte(text)): // Parse
			names.Store(string(field), true)
		case m.Kind == 'B' && armed.Load(): // Bind, to a portal without a name
			name, _, _ := bytes.Cut(rest, []byte{0})
			if _, found := names.Load(string(name)); found {
				first()
				return dbtest.Hang
			}
		}
		return dbtest.Pass
	})
	return func() {
		armed.Store(true)
		<-hangs
	}
}

func passAll(dbtest.Message) dbtest.Fate { return dbtest.Pass }

const (
	stopTimeout = 30 * time.Second // less than the service manager's, see deploy
	hangMargin  = 5 * time.Second  // on a busy machine
)

// TestProgram_PostgresHangs: while the database does not answer, every response is the one
// for a fault, within the timeout of its kind. Connections that hang stay so, as after a
// failover, but new ones work: then pages, messages and changes of settings do too, and nothing
// is left of the requests that waited. Meanwhile no server starts, and one that runs stops
// when it has to (LG-05, ST-09, FA-22).
func TestProgram_PostgresHangs(t *testing.T) {
	t.Parallel() // it waits for timeouts
	c := cmdtest.StartPostgres(t)
	relay, err := c.StartRelay(5433)
	cmdtest.RequirePostgres(t, err)
	t.Cleanup(func() { relay.Stop() })
	hangSettings := hangQuery(relay, "FROM settings") // a background task reads them
	folder := t.TempDir()
	cmdtest.WriteFile(t, filepath.Join(folder, "rules"), accessRules)
	p := start(t, folder, "--mail=file:mail", "--url="+siteOrigin, "--database="+relay.URL("postgres"), "--metrics=127.0.0.1:0", "--forward-auth=127.0.0.1:0", "--access-rules=rules")
	metrics := readMatch(t, p.errors, metricsURL)
	check := readForwardAuthURL(t, p.errors).String()
	mailbox := &browserUser{t: t, folder: folder, codesRead: map[string]int{}}
	ann := visit(t, p).signUp(mailbox, "ann@example.org")
	before := goroutines(t, metrics)

	hangSettings()
	relay.Judge(hangAll)
	var waiting sync.WaitGroup
	wantFault := func(name string, timeout time.Duration, text string, respond func() (status int, body string)) {
		waiting.Go(func() {
			began := time.Now()
			status, body := respond()
			// 503 after the timeout, 500 if connecting to the database has failed before
			if took := time.Since(began); status != 500 && status != 503 || !strings.Contains(body, text) || took > timeout+hangMargin {
				t.Errorf("%s: %d after %v: %s", name, status, took, body)
			}
		})
	}
	wantFault("readiness", auth.ReadyTimeout, string(auth.NotResponding), func() (int, string) { return ask(t, "GET", ann.origin+"/readyz") })
	for range 20 {
		wantFault("check", auth.CheckTimeout, "", func() (int, string) { return askCheck(t, check) })
		wantFault("tokens", serve.PageTimeout, serverError, func() (int, string) { return askTokens(t, ann.origin) })
		form := visit(t, p).open("/sign-in")
		wantFault("form", serve.PageTimeout, "Something went wrong", func() (int, string) {
			form.press("Continue", map[string]string{"email": "ann@example.org", "password": visitorPassword})
			return form.status, form.page.Text()
		})
	}
	waiting.Wait()
	relay.Judge(passAll)
	visit(t, p).openUntil("/readyz", 200).sees(200, "")
	ann.open("/account").sees(200, "Account")
	visit(t, p).signUp(mailbox, "bob@example.org")
	wantOutput(t, folder, 0, "", "settings", "set", "sign-up", "closed", "--database="+relay.URL("postgres"))
	visit(t, p).openUntil("/sign-up", 404).sees(404, "Sign-up is closed")
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	now := goroutines(t, metrics)
	for end := time.Now().Add(30 * time.Second); now > before+goroutinesMargin && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		now = goroutines(t, metrics)
	}
	if now > before+goroutinesMargin {
		t.Errorf("%d goroutines are left of those that waited, and there were %d before", now, before)
	}

	relay.Judge(hangAll)
	visit(t, p).open("/readyz").sees(503, "")
	wantOutput(t, folder, 1, "no PostgreSQL server answers at ", "serve", "--listen=127.0.0.1:0", "--database="+relay.URL("postgres"))
	tooLong := time.AfterFunc(stopTimeout, func() { p.Process.Kill() })
	defer tooLong.Stop()
	if code, output := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("stopped with %d: %s", code, output)
	}
}

var goroutineCount = regexp.MustCompile(`(?m)^go_goroutines (\d+)$`)

// goroutinesMargin is for idle connections of clients and of the database.
const goroutinesMargin = 40

// goroutines returns how many a server has.
func goroutines(t *testing.T, metrics string) int {
	t.Helper()
	_, text := get(t, metrics)
	found := goroutineCount.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no number of goroutines in %s", text)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const serverError = `{"error":"server_error"}`

// askTokens asks for tokens, as an app that may be unknown.
func askTokens(t *testing.T, origin string) (status int, body string) {
	t.Helper()
	return ask(t, "POST", origin+oidc.TokenPath, "Authorization", "Basic YTpi", "Content-Type", "application/x-www-form-urlencoded")
}

// askCheck asks about a browser that has been to the app, as its proxy does.
func askCheck(t *testing.T, check string) (status int, body string) {
	t.Helper()
	return ask(t, "GET", check, "X-Forwarded-Method", "GET", "X-Forwarded-Proto", "http", "X-Forwarded-Host", "wiki.test", "X-Forwarded-Uri", "/",
		"X-Forwarded-For", "192.0.2.1", "Cookie", "twostep-app="+string(auth.NewToken()))
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
