package handlers_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/handlers"
)

// lines are those lines of the log that have all of the words.
func (l *logBook) lines(words ...string) []string {
	var found []string
	for line := range strings.Lines(l.String()) {
		all := true
		for _, word := range words {
			all = all && strings.Contains(line, word)
		}
		if all {
			found = append(found, line)
		}
	}
	return found
}

// TestLog_Events: every event has its line, good or bad, with when, where, who
// and what, by which factor or for which reason (LG-01).
func TestLog_Events(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, codes := b.addApp()
	b.press("Sign out")
	half := w.browser().firstStep(ann)
	half.fill("Code", w.wrong(key)).press("Verify")
	code := w.app(key)
	b.firstStep(ann).fill("Code", code).press("Verify").sees("Account").press("Sign out")
	b.firstStep(ann).fill("Code", code).press("Verify").refused(422) // a replay
	b.fill("Code", codes[0]).press("Verify").sees("Account")
	b.request(http.MethodPost, "/sign-out", map[string][]string{"token": {"forged"}}, nil)
	w.wait(11 * time.Minute)
	b.open("/account/email")
	b.reverify(key).sees("Email address")
	b.addPhone(number).press("Use for MFA").sees("User MFA Settings")
	b.open("/account/manage-mfa").follow("Remove").press("Remove").sees("User MFA Settings")
	for range 6 {
		w.browser().try(ann, notPassword)
	}
	w.browser().try("nobody@example.org", notPassword)
	w.browser().open("/account")
	w.browser().open("/nowhere")

	user := regexp.MustCompile(`msg=account event=signed_up .*user=(\w+)`).FindStringSubmatch(w.log.String())
	if user == nil {
		t.Fatal("no sign-up")
	}
	who := "user=" + user[1]
	for _, want := range [][]string{
		{"msg=account", "event=signed_up", "factor=email_code", who, "ip=203.0.113.7"},
		{"msg=account", "event=signed_in", "factor=totp", who, "ip=203.0.113.7"},
		{"msg=account", "event=signed_in", "factor=backup_code", who},
		{"msg=account", "event=backup_code_used", who},
		{"msg=account", "event=totp_added", who},
		{"msg=account", "event=totp_removed", who},
		{"msg=account", "event=phone_added", who},
		{"msg=account", "event=phone_reserved", who},
		{"msg=account", "event=reauthenticated", "factor=totp", who},
		{"msg=account", "event=second_factor_failed", "factor=totp", who, "ip=203.0.113.8"},
		{"msg=account", "event=sign_in_locked", "factor=password", who},
		{"msg=request", "route=/sign-in", "status=422", "reason=invalid_credentials", who},
		{"msg=request", "route=/sign-in", "status=422", "reason=totp_wrong", who},
		{"msg=request", "route=/sign-in", "status=422", "reason=totp_used", who},
		{"msg=request", "route=/sign-in", "status=429", "reason=too_many_attempts", who},
		{"msg=request", "route=/sign-out", "status=403", "reason=forged"},
		{"msg=request", "route=/account", "status=303", "reason=sign_in_first"},
		{"msg=request", "route=/account/email", "status=303", "reason=verify_first", who},
		{"msg=request", "status=404", "reason=not_found"},
	} {
		if len(w.log.lines(want...)) == 0 {
			t.Errorf("no line with %v", want)
		}
	}
	whole := regexp.MustCompile(`^time=\S+Z? level=(INFO|WARN) msg=(request request_id=\w{12} method=\w+ route=\S* status=\d+ duration_ms=\S+ ip=\S+|account event=\w+ factor=\S* user=\w+ ip=\S+ request_id=\w{12})`)
	for _, line := range w.log.lines("msg=") {
		if !whole.MatchString(line) {
			t.Errorf("a line lacks something: %s", line)
		}
	}
	if strings.Contains(w.log.String(), "/nowhere") {
		t.Error("an address that is no route stands in the log")
	}
}

