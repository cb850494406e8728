package handlers_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"twostep/auth"
)

const (
	wanted   = "/account/activity"
	newcomer = "new@example.org"
)

// wantWanted checks that the browser has arrived at the page that it was redirected from.
func (b *browser) wantWanted() {
	b.t.Helper()
	b.wantHeading("Activity")
}

// Every way in ends at the page that the user asked for, also by the links between the
// pages, after Start over, and in a tab whose URL has lost it.
func TestNext(t *testing.T) {
	const start = "/sign-in?next=%2Faccount%2Factivity"
	for name, journey := range map[string]func(site *testSite, b *browser){
		"sign-in": func(site *testSite, b *browser) {
			b.open(wanted).wantHeading("Sign in").enterCredentials(ann, password).wantWanted()
		},
		"second step": func(site *testSite, b *browser) {
			key, _ := site.browser().open("/sign-in").enterCredentials(ann, password).addTOTP()
			site.wait(time.Minute)
			b.open(wanted).enterCredentials(ann, password).wantHeading("Verify your account")
			b.press("Start over").wantHeading("Sign in").enterCredentials(ann, password)
			b.open("/sign-in").enterCode(site.totpCode(key)).wantWanted()
		},
		"sign-up": func(site *testSite, b *browser) {
			b.open(wanted).follow("Sign up").wantHeading("Sign up").follow("Sign in").wantHeading("Sign in")
			b.follow("Sign up").enterCredentials(newcomer, password).wantHeading("Verify your email")
			site.wait(time.Minute)
			b.press("Send a new code").press("Start over").wantHeading("Sign up")
			site.wait(time.Minute)
			b.enterCredentials(newcomer, password).wantHeading("Verify your email")
			b.enterCode(site.lastCode(newcomer)).wantWanted()
		},
		"sign-up, without the query": func(site *testSite, b *browser) {
			b.open(wanted).follow("Sign up").enterCredentials(newcomer, password)
			b.open("/sign-up").enterCode(site.lastCode(newcomer)).wantWanted()
		},
		"forgotten password": func(site *testSite, b *browser) {
			b.open(start).follow("Forgot password?").follow("Back to sign in").follow("Forgot password?")
			b.fill("Email address", ann).press("Continue").wantHeading("Check your email").press("Start over").wantHeading("Reset your password")
			site.wait(time.Minute)
			b.fill("Email address", ann).press("Continue").enterCode(site.lastCode(ann))
			b.setPassword(newPassword).wantHeading("Sign in").fill("Password", newPassword).press("Continue").wantWanted()
		},
		"forgotten password, without the query": func(site *testSite, b *browser) {
			b.open(start).follow("Forgot password?").fill("Email address", ann).press("Continue")
			b.open("/forgot-password").enterCode(site.lastCode(ann))
			b.open("/forgot-password").setPassword(newPassword).enterCredentials(ann, newPassword).wantWanted()
		},
		"re-authentication": func(site *testSite, b *browser) {
			b.signIn(ann)
			site.wait(20 * time.Minute)
			b.open("/account/sessions").wantHeading("Verification required")
			b.open("/account/verify").reauthenticate("").wantHeading("Active devices") // of the attempt
		},
		"inactivity": func(site *testSite, b *browser) {
			b.signIn(ann).open(wanted)
			site.wait(2 * time.Hour)
			b.open("/account/idle?next="+url.QueryEscape(wanted)).wantHeading("Sign in").enterCredentials(ann, password).wantWanted()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newSite(t)
			site.browser().signUp(ann)
			site.wait(time.Minute)
			journey(site, site.browser())
		})
	}
}

// A session with a pending task continues at the page that the user asked for when the task
// is done, and only once.
func TestNext_Tasks(t *testing.T) {
	changePassword := func(b *browser) *browser {
		b.t.Helper()
		return b.wantHeading("Password").fill("Current password", password).fill("New password", newPassword).press("Change password")
	}
	for name, journey := range map[string]func(site *testSite, b *browser){
		"a new password": func(site *testSite, b *browser) {
			changePassword(b.open(wanted).enterCredentials(ann, password)).wantWanted()
		},
		"a new password, posted twice": func(site *testSite, b *browser) {
			b.open(wanted).enterCredentials(ann, password).fill("Current password", password).fill("New password", newPassword)
			second := b.clone()
			b.post(b.form(b.button("Change password")))
			second.press("Change password").wantWanted()
		},
		"an app": func(site *testSite, b *browser) {
			site.restart(requireMFA)
			changePassword(b.open(wanted).enterCredentials(ann, password)).wantHeading("Set up two-step verification")
			key := b.follow("Authenticator application").totpKey()
			b.press("Verify").enterTOTP(site.totpCode(key))
			b.press("Finish").wantHeading("Success!").open("/account/manage-mfa/add").follow("Continue").wantWanted()
		},
		"a phone": func(site *testSite, b *browser) {
			site.restart(requireMFA)
			changePassword(b.open(wanted).enterCredentials(ann, password)).wantHeading("Set up two-step verification")
			b.addPhone(number).press("Use for MFA").press("Done").wantWanted()
		},
		"links of the task's pages": func(site *testSite, b *browser) {
			site.restart(requireMFA)
			changePassword(b.open(wanted).enterCredentials(ann, password)).open("/account/sessions").wantHeading("Set up two-step verification")
			b.addPhone(number).press("Use for MFA").press("Done").wantWanted()
		},
		"a phone, without backup codes": func(site *testSite, b *browser) {
			site.restart(requireMFA, func(p *auth.Policy) { p.Factors = []auth.FactorKind{auth.PhoneCode} })
			changePassword(b.open(wanted).enterCredentials(ann, password))
			b.addPhone(number).press("Use for MFA").wantWanted()
		},
		"done in another tab": func(site *testSite, b *browser) {
			site.restart(requireMFA)
			changePassword(b.open(wanted).enterCredentials(ann, password)).wantHeading("Set up two-step verification")
			b.addPhone(number).press("Use for MFA").open("/account/manage-mfa/backup-codes")
			b.clone().press("Done")
			b.open("/account/setup-mfa").wantHeading("Account")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newSite(t)
			site.browser().signUp(ann)
			site.requirePasswordChange(ann)
			site.wait(time.Minute)
			b := site.browser()
			journey(site, b)
			b.open("/account/setup-mfa").wantHeading("Account") // nothing is needed
			done := b.has("Devices")
			site.requirePasswordChange(ann)
			if b.open("/account"); b.has("Devices") || !done {
				t.Error("the sections are shown during the task, or not afterwards")
			}
			b.wantHeading("Password").fill("Current password", newPassword).fill("New password", password)
			b.press("Change password").wantHeading("Account")
		})
	}
}

// A stranger's link cannot send users elsewhere by any of these ways.
func TestNext_OtherSite(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(ann)
	site.wait(time.Minute)
	for i, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "/account/../sign-out"} {
		b := site.browser().open("/sign-in?next=" + url.QueryEscape(next))
		b.follow("Forgot password?").fill("Email address", ann).press("Continue").enterCode(site.lastCode(ann))
		fresh := password + next
		b.setPassword(fresh).fill("Password", fresh).press("Continue").wantHeading("Account")
		b = site.browser().open("/sign-in?next=" + url.QueryEscape(next)).follow("Sign up")
		email := fmt.Sprintf("new%d@example.org", i)
		b.enterCredentials(email, password).enterCode(site.lastCode(email)).wantHeading("Account")
		site.wait(time.Hour)
	}
}
