package handlers_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/handlers"
)

// linesWith returns the lines that contain all of the texts.
func (l *logBuffer) linesWith(texts ...string) (found []string) {
	for line := range strings.Lines(l.String()) {
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			found = append(found, line)
		}
	}
	return found
}

// Every event, success or failure, is logged with the time, IP address, account and
// type, and with its factor or reason (LG-01).
func TestLog_Events(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, codes := b.addTOTP()
	b.press("Sign out")
	site.browser().signIn(ann).enterCode(site.wrongTOTPCode(key))
	code := site.totpCode(key)
	b.signIn(ann).enterCode(code).wantHeading("Account").press("Sign out")
	b.signIn(ann).enterCode(code).wantError(422) // a replay
	b.enterCode(codes[0]).wantHeading("Account")
	b.request(http.MethodPost, "/sign-out", map[string][]string{}, nil)
	b.request(http.MethodPost, "/sign-out", map[string][]string{"token": {"old"}}, nil)
	site.wait(11 * time.Minute)
	b.open("/account/email")
	b.reauthenticate(key).wantHeading("Email address")
	b.addPhone(number).press("Use for MFA").wantHeading("User MFA Settings")
	b.open("/account/manage-mfa").follow("Remove").press("Remove").wantHeading("User MFA Settings")
	for range 6 {
		site.browser().signInWith(ann, wrongPassword)
	}
	site.browser().signInWith("nobody@example.org", wrongPassword)
	site.browser().open("/account")
	site.browser().open("/nowhere")
	for _, path := range []string{"/healthz", "/readyz", "/static/x"} { // they would be most of the log
		if site.browser().request(http.MethodGet, path, nil, nil); len(site.log.linesWith("route="+path[:4])) > 0 {
			t.Errorf("%s is logged", path)
		}
	}

	user := regexp.MustCompile(`msg=account event=signed_up .*user=(\w+)`).FindStringSubmatch(site.log.String())
	if user == nil {
		t.Fatal("no sign-up in the log")
	}
	account := "user=" + user[1]
	for _, want := range [][]string{
		{"msg=account", "event=signed_up", "factor=email_code", account, "ip=203.0.113.7"},
		{"msg=account", "event=signed_in", "factor=totp", account, "ip=203.0.113.7"},
		{"msg=account", "event=signed_in", "factor=backup_code", account},
		{"msg=account", "event=backup_code_used", account},
		{"msg=account", "event=totp_added", account},
		{"msg=account", "event=totp_removed", account},
		{"msg=account", "event=phone_added", account},
		{"msg=account", "event=phone_reserved", account},
		{"msg=account", "event=reauthenticated", "factor=totp", account},
		{"msg=account", "event=second_factor_failed", "factor=totp", account, "ip=203.0.113.8"},
		{"msg=account", "event=sign_in_locked", "factor=password", account},
		{"msg=request", "route=/sign-in", "status=422", "reason=invalid_credentials", account},
		{"msg=request", "route=/sign-in", "status=422", "reason=totp_wrong", account},
		{"msg=request", "route=/sign-in", "status=422", "reason=totp_used", account},
		{"msg=request", "route=/sign-in", "status=429", "reason=too_many_attempts", account},
		{"msg=request", "route=/sign-out", "status=403", "reason=forged"},
		{"msg=request", "route=/sign-out", "status=303", "reason=form_expired"},
		{"msg=request", "route=/account", "status=303", "reason=sign_in_first"},
		{"msg=request", "route=/account/email", "status=303", "reason=verify_first", account},
		{"msg=request", "status=404", "reason=not_found"},
	} {
		if len(site.log.linesWith(want...)) == 0 {
			t.Errorf("no line with %v", want)
		}
	}
	complete := regexp.MustCompile(`^time=\S+Z? level=(INFO|WARN) msg=(request request_id=\w{12} method=\w+ route=\S* status=\d+ duration_ms=\S+ ip=\S+|account event=\w+ factor=\S* user=\w+ ip=\S+ request_id=\w{12})`)
	for _, line := range site.log.linesWith("msg=") {
		if !complete.MatchString(line) {
			t.Errorf("incomplete line: %s", line)
		}
	}
	if strings.Contains(site.log.String(), "/nowhere") {
		t.Error("the log contains a path without a route")
	}
}

