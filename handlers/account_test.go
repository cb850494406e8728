package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// A change of email address waits for the code sent to the new one. The old one
// is notified and can cancel it (RC-08, RC-09).
func TestEmail(t *testing.T) {
	site := newSite(t)
	const fresh, second = "ann.new@example.org", "ann.home@example.net"
	b := site.browser().signUp(ann)
	site.browser().signUp("eve@example.org")
	b.open("/account").follow("Email address").wantHeading("Email address").wantText(ann)
	for _, bad := range []string{"", "nonsense", "ANN@example.org"} {
		b.fill("New email address", bad).press("Change email address").wantError(422).wantHeading("Email address")
	}
	b.fill("New email address", fresh).press("Change email address").wantText(fresh)
	code := site.lastCode(fresh)
	stop := site.stopPath(ann)
	site.browser().signIn(ann).wantHeading("Account") // nothing has changed yet
	site.browser().signIn(fresh).wantError(422)

	signedOut := site.browser().open(stop).wantHeading("Cancel the email address change")
	signedOut.open(stop) // opening the link cancels nothing
	b.open("/account/email").wantText(fresh)
	signedOut.press("Cancel the change").wantHeading("Sign in")
	signedOut.open(stop).wantStatus(http.StatusNotFound).wantText("This change was cancelled on").wantNoText(ann)
	b.open(stop).wantStatus(http.StatusNotFound).wantText("The email address of your account is now " + ann)
	b.open("/account/email").wantNoText(fresh)
	site.wait(time.Minute)
	b.changeEmail(fresh)
	b.enterCode(code).wantError(422) // of the cancelled change
	other := site.browser().signIn(ann).wantHeading("Account")
	b.enterCode(site.lastCode(fresh)).wantHeading("Email address").wantText(fresh)
	other.open("/account").wantHeading("Sign in")
	site.browser().signIn(ann).wantError(422)
	site.browser().signIn(fresh).wantHeading("Account")
	if !strings.Contains(lastBody(site.messages(ann)), fresh) || !strings.Contains(allBodies(site.messages(fresh)), fresh) {
		t.Errorf("notices: %q, %q", lastBody(site.messages(ann)), lastBody(site.messages(fresh)))
	}

	b.open("/account/email").fill("Second email address", second).press("Add email address").enterCode(site.lastCode(second)).wantText(second)
	site.wait(time.Minute)
	before := len(site.messages(second))
	b.addTOTP()
	if len(site.messages(second)) != before+1 {
		t.Error("no notice of a new factor to the second email address")
	}
	site.browser().signIn(second).wantError(422) // it is for notices only
	b.open("/account/email").press("Remove").wantNoText(second)

	b.fill("New email address", "eve@example.org").press("Change email address").wantText("eve@example.org") // taken: looks the same
	if sixDigits.MatchString(lastBody(site.messages("eve@example.org"))) {
		t.Error("code sent to a taken email address")
	}
}

// The link that stops a change of address says how the change has ended, also to a visitor
// who is signed out: it was mailed to the address of the account (RC-09).
func TestStopEmailChange_TooLate(t *testing.T) {
	t.Parallel()
	const fresh, second = "ann.new@example.org", "ann.home@example.net"
	for name, row := range map[string]struct {
		end  func(site *testSite, b *browser)
		want string
	}{
		"made": {
			func(site *testSite, b *browser) { b.enterCode(site.lastCode(fresh)).wantText("Email address verified") },
			"It is too late to cancel with this link: your email address was changed to " + fresh + " on 1 March 2027",
		},
		"cancelled": {func(_ *testSite, b *browser) { b.press("Cancel the change") }, "This change was cancelled on 1 March 2027"},
		"reset": {func(site *testSite, b *browser) {
			reset := site.browser().startReset(ann)
			reset.enterCode(site.lastCode(ann)).setPassword(newPassword).wantHeading("Sign in")
		}, "This change was cancelled when your password was reset on 1 March 2027"},
		"expired": {
			func(site *testSite, _ *browser) { site.wait(auth.StopTokenLifetime) },
			"Your email address was not changed: " + fresh + " was not verified in time",
		},
	} {
		site := newSite(t)
		b := site.browser().signUp(ann)
		b.changeEmail(fresh)
		stop := site.stopPath(ann)
		site.wait(time.Minute)
		row.end(site, b)
		late := site.browser().open(stop).wantStatus(http.StatusNotFound).wantText(row.want)
		if late.has("Cancel the change") || !late.has("change your password") {
			t.Errorf("%s: %s", name, late.text())
		}
		site.browser().open(stop + "x").wantStatus(http.StatusNotFound).wantText("It is too late to cancel with this link. The change has been made or cancelled")
	}
	site := newSite(t) // two requests, the first of which was not cancelled
	b := site.browser().signUp(ann)
	b.changeEmail(fresh)
	first := site.stopPath(ann)
	site.wait(time.Minute)
	page := b.clone().open("/account/email")
	form := url.Values{"token": {page.formToken()}, "action": {"change"}, "email": {second}}
	if got := page.fetch(http.MethodPost, "/account/email", form); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	site.browser().open(first).wantStatus(http.StatusNotFound).wantText("Another change replaced this one on 1 March 2027")
	site.browser().open(site.stopPath(ann)).wantStatus(http.StatusOK).wantText(second).press("Cancel the change")
}