// TestLog_Secrets runs the journey and looks for every secret in the log:
// passwords, codes, keys, tokens, handles, addresses, numbers, also where they
// were typed into the wrong field, into an address or into a header (LG-02).
func TestLog_Secrets(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	secrets := map[string]string{"password": password, "new password": newPassword, "address": ann, "number": number}
	keep := func(name, secret string) {
		if secret == "" {
			t.Fatalf("no %s", name)
		}
		secrets[name] = secret
	}
	b.signUp(ann)
	keep("mailed code", w.code(ann))
	keep("form token", b.token())
	keep("cookie", b.cookie())
	key, codes := b.addApp()
	keep("key", strings.ReplaceAll(key, " ", ""))
	keep("key in groups", key)
	keep("backup code", codes[0])
	keep("backup code, plain", strings.ReplaceAll(codes[0], "-", ""))
	keep("backup code not used", codes[1])
	b.open("/account/manage-mfa").press("Replace").open("/account/manage-mfa/add?format=uri")
	keep("key of a set-up", strings.ReplaceAll(keyText.FindString(b.text()), " ", ""))
	b.addPhone(number).press("Use for MFA")
	keep("texted code", w.code(number))
	b.press("Sign out").firstStep(ann).fill("Code", codes[0]).press("Verify").sees("Account")
	keep("second cookie", b.cookie())
	for _, cookie := range b.jar.Cookies(b.url) {
		keep(cookie.Name, cookie.Value)
	}
	b.open("/account/email").fill("New email address", "ann.new@example.org").press("Change email address")
	stop := stopLink.FindString(lastBody(w.letters(ann)))
	_, token, _ := strings.Cut(stop, "token=")
	keep("stop token", token)
	keep("new address", "ann.new@example.org")
	w.browser().open(strings.TrimPrefix(stop, w.origin)).press("Stop the change")
	b.open("/account/password").fill("Current password", password).fill("New password", newPassword).press("Change password").sees("Account")
	w.wait(time.Hour)
	f := w.browser().open("/forgot-password").fill("Email address", ann).press("Continue")
	keep("reset code", w.code(ann))
	f.fill("Code", w.code(ann)).press("Verify").fill("New password", "nine orange badgers").press("Set password")
	keep("newest password", "nine orange badgers")

	w.browser().try(newPassword, ann) // into the wrong fields
	for _, path := range []string{"/sign-in?password=" + strings.ReplaceAll(password, " ", "+"), "/nowhere/" + token, "/account/manage-mfa/phones/" + token + "/use"} {
		stray := w.browser()
		stray.headers = map[string]string{"User-Agent": token, "Referer": w.origin + "/?" + token, "Authorization": "Bearer " + token, "X-Request-Id": token}
		stray.open(path)
	}
	keep("password in an address", strings.ReplaceAll(password, " ", "+"))
	log := w.log.String()
	for name, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the %s stands in the log", name)
		}
	}
	if len(w.log.lines("route=/account/manage-mfa/add")) == 0 {
		t.Error("the log is empty")
	}
}

// TestLog_OneLine: what a visitor sends cannot begin a line of its own, in
// whatever field or header it comes (LG-03).
func TestLog_OneLine(t *testing.T) {
	w := newWorld(t)
	const forged = "a\r\nlevel=info msg=account event=signed_in\u2028\u0085\x1b[2J\x00"
	b := w.browser()
	b.headers = map[string]string{"User-Agent": forged, "X-Forwarded-For": forged, "Referer": forged, "Accept-Language": forged, "X-Request-Id": forged}
	b.open("/sign-in?next=%0d%0alevel%3dinfo").fill("Email address", "a"+forged+"@example.org").fill("Password", forged).press("Continue").refused(422)
	b.open("/nowhere%0d%0alevel=info%20msg=account")
	b.open("/account/manage-mfa/phones/%0d%0alevel=info/use")
	b.signUp(ann)
	b.addPhone(number)
	b.load(http.MethodPost, "/account/sessions", map[string][]string{"token": {b.token()}, "action": {"end:" + forged}})
	requests := strings.Count(w.log.String(), "msg=request")
	accounts := strings.Count(w.log.String(), "msg=account")
	if lines := strings.Count(w.log.String(), "\n"); lines != requests+accounts || requests < 10 {
		t.Errorf("%d lines for %d requests and %d events", lines, requests, accounts)
	}
	for _, line := range w.log.lines() {
		if !strings.HasPrefix(line, "time=") {
			t.Errorf("a line begins %.40q", line)
		}
	}
	if strings.ContainsAny(w.log.String(), "\r\x1b\x00\u2028\u0085") {
		t.Error("control characters stand in the log")
	}
}

