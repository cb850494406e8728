package handlers_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"twostep/auth"
)

// pressTwice presses a button twice on a slow line: the browser drops the first response
// with its cookies and shows the second one.
func (b *browser) pressTwice(name string) *browser {
	b.t.Helper()
	path, form := b.form(b.button(name))
	first := b.clone().request(http.MethodPost, path, form, nil).Header.Get("Location")
	second := b.request(http.MethodPost, path, form, nil).Header.Get("Location")
	if second != first {
		b.t.Errorf("%s leads to %s, and the second time to %s", name, first, second)
	}
	return b.open(second)
}

// A form that is posted twice ends where the first post ends, at every code and password
// step, and the session works.
func TestPostedTwice(t *testing.T) {
	t.Parallel()
	const fresh = "ann.new@example.org"
	site := newSite(t)
	sessions := func() int { return site.queryInt("SELECT count(*) FROM sessions") }
	wantSessions := func(n int) {
		t.Helper()
		if got := sessions(); got != n {
			t.Errorf("%d sessions, want %d", got, n)
		}
	}
	b := site.browser().open("/sign-up").fill("Email address", ann).fill("Password", password)
	b.pressTwice("Continue").wantStatus(200).wantHeading("Verify your email")
	b.fill("Code", site.lastCode(ann)).pressTwice("Verify").wantHeading("Account").wantText(ann)
	wantSessions(1)
	if n := site.queryInt("SELECT count(*) FROM users"); n != 1 {
		t.Errorf("%d accounts", n)
	}
	b.open("/account").press("Sign out")

	b.open("/sign-in?next=/account/activity").fill("Email address", ann).fill("Password", password)
	b.pressTwice("Continue").wantHeading("Activity")
	wantSessions(1)

	b.open("/account/password").fill("Current password", password).fill("New password", newPassword)
	b.pressTwice("Change password").wantStatus(200).wantHeading("Account").wantText("Password changed")
	wantSessions(1)

	site.wait(time.Minute)
	b.open("/account/email").fill("New email address", fresh).press("Change email address")
	b.fill("Code", site.lastCode(fresh)).pressTwice("Verify").wantStatus(200).wantText("Email address verified")

	b.requestSMS(number).fill("Enter code", site.lastCode(number))
	b.pressTwice("Verify").wantStatus(200).wantHeading("Phone added").press("Use for MFA").press("Done")
	b.open("/account").press("Sign out")

	site.wait(2 * time.Hour)
	b.open("/sign-in").fill("Email address", fresh).fill("Password", newPassword)
	b.pressTwice("Continue").wantStatus(200).wantHeading("Verify your account")
	b.fill("Code", site.lastCode(number)).pressTwice("Verify").wantHeading("Account")

	b.open("/account/manage-mfa/add")
	key := b.totpKey()
	b.press("Verify").fill(codeLabel, site.totpCode(key))
	b.pressTwice("Verify code").wantStatus(200).wantHeading("Success!")
	b.press("Sign out")

	site.wait(30 * time.Second)
	b.open("/account/password").wantHeading("Sign in").enterCredentials(fresh, newPassword).wantHeading("Verify your account")
	b.fill("Code", site.totpCode(key)).pressTwice("Verify").wantHeading("Password")

	site.wait(11 * time.Minute)
	b.open("/account/delete").wantHeading("Verification required").fill("Code", site.totpCode(key))
	b.pressTwice("Verify").wantStatus(200).wantHeading("Delete account")

	b.open("/account/manage-mfa/backup-codes").press("Generate")
	codes := b.backupCodes()
	b.press("Done").press("Sign out").signInWith(fresh, newPassword).fill("Code", codes[0])
	b.pressTwice("Verify").wantHeading("Account").open("/account/manage-mfa").wantText("9 backup codes")
	b.press("Sign out")

	site.wait(2 * time.Hour)
	b.open("/forgot-password").fill("Email address", fresh)
	b.pressTwice("Continue").wantStatus(200).wantHeading("Check your email")
	b.fill("Code", site.lastCode(fresh)).pressTwice("Verify").wantStatus(200).wantHeading("Set a new password")
	b.fill("New password", password).pressTwice("Set password").wantStatus(200).wantHeading("Sign in").wantText("Sign in with your new password")
	wantSessions(0)
}

