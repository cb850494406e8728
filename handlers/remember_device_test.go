package handlers_test

import (
	"testing"
	"time"

	"twostep/auth"
)

const rememberLabel = "Remember this device"

// rememberSite is a site on which devices can be remembered for a week, with a browser that
// is signed in and remembered, and the key of the account's app.
func rememberSite(t *testing.T) (site *testSite, b *browser, key string) {
	t.Helper()
	site = newSite(t, func(p *auth.Policy) { p.RememberDevice = 7 * 24 * time.Hour })
	b = site.browser().signUp(ann)
	key, _ = b.addTOTP()
	b.press("Sign out")
	b.signInRemembering(key)
	return site, b, key
}

// signInRemembering signs in and asks that the device be remembered.
func (b *browser) signInRemembering(key string) *browser {
	b.t.Helper()
	b.site.wait(time.Minute)
	b.signIn(ann).wantHeading("Verify your account").fill(rememberLabel, "1")
	return b.enterCode(b.site.totpCode(key)).wantHeading("Account")
}

// wantRemembered signs in, after signing out, and checks whether the second step is skipped.
func (b *browser) wantRemembered(want bool) *browser {
	b.t.Helper()
	b.site.wait(time.Minute)
	if b.open("/account"); b.has("Sign out") {
		b.press("Sign out")
	}
	heading := "Verify your account"
	if want {
		heading = "Account"
	}
	return b.signIn(ann).wantHeading(heading)
}

// A device that the user asked to remember at the second step skips that step afterwards,
// for the account that asked, in this browser, until the time has passed (FF-12). It never
// skips the password.
func TestRememberDevice(t *testing.T) {
	t.Parallel()
	const bob = "bob@example.org"
	site, b, key := rememberSite(t)
	start := site.clock()
	b.wantRemembered(true).press("Sign out")
	b.signInWith(ann, wrongPassword).wantError(422)
	site.browser().signIn(ann).wantHeading("Verify your account")
	b.signUp(bob)
	bobs, _ := b.addTOTP()
	b.press("Sign out")
	b.signIn(bob).wantHeading("Verify your account").press("Start over")
	site.wait(time.Minute)
	b.signIn(bob).enterCode(site.totpCode(bobs)).wantHeading("Account")
	stolen := b.clone()
	b.wantRemembered(true)
	stolen.wantRemembered(false) // an earlier copy of the cookie
	site.wait(start.Add(7*24*time.Hour - 2*time.Minute).Sub(site.clock()))
	b.wantRemembered(true)
	site.wait(2 * time.Minute)
	b.wantRemembered(false).enterCode(site.totpCode(key)).wantHeading("Account")
	b.wantRemembered(false) // the box was not ticked again
}

// The checkbox is shown at the second step of sign-in only, if the operator allows it, and
// has no effect on its own (FF-12).
func TestRememberDevice_OperatorDecides(t *testing.T) {
	t.Parallel()
	site, b, key := rememberSite(t)
	site.wait(11 * time.Minute)
	b.open("/account/email").wantHeading("Verification required").wantNoText(rememberLabel)
	site.restart() // with the default: off
	b.wantRemembered(false).wantNoText(rememberLabel).press("Start over")
	site.wait(time.Minute)
	path, form := b.open("/sign-in").fill("Email address", ann).fill("Password", password).form(b.button("Continue"))
	form.Set("remember", "1")
	b.load("POST", path, form).wantHeading("Verify your account")
	path, form = b.fill("Code", site.totpCode(key)).form(b.button("Verify"))
	form.Set("remember", "1")
	b.load("POST", path, form).wantHeading("Account")
	site.restart(func(p *auth.Policy) { p.RememberDevice = 7 * 24 * time.Hour })
	b.wantRemembered(false)
	site.wait(time.Minute)
	b.enterCode(site.wrongTOTPCode(key)).wantError(422).wantText(rememberLabel)
}

// The session that begins without the second step has one factor verified: whatever needs
// re-authentication asks for the second one. A reset asks for it too, and forgets the
// device (FF-12, RV-01, RC-04).
func TestRememberDevice_IsNoFactor(t *testing.T) {
	t.Parallel()
	site, b, key := rememberSite(t)
	b.wantRemembered(true)
	for _, path := range []string{"/account/sessions", "/account/password", "/account/manage-mfa/remove-totp", "/account/email"} {
		b.open(path).wantHeading("Verification required").wantText("authenticator app")
	}
	if n := site.queryInt("SELECT count(*) FROM sessions WHERE mfa_at IS NOT NULL"); n != 0 {
		t.Errorf("%d sessions claim a second factor", n)
	}
	b.open("/account/activity").wantText("Signed in on a remembered device").wantText("Device remembered")
	b.press("Sign out").startReset(ann).enterCode(site.lastCode(ann)).setPassword(newPassword).wantHeading("Sign in")
	b.signInWith(ann, newPassword).wantHeading("Verify your account")
	site.wait(time.Minute)
	b.enterCode(site.totpCode(key)).wantHeading("Account")
}