var requestID = regexp.MustCompile(`Request ([a-z2-7]{12})`)

// TestFault_Panic: a panic ends one request, with a page that has its id and
// nothing of ours; where it happened stands in the log alone (LG-05).
func TestFault_Panic(t *testing.T) {
	w := newWorld(t, func(p *auth.Policy) {
		p.Breached = func(password string) bool {
			if password == newPassword {
				panic("the list in /somewhere/list.txt is broken")
			}
			return false
		}
	})
	b := w.browser().open("/sign-up").fill("Email address", ann).fill("Password", newPassword).press("Continue")
	b.sees("Something went wrong")
	id := requestID.FindStringSubmatch(b.text())
	if b.status != 500 || id == nil {
		t.Fatalf("%d %s", b.status, b.text())
	}
	for _, ours := range []string{"panic", "somewhere", "goroutine", ".go", "auth."} {
		b.readsNot(ours)
	}
	if got := w.log.lines("msg=panic", "request_id="+id[1], "somewhere", "checkNewPassword"); len(got) != 1 {
		t.Errorf("the log says %v of the panic", w.log.lines("level=ERROR"))
	}
	if len(w.log.lines("msg=request", "request_id="+id[1], "status=500")) != 1 {
		t.Error("the request has no line")
	}
	w.browser().signUp(ann) // the server lives on
}

// TestFault_Database: while the database does not answer every page is one that
// has the request's id and nothing of ours, nobody is let in, and the process
// lives (LG-05, ST-09).
func TestFault_Database(t *testing.T) {
	w := newWorld(t)
	in := w.browser().signUp(ann)
	out := w.browser().open("/sign-in").fill("Email address", ann).fill("Password", password)
	up := w.browser().open("/sign-up").fill("Email address", "eve@example.org").fill("Password", password)
	before := w.facts()
	w.closeStore()
	for name, visit := range map[string]struct {
		b      *browser
		button string
		path   string
	}{
		"a page": {in, "", "/account"}, "a form": {in, "Sign out", "/sign-out"}, "a sign-in": {out, "Continue", "/sign-in"}, "a sign-up": {up, "Continue", "/sign-up"},
	} {
		method, path, form := http.MethodGet, visit.path, map[string][]string(nil)
		if visit.button != "" {
			method = http.MethodPost
			path, form = visit.b.form(visit.b.button(visit.button))
		}
		answer := visit.b.alone(method, path, form)
		status, text := answer.status, answer.text()
		id := requestID.FindStringSubmatch(text)
		if status != 500 || id == nil || !strings.Contains(text, "Something went wrong") {
			t.Errorf("%s: %d %s", name, status, text)
			continue
		}
		for _, ours := range []string{"sql", "database", ".go", "closed", w.file} {
			if strings.Contains(text, ours) {
				t.Errorf("%s says %q", name, ours)
			}
		}
		if len(w.log.lines("msg=fault", "request_id="+id[1])) != 1 {
			t.Errorf("%s: the fault is not logged once", name)
		}
	}
	if b := in.alone(http.MethodGet, "/healthz", nil); b.status != 200 {
		t.Errorf("/healthz: %d", b.status)
	}
	if b := in.alone(http.MethodGet, "/readyz", nil); b.status != 503 || b.body != "the database does not answer\n" {
		t.Errorf("/readyz: %d %s", b.status, b.body)
	}
	if w.facts() != before {
		t.Error("something changed")
	}
	w.openStore()
	w.restart()
	if b := in.alone(http.MethodGet, "/readyz", nil); b.status != 200 || b.body != "ok\n" {
		t.Errorf("/readyz: %d %s", b.status, b.body)
	}
	in.open("/account").sees("Account") // the same session
	out.press("Continue").sees("Account")
}

