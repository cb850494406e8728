package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// Each database call of a sign-in by password and TOTP fails in turn: once before it
// does anything, once after, so that only its result is lost. Every failure shows the
// error page, signs nobody in and keeps the cookie. A code is consumed together with
// the creation of a session or not at all. The next sign-in succeeds (ST-08, ST-09).
func TestFault_EachCall(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	b.press("Sign out")
	site.faulty = &faultyStore{real: site.store}
	site.restart()
	for name, fault := range map[string]func(context.Context, func() error) error{"fails before": failBefore, "fails after": failAfter} {
		site.faulty.fault = fault
		calls := map[string]int{}
		for n := 1; ; n++ {
			failed := site.signInWithFault(b, key, n)
			if failed == "" {
				break
			}
			if calls[failed]++; t.Failed() {
				t.Fatalf("%s %s", failed, name)
			}
		}
		if len(calls) != 10 {
			t.Errorf("%s: %v, want ten calls", name, calls)
		}
	}
}

// signInWithFault signs in and out while database call number n fails. It returns
// the name of the call, or an empty string if there are fewer calls.
func (site *testSite) signInWithFault(b *browser, key string, n int) (failed string) {
	site.t.Helper()
	site.faulty.calls, site.faulty.failed = 0, ""
	for _, step := range []struct {
		name   string
		method string
		status int
	}{{"Continue", http.MethodPost, 303}, {"Verify", http.MethodPost, 303}, {"/account", http.MethodGet, 200}} {
		path, form := step.name, url.Values(nil)
		switch step.name {
		case "Continue":
			site.wait(time.Minute)
			b.open("/sign-in").fill("Email address", ann).fill("Password", password)
			path, form = b.form(b.button(step.name))
		case "Verify":
			b.open("/sign-in").fill("Code", site.totpCode(key))
			path, form = b.form(b.button(step.name))
		}
		before, cookie := site.lastStepAndSessions(), b.cookie()
		site.faulty.failAt = n
		got := b.fetch(step.method, path, form)
		site.faulty.failAt = 0
		if failed == "" && site.faulty.failed != "" {
			failed = site.faulty.failed
			if got.status != 500 || requestID.FindString(got.text()) == "" || b.cookie() != cookie {
				site.t.Errorf("%s: %d %s", failed, got.status, got.text())
			}
			if in := b.fetch(http.MethodGet, "/account", nil); (in.status == 200) != (step.name == "/account") {
				site.t.Errorf("/account after %s: %d", step.name, in.status)
			}
			after := site.lastStepAndSessions()
			if (after[0] > before[0]) != (after[1] > before[1]) {
				site.t.Errorf("last step and sessions: %v before, %v after", before, after)
			}
			got = b.fetch(step.method, path, form)
			if after != before && site.lastStepAndSessions() != after { // the form leads to the session that it began
				site.t.Errorf("a code was used twice: %v, %v", after, site.lastStepAndSessions())
			}
		}
		if got.status != step.status {
			site.t.Fatalf("%s: %d %s", step.name, got.status, got.text())
		}
	}
	b.open("/account").press("Sign out").wantHeading("Sign in")
	return failed
}

// lastStepAndSessions returns the last consumed TOTP step and the number of sessions.
func (site *testSite) lastStepAndSessions() [2]int {
	site.t.Helper()
	return [2]int{site.queryInt("SELECT last_step FROM totp"), site.queryInt("SELECT count(*) FROM sessions")}
}

// What cannot be read is not taken for something that does not exist: no page says that a
// link has expired, or leads away, because of a fault.
func TestFault_NotAbsence(t *testing.T) {
	site := newSite(t, withRecovery)
	out, in := site.browser().open("/sign-in"), site.browser().signUp(ann)
	for _, row := range []struct {
		b           *browser
		path, table string
		otherwise   int
	}{
		{out, "/account/email/stop?token=x", "email_enrolments", http.StatusNotFound},
		{out, "/account/email/stop?token=x", "audit_events", http.StatusNotFound},
		{out, "/recovery", "attempts", http.StatusSeeOther},
		{in, "/account/verify", "attempts", http.StatusSeeOther},
	} {
		row.b.fetchRaw(http.MethodGet, row.path, nil).wantStatus(row.otherwise)
		site.exec("ALTER TABLE " + row.table + " RENAME TO lost")
		row.b.fetchRaw(http.MethodGet, row.path, nil).wantStatus(http.StatusInternalServerError)
		site.exec("ALTER TABLE lost RENAME TO " + row.table)
	}
}

// If the database hangs, a request fails after its timeout and signs nobody out (LG-05).
func TestFault_DatabaseHangs(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	site.faulty, site.requestTimeout = &faultyStore{real: site.store, fault: hang, failAt: 1}, 50*time.Millisecond
	site.restart()
	cookie := b.cookie()
	got := b.fetch(http.MethodGet, "/account", nil)
	if got.status != 503 || requestID.FindString(got.text()) == "" || b.cookie() != cookie {
		t.Errorf("%d %s", got.status, got.text())
	}
	site.faulty, site.requestTimeout = nil, 0
	site.restart()
	b.open("/account").wantHeading("Account")
}

// A TOTP key that fails to decrypt is an internal error: it is logged, and no code is
// valid. A backup code still is (ST-09).
func TestFault_UndecryptableTOTPKey(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, codes := b.addTOTP()
	b.press("Sign out").signIn(ann).wantHeading("Verify your account")
	site.exec("UPDATE totp SET secret = substr(secret, 1, length(secret) - 1)")
	path, form := b.form(b.button("Verify"))
	for _, code := range []string{site.totpCode(key), site.wrongTOTPCode(key)} {
		form.Set("code", code)
		got := b.fetch(http.MethodPost, path, form)
		id := requestID.FindStringSubmatch(got.text())
		if got.status != 500 || id == nil || len(site.log.linesWith("msg=fault", "request_id="+id[1], "find TOTP secret")) != 1 {
			t.Errorf("%d %s", got.status, got.text())
		}
	}
	b.open("/account").wantHeading("Verify your account").enterCode(codes[0]).wantHeading("Account")
}