// The user can end one or all other sessions, at once (SE-08).
func TestSessions(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	second := site.browser().signIn(ann).wantHeading("Account")
	third := site.browser().signIn(ann).wantHeading("Account")
	b.open("/account/sessions").wantHeading("Active devices").wantText("This device").wantText("Firefox on Linux").wantText("203.0.113.7")
	buttons := b.page.Find("button[value^='end:']")
	if buttons.Length() != 2 {
		t.Fatalf("%d other devices, want 2", buttons.Length())
	}
	eve := site.browser().signUp("eve@example.org").open("/account/sessions")
	form := url.Values{"token": {eve.formToken()}, "action": {buttons.First().AttrOr("value", "")}}
	if r := eve.request(http.MethodPost, "/account/sessions", form, nil); r.StatusCode != http.StatusNotFound {
		t.Errorf("another user's session: %d", r.StatusCode)
	}
	b.press("Sign out device")
	ended := 0
	for _, other := range []*browser{second, third} {
		if other.open("/account"); other.url.Path == "/sign-in" {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("%d sessions ended, want 1", ended)
	}
	b.open("/account/sessions").press("Sign out all other devices")
	second.open("/account").wantHeading("Sign in")
	third.open("/account").wantHeading("Sign in")
	b.open("/account").wantHeading("Account")
}

// Audit events are listed newest first, in pages (LG-04).
func TestActivity(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.addTOTP()
	b.open("/account").follow("Activity").wantHeading("Activity").wantText("203.0.113.7").wantText("Firefox on Linux")
	for range 30 {
		site.wait(time.Second)
		b.open("/account/sessions")
		b.load(http.MethodPost, "/account/sessions", url.Values{"token": {b.formToken()}, "action": {"end_others"}})
	}
	b.open("/account/activity").follow("Older").wantHeading("Activity").wantText("app")
	eve := site.browser().signUp("eve@example.org")
	eve.open(b.url.RequestURI()).wantNoText("app was added") // another user's events
}

// Deletion needs a typed confirmation and removes everything at once (SE-10).
func TestDelete(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").press("Done")
	other := b.clone()
	b.open("/account").follow("Delete account").wantHeading("Delete account")
	for _, typed := range []string{"", "delete", "eve@example.org"} {
		b.fill("Type your email address to confirm", typed).press("Delete account").wantError(422)
	}
	b.fill("Type your email address to confirm", "Ann@Example.ORG").press("Delete account").wantHeading("Sign in")
	other.open("/account").wantHeading("Sign in")
	b.signIn(ann).wantError(422)
	if strings.Contains(site.accountData(), ann) || strings.Contains(site.accountData(), number) {
		t.Errorf("data left:\n%s", site.accountData())
	}
	if !strings.Contains(lastBody(site.messages(ann)), "deleted") {
		t.Errorf("notice: %q", lastBody(site.messages(ann)))
	}
	site.wait(time.Hour)
	site.browser().signUp(ann) // the email address is free again
}

// The user is notified of a sign-in from a new device and of wrong codes after a
// correct password. No notice contains a code (RC-07, RC-11).
func TestNotices(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	count := func() int { return len(site.messages(ann)) }
	before := count()
	b.press("Sign out").signIn(ann).enterCode(site.totpCode(key)).wantHeading("Account")
	if count() != before {
		t.Errorf("notice for a known device: %q", lastBody(site.messages(ann)))
	}
	site.wait(time.Minute)
	other := site.browser().signIn(ann)
	other.enterCode(site.totpCode(key)).wantHeading("Account")
	if count() != before+1 || !strings.Contains(lastBody(site.messages(ann)), "203.0.113.8") {
		t.Errorf("notice for a new device: %q", lastBody(site.messages(ann)))
	}
	attacker := site.browser().signIn(ann)
	for range 7 {
		attacker.enterCode("000000")
	}
	if got := count(); got != before+3 { // one for the wrong code, one for the limit
		t.Errorf("%d notices about wrong codes, want 2", got-before-1)
	}
	for _, m := range site.messages(ann)[before:] {
		if sixDigits.MatchString(m.body) || !strings.Contains(m.body, "If not, ") {
			t.Errorf("notice: %q", m.body)
		}
	}
}

// Before a session expires for inactivity, a page warns and offers to stay
// signed in (AX-10, SE-05).
func TestSession_IdleWarning(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	refresh := func() (seconds, to string) {
		seconds, to, _ = strings.Cut(b.header.Get("Refresh"), "; url=")
		return seconds, to
	}
	b.open("/account/manage-mfa")
	seconds, to := refresh()
	if seconds != "3480" || to != "/account/idle?next=%2Faccount%2Fmanage-mfa" {
		t.Fatalf("Refresh: %s to %s", seconds, to)
	}
	site.wait(58 * time.Minute)
	b.open(to).wantHeading("Are you still there?").press("Stay signed in").wantHeading("User MFA Settings")
	site.wait(58 * time.Minute)
	b.open(to).wantHeading("Are you still there?").open(to) // the warning page is no activity
	late := b.clone()
	site.wait(3 * time.Minute)
	late.press("Stay signed in").wantHeading("Sign in").wantText("not active")
	b.open(to).wantHeading("Sign in").open("/account").wantHeading("Sign in")

	b.signIn(ann)
	for range 23 {
		site.wait(59 * time.Minute)
		if b.open("/account/manage-mfa"); b.header.Get("Refresh") != seconds+"; url="+to {
			t.Fatalf("Refresh: %s; each page has the full time", b.header.Get("Refresh"))
		}
	}
	site.wait(59 * time.Minute)
	b.open("/account").wantHeading("Account")
	if seconds, to := refresh(); seconds+to != "" { // activity cannot extend the session beyond its lifetime
		t.Errorf("Refresh: %s to %s", seconds, to)
	}
}