// "Active devices" lists remembered devices, also after signing out on them, with a button
// that ends it (FF-12, SE-08).
func TestRememberDevice_Forget(t *testing.T) {
	t.Parallel()
	site, b, key := rememberSite(t)
	other := site.browser()
	other.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	other.signInRemembering(key).press("Sign out")
	site.wait(11 * time.Minute)
	b.open("/account/sessions").reauthenticate(key).wantHeading("Active devices").wantText("Remembered devices").wantText("Firefox on Windows")
	_, form := b.form(b.button("Forget this device"))
	eve := site.browser().signUp("eve@example.org")
	form.Set("token", eve.formToken())
	if got := eve.fetch("POST", "/account/sessions", form).status; got != 404 {
		t.Errorf("another account's device: %d", got)
	}
	b.press("Forget this device").wantText("Device forgotten") // the last seen one first
	other.wantRemembered(false)
	b.wantRemembered(true)
	site.wait(time.Minute)
	b.open("/account/sessions").reauthenticate(key).wantText("Remembered devices").press("Forget this device")
	b.wantNoText("Remembered devices").open("/account/activity").wantText("Remembered device forgotten")
	b.wantRemembered(false)
}

// What ends sessions ends that devices are remembered: the user distrusts them (FF-12, SE-09,
// SE-10).
func TestRememberDevice_Ends(t *testing.T) {
	t.Parallel()
	operator := func(action auth.OperatorAction) func(*testSite, *browser, string) {
		return func(site *testSite, _ *browser, _ string) {
			if done, err := site.operate(action, ann); err != nil || !done {
				t.Fatal(action, done, err)
			}
		}
	}
	for name, end := range map[string]func(site *testSite, b *browser, key string){
		"change of password": func(_ *testSite, b *browser, _ string) {
			b.open("/account/password").changeOnlyPassword(password, newPassword)
			b.open("/account/password").changeOnlyPassword(newPassword, password)
		},
		"sign out all others": func(site *testSite, b *browser, key string) {
			site.browser().signInRemembering(key)
			b.open("/account/sessions").press("Sign out all other devices")
		},
		"signed out from another device": func(site *testSite, b *browser, key string) {
			site.wait(time.Minute)
			other := site.browser()
			other.signIn(ann).enterCode(site.totpCode(key)).wantHeading("Account")
			other.open("/account/sessions").press("Sign out device")
		},
		"replaced app": func(_ *testSite, b *browser, _ string) { b.addTOTPAgain() },
		"another factor removed": func(site *testSite, b *browser, _ string) {
			b.addPhone(number).press("Use for MFA").wantHeading("User MFA Settings")
			b.open("/account/manage-mfa").follow("Disable for MFA").press("Disable for MFA")
		},
		"signed out by the operator": operator(auth.SignOutEverywhere),
		"new password required":      operator(auth.MustChangePassword),
		"disabled and enabled": func(site *testSite, b *browser, key string) {
			operator(auth.Disable)(site, b, key)
			operator(auth.Enable)(site, b, key)
		},
		"remembering switched off meanwhile": func(site *testSite, _ *browser, _ string) { site.restart() },
	} {
		t.Run(name, func(t *testing.T) {
			site, b, key := rememberSite(t)
			b.wantRemembered(true)
			site.wait(time.Minute)
			b.open("/account/sessions").reauthenticate(key).wantHeading("Active devices")
			end(site, b, key)
			b.wantRemembered(false)
		})
	}
	t.Run("second factors removed and added", func(t *testing.T) {
		site, b, _ := rememberSite(t)
		operator(auth.ResetMFA)(site, b, "")
		b.signIn(ann).wantHeading("Account")
		b.addTOTP()
		b.wantRemembered(false)
	})
}

// A device is remembered also if everybody must have a second factor, but the task to set
// one up stays (FF-12).
func TestRememberDevice_RequireMFA(t *testing.T) {
	t.Parallel()
	site, b, _ := rememberSite(t)
	site.restart(func(p *auth.Policy) { p.RememberDevice, p.RequireMFA = 7*24*time.Hour, true })
	b.wantRemembered(true).open("/account/activity").wantHeading("Activity")
	site.restart(func(p *auth.Policy) {
		p.RememberDevice, p.RequireMFA, p.Factors = 7*24*time.Hour, true, []auth.FactorKind{auth.PhoneCode, auth.BackupCode}
	})
	b.open("/account/activity").wantHeading("Set up two-step verification")
}