// The log has no passwords, codes, keys, tokens, email addresses or phone numbers, not
// even those sent in the wrong field, in a URL or in a header (LG-02).
func TestLog_Secrets(t *testing.T) {
	site := newSite(t)
	b := site.browser()
	secrets := map[string]string{"password": password, "new password": newPassword, "email address": ann, "number": number}
	keep := func(name, secret string) {
		if secret == "" {
			t.Fatalf("no %s", name)
		}
		secrets[name] = secret
	}
	b.signUp(ann)
	keep("emailed code", site.lastCode(ann))
	keep("form token", b.formToken())
	keep("cookie", b.cookie())
	key, codes := b.addTOTP()
	keep("key", strings.ReplaceAll(key, " ", ""))
	keep("key in groups", key)
	keep("backup code", codes[0])
	keep("backup code without hyphens", strings.ReplaceAll(codes[0], "-", ""))
	keep("unused backup code", codes[1])
	b.open("/account/manage-mfa").press("Replace").open("/account/manage-mfa/add?format=uri")
	keep("key of an unfinished setup", strings.ReplaceAll(b.totpKey(), " ", ""))
	b.addPhone(number).press("Use for MFA")
	keep("texted code", site.lastCode(number))
	b.press("Sign out").signIn(ann).enterCode(codes[0]).wantHeading("Account")
	keep("second cookie", b.cookie())
	for _, cookie := range b.jar.Cookies(b.url) {
		keep(cookie.Name, cookie.Value)
	}
	b.changeEmail("ann.new@example.org")
	stop := site.stopPath(ann)
	_, token, _ := strings.Cut(stop, "token=")
	keep("stop token", token)
	keep("new email address", "ann.new@example.org")
	site.browser().open(stop).press("Cancel the change")
	b.changePassword(password, newPassword).wantHeading("Account")
	site.wait(time.Hour)
	f := site.browser().startReset(ann)
	keep("reset code", site.lastCode(ann))
	f.enterCode(site.lastCode(ann)).setPassword("nine orange badgers")
	keep("newest password", "nine orange badgers")

	site.browser().signInWith(newPassword, ann) // each in the other's field
	for _, path := range []string{"/sign-in?password=" + strings.ReplaceAll(password, " ", "+"), "/nowhere/" + token, "/account/manage-mfa/phones/" + token + "/use"} {
		b := site.browser()
		b.headers = map[string]string{"User-Agent": token, "Referer": site.origin + "/?" + token, "Authorization": "Bearer " + token, "X-Request-Id": token}
		b.open(path)
	}
	keep("password in a URL", strings.ReplaceAll(password, " ", "+"))
	log := site.log.String()
	for name, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log contains the %s", name)
		}
	}
	if len(site.log.linesWith("route=/account/manage-mfa/add")) == 0 {
		t.Error("the log is empty")
	}
}

// No field or header of a request can start a line in the log (LG-03).
func TestLog_InjectedLines(t *testing.T) {
	site := newSite(t)
	const forged = "a\r\nlevel=info msg=account event=signed_in\u2028\u0085\x1b[2J\x00"
	b := site.browser()
	b.headers = map[string]string{"User-Agent": forged, "X-Forwarded-For": forged, "Referer": forged, "Accept-Language": forged, "X-Request-Id": forged}
	b.open("/sign-in?next=%0d%0alevel%3dinfo").enterCredentials("a"+forged+"@example.org", forged).wantError(422)
	b.open("/nowhere%0d%0alevel=info%20msg=account")
	b.open("/account/manage-mfa/phones/%0d%0alevel=info/use")
	b.signUp(ann)
	b.addPhone(number)
	b.load(http.MethodPost, "/account/sessions", map[string][]string{"token": {b.formToken()}, "action": {"end:" + forged}})
	requests := strings.Count(site.log.String(), "msg=request")
	accounts := strings.Count(site.log.String(), "msg=account")
	if lines := strings.Count(site.log.String(), "\n"); lines != requests+accounts || requests < 10 {
		t.Errorf("%d lines for %d requests and %d events", lines, requests, accounts)
	}
	for _, line := range site.log.linesWith() {
		if !strings.HasPrefix(line, "time=") {
			t.Errorf("a line starts with %.40q", line)
		}
	}
	if strings.ContainsAny(site.log.String(), "\r\x1b\x00\u2028\u0085") {
		t.Error("the log contains control characters")
	}
}

