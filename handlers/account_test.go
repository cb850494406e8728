package handlers_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestEmail: a change waits for the code at the new address; the old one is
// told and can stop it (RC-08, RC-09).
func TestEmail(t *testing.T) {
	w := newWorld(t)
	const fresh, second = "ann.new@example.org", "ann.home@example.net"
	b := w.browser().signUp(ann)
	w.browser().signUp("eve@example.org")
	b.open("/account").follow("Email address").sees("Email address").reads(ann)
	for _, bad := range []string{"", "nonsense", "ANN@example.org"} {
		b.fill("New email address", bad).press("Change email address").refused(422).sees("Email address")
	}
	b.fill("New email address", fresh).press("Change email address").reads(fresh)
	code := w.code(fresh)
	stop := stopLink.FindString(lastBody(w.letters(ann)))
	if stop == "" {
		t.Fatalf("the old address got no way to stop it: %q", lastBody(w.letters(ann)))
	}
	w.browser().firstStep(ann).sees("Account") // nothing has changed yet
	w.browser().firstStep(fresh).refused(422)

	stranger := w.browser().open(strings.TrimPrefix(stop, w.origin)).sees("Cancel the email address change")
	stranger.open(strings.TrimPrefix(stop, w.origin)) // looking stops nothing
	b.open("/account/email").reads(fresh)
	stranger.press("Cancel the change").sees("Sign in")
	if stranger.open(strings.TrimPrefix(stop, w.origin)); stranger.status != http.StatusNotFound {
		t.Errorf("a stop link works twice: %d", stranger.status)
	}
	b.open("/account/email").readsNot(fresh)
	w.wait(time.Minute)
	b.open("/account/email").fill("New email address", fresh).press("Change email address")
	b.fill("Code", code).press("Verify").refused(422) // of the change that was stopped
	other := w.browser().firstStep(ann).sees("Account")
	b.fill("Code", w.code(fresh)).press("Verify").sees("Email address").reads(fresh)
	other.open("/account").sees("Sign in")
	w.browser().firstStep(ann).refused(422)
	w.browser().firstStep(fresh).sees("Account")
	if !strings.Contains(lastBody(w.letters(ann)), fresh) || !strings.Contains(allBodies(w.letters(fresh)), fresh) {
		t.Errorf("told: %q, %q", lastBody(w.letters(ann)), lastBody(w.letters(fresh)))
	}

	b.open("/account/email").fill("Second email address", second).press("Add email address").fill("Code", w.code(second)).press("Verify").reads(second)
	w.wait(time.Minute)
	told := len(w.letters(second))
	b.addApp()
	if len(w.letters(second)) != told+1 {
		t.Error("the second address was not told of a factor")
	}
	w.browser().firstStep(second).refused(422) // it signs nobody in
	b.open("/account/email").press("Remove").readsNot(second)

	b.fill("New email address", "eve@example.org").press("Change email address").reads("eve@example.org") // taken: looks the same
	if sixDigits.MatchString(lastBody(w.letters("eve@example.org"))) {
		t.Error("a taken address got a code")
	}
}

var stopLink = regexp.MustCompile(`https://id\.example\.org/account/email/stop\?token=[\w-]+`)

func lastBody(letters []letter) string {
	if len(letters) == 0 {
		return ""
	}
	return letters[len(letters)-1].body
}

