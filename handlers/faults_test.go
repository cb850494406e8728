package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// TestFault_EachCall breaks each call to the database of a sign-in by password
// and app in turn: before it did anything, and after it did, so that only the
// answer is lost. Whatever breaks is answered by the page for faults, signs
// nobody in and takes no cookie away; a code is spent together with a session
// or not at all; and then the right answers sign in (ST-08, ST-09).
func TestFault_EachCall(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, _ := b.addApp()
	b.press("Sign out")
	w.brittle = &brittle{real: w.store}
	w.restart()
	for name, how := range map[string]func(context.Context, func() error) error{"fails": fails, "is lost": isLost} {
		w.brittle.how = how
		broken := map[string]int{}
		for call := 1; ; call++ {
			broke := w.signInBroken(b, key, call)
			if broke == "" {
				break
			}
			if broken[broke]++; t.Failed() {
				t.Fatalf("where %s %s", broke, name)
			}
		}
		if len(broken) != 9 {
			t.Errorf("%s: %v", name, broken)
		}
	}
}

// signInBroken signs in and out while one call of it breaks, and returns which
// that was; none where there are not so many.
func (w *world) signInBroken(b *browser, key string, call int) (broke string) {
	w.t.Helper()
	w.brittle.calls, w.brittle.broke = 0, ""
	for _, step := range []struct {
		name   string
		method string
		status int
	}{{"Continue", http.MethodPost, 303}, {"Verify", http.MethodPost, 303}, {"/account", http.MethodGet, 200}} {
		path, form := step.name, url.Values(nil)
		switch step.name {
		case "Continue":
			w.wait(time.Minute)
			b.open("/sign-in").fill("Email address", ann).fill("Password", password)
			path, form = b.form(b.button(step.name))
		case "Verify":
			b.open("/sign-in").fill("Code", w.app(key))
			path, form = b.form(b.button(step.name))
		}
		before, cookie := w.spent(), b.cookie()
		w.brittle.breaks = call
		got := b.alone(step.method, path, form)
		w.brittle.breaks = 0
		if broke == "" && w.brittle.broke != "" {
			broke = w.brittle.broke
			if got.status != 500 || requestID.FindString(got.text()) == "" || b.cookie() != cookie {
				w.t.Errorf("%s: %d %s", broke, got.status, got.text())
			}
			if in := b.alone(http.MethodGet, "/account", nil); (in.status == 200) != (step.name == "/account") {
				w.t.Errorf("after %s it is %d", step.name, in.status)
			}
			after := w.spent()
			if (after[0] > before[0]) != (after[1] > before[1]) {
				w.t.Errorf("codes and sessions were %v, and are %v", before, after)
			}
			got = b.alone(step.method, path, form)
			if after != before { // the code is spent, and with it the attempt; the session is nobody's
				if got.status != 422 {
					w.t.Errorf("a spent code again: %d", got.status)
				}
				w.wait(30 * time.Second)
				b.firstStep(ann).fill("Code", w.app(key)).press("Verify").sees("Account")
				continue
			}
		}
		if got.status != step.status {
			w.t.Fatalf("%s: %d %s", step.name, got.status, got.text())
		}
	}
	b.open("/account").press("Sign out").sees("Sign in")
	return broke
}

// spent is the last step of the app that was used, and how many sessions began.
func (w *world) spent() [2]int {
	w.t.Helper()
	return [2]int{w.count("SELECT last_step FROM totp"), w.count("SELECT count(*) FROM sessions")}
}

// TestFault_Hangs: a database that does not answer keeps nobody waiting for
// longer than the site is patient, and signs nobody out (LG-05).
func TestFault_Hangs(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	w.brittle, w.patience = &brittle{real: w.store, how: hangs, breaks: 1}, 50*time.Millisecond
	w.restart()
	cookie := b.cookie()
	lost := b.alone(http.MethodGet, "/account", nil)
	if lost.status != 503 || requestID.FindString(lost.text()) == "" || b.cookie() != cookie {
		t.Errorf("%d %s", lost.status, lost.text())
	}
	w.brittle, w.patience = nil, 0
	w.restart()
	b.open("/account").sees("Account")
}

// TestFault_KeyDoesNotOpen: an app's key that the ring does not open is a fault
// of ours, which is logged and lets nobody in, whatever he types; a backup code
// still does (ST-09).
func TestFault_KeyDoesNotOpen(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, codes := b.addApp()
	b.press("Sign out").firstStep(ann).sees("Verify your account")
	w.write("UPDATE totp SET secret = substr(secret, 1, length(secret) - 1)")
	path, form := b.form(b.button("Verify"))
	for _, code := range []string{w.app(key), w.wrong(key)} {
		form.Set("code", code)
		got := b.alone(http.MethodPost, path, form)
		id := requestID.FindStringSubmatch(got.text())
		if got.status != 500 || id == nil || len(w.log.lines("msg=fault", "request_id="+id[1], "find TOTP secret")) != 1 {
			t.Errorf("%d %s", got.status, got.text())
		}
	}
	b.open("/account").sees("Verify your account").fill("Code", codes[0]).press("Verify").sees("Account")
}