var requestID = regexp.MustCompile(`quote ([a-z2-7]{12})`)

// A panic ends one request, with a page that has its id but no details; only the log
// has the stack (LG-05).
func TestFault_Panic(t *testing.T) {
	site := newSite(t, func(p *auth.Policy) {
		p.Breached = func(password string) bool {
			if password == newPassword {
				panic("the list in /somewhere/list.txt is broken")
			}
			return false
		}
	})
	b := site.browser().startSignUp(ann, newPassword)
	b.wantHeading("Something went wrong")
	id := requestID.FindStringSubmatch(b.text())
	if b.status != 500 || id == nil {
		t.Fatalf("%d %s", b.status, b.text())
	}
	for _, detail := range []string{"panic", "somewhere", "goroutine", ".go", "auth."} {
		b.wantNoText(detail)
	}
	if got := site.log.linesWith("msg=panic", "request_id="+id[1], "somewhere", "checkNewPassword"); len(got) != 1 {
		t.Errorf("logged %v", site.log.linesWith("level=ERROR"))
	}
	if len(site.log.linesWith("msg=request", "request_id="+id[1], "status=500")) != 1 {
		t.Error("the request is not logged")
	}
	site.browser().signUp(ann) // the server still works
}

type foreignPanic struct{}

func (foreignPanic) Error() string { return "another goroutine" }
func (foreignPanic) Stack() []byte { return []byte("stack of another goroutine\n") }

// A panic that was passed on from another goroutine is logged with the stack of both.
func TestFault_ForeignPanic(t *testing.T) {
	site := newSite(t, func(p *auth.Policy) {
		p.Breached = func(string) bool { panic(foreignPanic{}) }
	})
	site.browser().startSignUp(ann, newPassword).wantHeading("Something went wrong")
	if got := site.log.linesWith("msg=panic", "stack of another goroutine", "checkNewPassword"); len(got) != 1 {
		t.Errorf("logged %v", site.log.linesWith("level=ERROR"))
	}
}

type closedConnection struct{ *httptest.ResponseRecorder }

func (closedConnection) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// It is no fault if a client closes the connection while it gets the page.
func TestFault_ClosedConnection(t *testing.T) {
	site := newSite(t)
	site.handler.ServeHTTP(closedConnection{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, site.origin+"/sign-in", nil))
	if lines := site.log.linesWith("level=ERROR"); len(lines) > 0 {
		t.Errorf("logged %v", lines)
	}
}

// While the database is unavailable, every page is an error page with the request's
// id and no details, nobody is signed in, and the process keeps running (LG-05, ST-09).
func TestFault_Database(t *testing.T) {
	site := newSite(t)
	in := site.browser().signUp(ann)
	out := site.browser().open("/sign-in").fill("Email address", ann).fill("Password", password)
	up := site.browser().open("/sign-up").fill("Email address", "eve@example.org").fill("Password", password)
	before := site.accountData()
	site.closeStore()
	for name, row := range map[string]struct {
		b      *browser
		button string
		path   string
	}{
		"a page": {in, "", "/account"}, "a form": {in, "Sign out", "/sign-out"}, "a sign-in": {out, "Continue", "/sign-in"}, "a sign-up": {up, "Continue", "/sign-up"},
	} {
		method, path, form := http.MethodGet, row.path, url.Values(nil)
		if row.button != "" {
			method = http.MethodPost
			path, form = row.b.form(row.b.button(row.button))
		}
		got := row.b.fetch(method, path, form)
		text := got.text()
		id := requestID.FindStringSubmatch(text)
		if got.status != 500 || id == nil || !strings.Contains(text, "Something went wrong") {
			t.Errorf("%s: %d %s", name, got.status, text)
			continue
		}
		for _, detail := range []string{"sql", "database", ".go", "closed", site.file} {
			if strings.Contains(text, detail) {
				t.Errorf("%s: the page contains %q", name, detail)
			}
		}
		if len(site.log.linesWith("msg=fault", "request_id="+id[1])) != 1 {
			t.Errorf("%s: the error is not logged once", name)
		}
	}
	if b := in.fetch(http.MethodGet, "/healthz", nil); b.status != 200 {
		t.Errorf("/healthz: %d", b.status)
	}
	if b := in.fetch(http.MethodGet, "/readyz", nil); b.status != 503 || b.body != "the database does not answer\n" {
		t.Errorf("/readyz: %d %s", b.status, b.body)
	}
	site.wantAccountData(before)
	site.openStore()
	site.restart()
	if b := in.fetch(http.MethodGet, "/readyz", nil); b.status != 200 || b.body != "ok\n" {
		t.Errorf("/readyz: %d %s", b.status, b.body)
	}
	in.open("/account").wantHeading("Account") // the same session
	out.press("Continue").wantHeading("Account")
}