// TestSessions: this device first; one or all others end at once (SE-08).
func TestSessions(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	second := w.browser().firstStep(ann).sees("Account")
	third := w.browser().firstStep(ann).sees("Account")
	b.open("/account/sessions").sees("Active devices").reads("This device").reads("Firefox on Linux").reads("203.0.113.7")
	buttons := b.page.Find("button[value^='end:']")
	if buttons.Length() != 2 {
		t.Fatalf("%d other devices", buttons.Length())
	}
	eve := w.browser().signUp("eve@example.org").open("/account/sessions")
	form := url.Values{"token": {eve.token()}, "action": {buttons.First().AttrOr("value", "")}}
	if r := eve.request(http.MethodPost, "/account/sessions", form, nil); r.StatusCode != http.StatusNotFound {
		t.Errorf("another person's session: %d", r.StatusCode)
	}
	b.press("Sign out this device")
	ended := 0
	for _, other := range []*browser{second, third} {
		if other.open("/account"); other.url.Path == "/sign-in" {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("%d sessions ended", ended)
	}
	b.open("/account/sessions").press("Sign out all other devices")
	second.open("/account").sees("Sign in")
	third.open("/account").sees("Sign in")
	b.open("/account").sees("Account")
}

// TestActivity: what happened, newest first, by page (LG-04).
func TestActivity(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.addApp()
	b.open("/account").follow("Activity").sees("Activity").reads("203.0.113.7").reads("Firefox on Linux")
	for range 30 {
		w.wait(time.Second)
		b.open("/account/sessions")
		path, form := "/account/sessions", url.Values{"token": {b.token()}, "action": {"end_others"}}
		b.load(http.MethodPost, path, form)
	}
	b.open("/account/activity").follow("Older").sees("Activity").reads("app")
	eve := w.browser().signUp("eve@example.org")
	eve.open(b.url.RequestURI()).readsNot("app was added") // another person's history is not to be had
}

// TestDelete: typed confirmation, everything gone at once (SE-10).
func TestDelete(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").press("Done")
	other := b.clone()
	b.open("/account").follow("Delete account").sees("Delete account")
	for _, typed := range []string{"", "delete", "eve@example.org"} {
		b.fill("Type your email address to confirm", typed).press("Delete account").refused(422)
	}
	b.fill("Type your email address to confirm", "Ann@Example.ORG").press("Delete account").sees("Sign in")
	other.open("/account").sees("Sign in")
	b.firstStep(ann).refused(422)
	if strings.Contains(w.facts(), ann) || strings.Contains(w.facts(), number) {
		t.Errorf("something is left:\n%s", w.facts())
	}
	if !strings.Contains(lastBody(w.letters(ann)), "deleted") {
		t.Errorf("told: %q", lastBody(w.letters(ann)))
	}
	w.wait(time.Hour)
	w.browser().signUp(ann) // the address is free again
}

// TestNotices: a sign-in from a browser not seen before, and what a thief of a
// password does, are told; none of it holds a code (RC-07, RC-11).
func TestNotices(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, _ := b.addApp()
	count := func() int { return len(w.letters(ann)) }
	before := count()
	b.press("Sign out").firstStep(ann).fill("Code", w.app(key)).press("Verify").sees("Account")
	if count() != before {
		t.Errorf("a known browser was told of: %q", lastBody(w.letters(ann)))
	}
	w.wait(time.Minute)
	other := w.browser().firstStep(ann)
	other.fill("Code", w.app(key)).press("Verify").sees("Account")
	if count() != before+1 || !strings.Contains(lastBody(w.letters(ann)), "203.0.113.8") {
		t.Errorf("a new browser: %q", lastBody(w.letters(ann)))
	}
	thief := w.browser().firstStep(ann)
	for range 7 {
		thief.fill("Code", "000000").press("Verify")
	}
	if got := count(); got != before+3 { // once for the wrong code, once for the brake
		t.Errorf("%d letters about the thief", got-before-1)
	}
	for _, l := range w.letters(ann)[before:] {
		if sixDigits.MatchString(l.body) || !strings.Contains(l.body, "If not, ") {
			t.Errorf("the notice %q", l.body)
		}
	}
}

// TestIdle: the page that nobody touches warns, and offers to stay (AX-10, SE-05).
func TestIdle(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	refresh := func() (seconds, to string) {
		seconds, to, _ = strings.Cut(b.header.Get("Refresh"), "; url=")
		return seconds, to
	}
	b.open("/account/manage-mfa")
	seconds, to := refresh()
	if seconds != "3480" || to != "/account/idle?next=%2Faccount%2Fmanage-mfa" {
		t.Fatalf("refreshes after %s to %s", seconds, to)
	}
	w.wait(58 * time.Minute)
	b.open(to).sees("Are you still there?").press("Stay signed in").sees("User MFA Settings")
	w.wait(58 * time.Minute)
	b.open(to).sees("Are you still there?").open(to) // to look at it is no sign of life
	w.wait(3 * time.Minute)
	b.open(to).sees("Sign in").open("/account").sees("Sign in")
}