// Forms that ask for a mailed code are posted at once by clients that share nothing but the
// cookie and the network: each ends at the page of the code, and one code is sent (RL-08).
func TestPostedTwice_AtOnce(t *testing.T) {
	t.Parallel()
	const bob = "bob@example.org"
	site := newSite(t)
	site.browser().signUp(ann)
	site.wait(time.Hour)
	for _, form := range []struct{ path, email, heading string }{
		{"/sign-up", bob, "Verify your email"}, {"/forgot-password", ann, "Check your email"},
	} {
		b := site.browser().open(form.path).fill("Email address", form.email)
		if form.path == "/sign-up" {
			b.fill("Password", password)
		}
		before := len(site.messages(form.email))
		racers := make([]*browser, 32)
		var group sync.WaitGroup
		for i := range racers {
			racers[i] = b.clone().from(fmt.Sprintf("203.0.113.%d:1", i+1))
			group.Go(func() { racers[i].press("Continue") })
		}
		group.Wait()
		for _, racer := range racers {
			racer.wantStatus(http.StatusOK).wantHeading(form.heading)
		}
		if sent := len(site.messages(form.email)) - before; sent != 1 {
			t.Errorf("%s: %d messages, want 1", form.path, sent)
		}
		racers[31].enterCode(site.lastCode(form.email)).wantStatus(http.StatusOK)
	}
}

// A re-authentication that an app or a page of administration demands.
func TestPostedTwice_Demanded(t *testing.T) {
	site := newAppSite(t)
	b, key := site.administrator(ann, auth.RoleAdmin)
	reauthenticate := func() *browser {
		t.Helper()
		b.wantHeading("Verification required").fill("Code", site.totpCode(key))
		return b.pressTwice("Verify")
	}
	site.wait(11 * time.Minute)
	b.open("/admin/settings")
	reauthenticate().wantHeading("Settings")
	site.wait(6 * time.Minute)
	b.goTo(adminPage)
	reauthenticate().wantHeading("Continue to ops.example.net")
	b.wantApp(b.goTo(b.continueURL()), adminPage)
}

// Both steps of a re-authentication, when the policy demands both.
func TestPostedTwice_BothFactors(t *testing.T) {
	t.Parallel()
	site := newSite(t, func(p *auth.Policy) { p.Reauth = auth.ReauthPresets["strict_mfa"] })
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	site.wait(11 * time.Minute)
	b.open("/account/delete").wantHeading("Verification required").fill("Password", password)
	path, form := b.form(b.button("Continue"))
	b.pressTwice("Continue").wantStatus(200).wantHeading("Verification required")
	site.wait(time.Minute)
	b.load(http.MethodPost, path, form).wantError(422).wantText("out of date") // long after, it is no response to the second step
	b.fill("Code", site.totpCode(key))
	b.pressTwice("Verify").wantStatus(200).wantHeading("Delete account")
}

// The token of an ended attempt is of no use with another code, after a minute, or once the
// session has ended (TO-05, SE-02, SE-07).
func TestPostedTwice_NotAnotherSession(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	begin := func() (old *browser, code string) {
		site.wait(2 * time.Hour)
		b.signIn(ann).wantHeading("Verify your account")
		old, code = b.clone(), site.totpCode(key)
		b.enterCode(code).wantHeading("Account")
		return old, code
	}
	refused := func(what string, old *browser, code string) {
		t.Helper()
		path, form := old.fill("Code", code).form(old.button("Verify"))
		got := old.fetch(http.MethodPost, path, form)
		if got.status != 422 || len(got.header["Set-Cookie"]) > 0 {
			t.Errorf("%s: %d, %s", what, got.status, got.header)
		}
		old.open("/account").wantHeading("Sign in")
	}
	old, code := begin()
	for _, guess := range []string{"000000", site.wrongTOTPCode(key), code + " ", "", "12345", "999999", "888888"} {
		refused("another code "+guess, old.clone(), guess)
	}
	other := old.clone().from("203.0.113.200:1")
	refused("after five guesses, also from another client", other, code)

	old, code = begin()
	b.open("/account").press("Sign out")
	refused("after sign-out", old.clone(), code)

	old, code = begin()
	site.wait(time.Minute)
	refused("after a minute", old.clone(), code)

	old, code = begin()
	sessions := site.queryInt("SELECT count(*) FROM sessions")
	old.clone().enterCode(code).wantHeading("Account")
	if n := site.queryInt("SELECT count(*) FROM sessions"); n != sessions {
		t.Errorf("%d sessions, want %d", n, sessions)
	}
	stranger := site.browser().signIn(ann).wantHeading("Verify your account") // the code in another browser
	stranger.enterCode(code).wantError(422)
}

// The token of a session that a change of password has replaced is of no use with other
// passwords (PW-11, SE-02).
func TestPostedTwice_PasswordChange(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := site.browser().signUp(ann).open("/account/password")
	old := b.clone()
	b.submitPasswords(password, newPassword).wantHeading("Account")
	for _, pair := range [][2]string{{password, wrongPassword}, {wrongPassword, newPassword}, {newPassword, password}} {
		old.clone().submitPasswords(pair[0], pair[1]).wantHeading("Sign in")
	}
	old.clone().submitPasswords(password, newPassword).wantHeading("Account")
	site.wait(time.Minute)
	old.clone().submitPasswords(password, newPassword).wantHeading("Sign in")
	site.browser().signInWith(ann, newPassword).wantHeading("Account")
}