// While the provider is down, pages are not delayed and nobody signs in without the
// code. It is sent when the provider is back, unless it has expired. Meanwhile a backup
// code can be used (LG-06, SM-09).
func TestDelivery_Outage(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").press("Done").press("Sign out")
	site.wait(time.Minute)
	sent := len(site.messages(number))
	site.courierDown = true
	b.signIn(ann).wantHeading("Verify your account").fill("This code is a backup code", "")
	eve := site.browser().startSignUp("eve@example.org", password).wantHeading("Verify your email")
	before := site.accountData()
	b.open("/account").wantHeading("Verify your account")
	b.enterCode("000000").wantError(422)
	if len(site.messages(number)) != sent || site.accountData() != before {
		t.Error("a message was sent or account data changed")
	}
	site.courierDown = false
	site.wait(auth.MessageRetryMax)
	b.enterCode(site.lastCode(number)).wantHeading("Account")
	eve.enterCode(site.lastCode("eve@example.org")).wantHeading("Account")

	b.press("Sign out")
	site.courierDown = true
	b.signIn(ann).wantHeading("Verify your account")
	sent = len(site.messages(number))
	site.wait(11 * time.Minute)
	site.courierDown = false
	if len(site.messages(number)) != sent {
		t.Error("an expired code was sent")
	}
	b.press("Send a new code").enterCode(site.lastCode(number)).wantHeading("Account")
}

// The site serves no profiles, metrics, directory listings or project files (LG-07,
// CS-11).
func TestNoInternalEndpoints(t *testing.T) {
	site := newSite(t)
	for _, b := range []*browser{site.browser(), site.browser().signUp(ann)} {
		for _, path := range []string{
			"/debug/pprof", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/metrics", "/.git/config", "/.git/HEAD", "/.env", "/static", "/static/",
			"/static/../go.mod", "/static/%2e%2e/go.mod", "/go.mod", "/data/keys", "/data/twostep.db", "/swagger", "/docs", "/server-status",
		} {
			if response := b.request(http.MethodGet, path, nil, nil); response.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %d", path, response.StatusCode)
			}
		}
		for _, path := range []string{"/", "/sign-in", "/account", "/static/style.css"} {
			for _, method := range []string{"TRACE", "TRACK", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND"} {
				if response := b.request(method, path, nil, map[string]string{"X-Echo": "echoed"}); response.StatusCode/100 != 4 {
					t.Errorf("%s %s: %d", method, path, response.StatusCode)
				}
			}
		}
	}
}

// Only the lines of successful requests may be buffered. Audit events and refused
// requests are written at once.
func TestLog_Buffered(t *testing.T) {
	site, later := newSite(t), &logBuffer{}
	origin, err := url.Parse(site.origin)
	if err != nil {
		t.Fatal(err)
	}
	site.handler = handlers.New(site.rules, site.keys, handlers.Config{
		Name: "Acme", URL: origin, Log: slog.New(slog.NewTextHandler(site.log, nil)), BufferedLog: slog.New(slog.NewTextHandler(later, nil)),
	})
	site.browser().signUp(ann).open("/account").wantHeading("Account")
	site.browser().signInWith(ann, wrongPassword).wantError(422)
	site.browser().open("/nowhere")
	if len(later.linesWith("msg=request", "route=/account ", "status=200")) == 0 {
		t.Error("a successful request is not buffered")
	}
	for _, line := range later.linesWith("=") {
		if !strings.Contains(line, "msg=request") || strings.Contains(line, "reason=") {
			t.Errorf("buffered: %s", line)
		}
	}
	for _, want := range [][]string{{"msg=account", "event=signed_up"}, {"status=422", "reason="}, {"status=404", "reason=not_found"}} {
		if len(site.log.linesWith(want...)) == 0 {
			t.Errorf("%v is not written at once", want)
		}
	}
}