// TestOutage: while the provider does not answer, pages come at once and say
// where the code would be, nobody is let in without it, and it comes when the
// provider is back; a code that came too late does not come at all. Meanwhile a
// backup code is asked for as well (LG-06, SM-09).
func TestOutage(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").press("Done").press("Sign out")
	w.wait(time.Minute)
	sent := len(w.letters(number))
	w.down = true
	b.firstStep(ann).sees("Verify your account").fill("This code is a backup code", "")
	s := w.browser().open("/sign-up").fill("Email address", "eve@example.org").fill("Password", password).press("Continue").sees("Verify your email")
	before := w.facts()
	b.open("/account").sees("Verify your account")
	b.fill("Code", "000000").press("Verify").refused(422)
	if len(w.letters(number)) != sent || w.facts() != before {
		t.Error("something is half done")
	}
	w.down = false
	w.wait(auth.MessageRetryMax)
	b.fill("Code", w.code(number)).press("Verify").sees("Account")
	s.fill("Code", w.code("eve@example.org")).press("Verify").sees("Account")

	b.press("Sign out")
	w.down = true
	b.firstStep(ann).sees("Verify your account")
	sent = len(w.letters(number))
	w.wait(11 * time.Minute)
	w.down = false
	if len(w.letters(number)) != sent {
		t.Error("a code came after it had expired")
	}
	b.press("Send a new code").fill("Code", w.code(number)).press("Verify").sees("Account")
}

// TestNothingToSee: what helps the operator is for nobody outside: there are
// no profiles, no metrics, no listings and no files of the project (LG-07, CS-11).
func TestNothingToSee(t *testing.T) {
	w := newWorld(t)
	for _, b := range []*browser{w.browser(), w.browser().signUp(ann)} {
		for _, path := range []string{
			"/debug/pprof", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/metrics", "/.git/config", "/.git/HEAD", "/.env", "/static", "/static/",
			"/static/../go.mod", "/static/%2e%2e/go.mod", "/go.mod", "/data/keys", "/data/twostep.db", "/swagger", "/docs", "/admin", "/server-status",
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

// TestLog_Later: only the line of a request in which nothing was refused may
// wait; what happened to an account, and a refusal, is written at once.
func TestLog_Later(t *testing.T) {
	w, later := newWorld(t), &logBook{}
	origin, err := url.Parse(w.origin)
	if err != nil {
		t.Fatal(err)
	}
	w.site = handlers.New(w.rules, w.keys, handlers.Config{
		Name: "Acme", URL: origin, Log: slog.New(slog.NewTextHandler(w.log, nil)), BufferedLog: slog.New(slog.NewTextHandler(later, nil)),
	})
	w.browser().signUp(ann).open("/account").sees("Account")
	w.browser().try(ann, notPassword).refused(422)
	w.browser().open("/nowhere")
	if waits := later.lines("msg=request", "route=/account ", "status=200"); len(waits) == 0 {
		t.Error("no page waits for others")
	}
	for _, line := range later.lines("=") {
		if !strings.Contains(line, "msg=request") || strings.Contains(line, "reason=") {
			t.Errorf("this line waits: %s", line)
		}
	}
	for _, want := range [][]string{{"msg=account", "event=signed_up"}, {"status=422", "reason="}, {"status=404", "reason=not_found"}} {
		if len(w.log.lines(want...)) == 0 {
			t.Errorf("%v is not written at once", want)
		}
	}
}
