package handlers_test

import (
	"crypto/sha1"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// A password reset responds the same for every email address, signs nobody in, skips no
// second factor and ends every session (RC-01, RC-03, RC-04, RC-05, SE-09).
func TestForgotPassword(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	site.wait(time.Minute)

	f := site.browser().open("/sign-in").follow("Forgot password?").wantHeading("Reset your password")
	f.fill("Email address", "nonsense").press("Continue").wantError(422)
	f.fill("Email address", "ANN@example.org").press("Continue").wantHeading("Check your email")
	unknown := site.browser().startReset("NOB@example.org").wantHeading("Check your email")
	if got, want := strings.ReplaceAll(f.text(), "ANN@", "…@"), strings.ReplaceAll(unknown.text(), "NOB@", "…@"); got != want {
		t.Errorf("the response to an unknown email address differs:\n%s\n%s", got, want)
	}
	if len(site.messages("NOB@example.org")) != 0 {
		t.Error("mail to an unknown email address")
	}
	b.open("/account").wantHeading("Account") // a request changes and locks nothing
	code := site.lastCode(ann)
	site.browser().startReset(ann).wantError(429)
	unknown.enterCode(code).wantError(422)
	f.enterCode(code).wantHeading("Set a new password")
	f.open("/account").wantHeading("Sign in") // the code signs nobody in
	f.open("/forgot-password").wantHeading("Set a new password")
	for _, bad := range []string{"", "short", "passwordpassword", password, "ann@example.org"} {
		f.setPassword(bad).wantError(422).wantHeading("Set a new password")
	}
	f.setPassword(newPassword).wantHeading("Sign in").wantText("Password changed. Sign in with your new password.")
	b.open("/account").wantHeading("Sign in")
	f.signIn(ann).wantError(422)
	f.enterCredentials(ann, newPassword).wantHeading("Verify your account") // RC-04
	f.enterCode(site.totpCode(key)).wantHeading("Account")
	if !slices.ContainsFunc(site.messages(ann), func(m message) bool { return strings.Contains(strings.ToLower(m.subject), "password") }) {
		t.Error("no notice of the reset")
	}
}

// A new request replaces an older one (RC-03), and a code expires after ten minutes.
func TestForgotPassword_NewerReplacesOlder(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(ann)
	site.wait(time.Minute)
	older := site.browser().startReset(ann)
	first := site.lastCode(ann)
	site.wait(time.Minute)
	newer := site.browser().startReset(ann)
	older.enterCode(first).wantError(422).wantHeading("Reset your password")
	second := site.lastCode(ann)
	site.wait(10*time.Minute + time.Millisecond)
	newer.enterCode(second).wantError(422).wantHeading("Check your email")
}

// Changing the password or the email address ends a pending reset. Signing in or loading
// the reset's page does not (RC-03, RC-05).
func TestForgotPassword_EndedByChange(t *testing.T) {
	for name, change := range map[string]func(site *testSite, b *browser){
		"the password": func(_ *testSite, b *browser) {
			b.changePassword(password, newPassword).wantHeading("Account")
		},
		"the password, keeping other sessions": func(_ *testSite, b *browser) {
			b.open("/account/password").changeOnlyPassword(password, newPassword)
		},
		"the email address": func(site *testSite, b *browser) {
			b.changeEmail("ann.new@example.org")
			b.enterCode(site.lastCode("ann.new@example.org")).wantText("ann.new@example.org")
		},
		"nothing": func(site *testSite, _ *browser) { site.browser().signIn(ann).wantHeading("Account") },
	} {
		site := newSite(t)
		b := site.browser().signUp(ann)
		site.wait(time.Minute)
		verified := site.browser().open("/forgot-password")
		verified.fill("Email address", ann).press("Continue").enterCode(site.lastCode(ann)).wantHeading("Set a new password")
		change(site, b)
		for range 3 {
			verified.open("/forgot-password")
		}
		if name == "nothing" {
			verified.wantHeading("Set a new password").setPassword(newPassword).wantHeading("Sign in")
			continue
		}
		verified.wantHeading("Reset your password") // although the code was correct
	}
}

// changeOnlyPassword changes the password without ending other sessions.
func (b *browser) changeOnlyPassword(current, fresh string) {
	b.t.Helper()
	path, form := b.form(b.button("Change password"))
	form.Del("end_others")
	form.Set("current", current)
	form.Set("password", fresh)
	b.load("POST", path, form).wantHeading("Account")
}

// A password change requires the current one (PW-11), and ends other sessions if the
// box is checked (SE-09).
func TestPassword(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	other := site.browser().signIn(ann).wantHeading("Account")
	b.open("/account/password").wantHeading("Password")
	before := site.accountData()
	b.fill("New password", newPassword).press("Change password").wantError(422)
	b.submitPasswords("not the password", newPassword).wantError(422)
	if b.field("Current password").AttrOr("aria-invalid", "") != "true" {
		t.Error("the field is not marked as invalid")
	}
	b.submitPasswords(password, "short").wantError(422)
	b.submitPasswords(password, password).wantError(422)
	site.wantAccountData(before)
	old := b.clone()
	b.submitPasswords(password, newPassword).wantHeading("Account")
	old.open("/account").wantHeading("Sign in") // a new session token
	other.open("/account").wantHeading("Sign in")
	other.signIn(ann).wantError(422)
	other.enterCredentials(ann, newPassword).wantHeading("Account")

	b.open("/account/password").changeOnlyPassword(newPassword, "nine orange badgers")
	other.open("/account").wantHeading("Account")
}

// If the operator requires it, the user must change the password first (PW-10).
func TestPassword_MustChange(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	site.requirePasswordChange(ann)
	b.open("/account/manage-mfa").wantHeading("Password")
	b.submitPasswords(password, newPassword).wantHeading("User MFA Settings")
	site.wait(30 * time.Minute)
	b.open("/account").wantHeading("Account")
}

// Passwords from the operator's list of breached passwords are refused (PW-07).
func TestPassword_Breached(t *testing.T) {
	known := sha1.Sum([]byte("leaked last week!"))
	site := newSite(t, func(p *auth.Policy) {
		p.Breached = func(password string) bool { return sha1.Sum([]byte(password)) == known }
	})
	b := site.browser().open("/sign-up")
	b.enterCredentials(ann, "leaked last week!").wantError(422).wantText("data breach")
}

// TestChangePasswordURL (HT-05).
func TestChangePasswordURL(t *testing.T) {
	b := newSite(t).browser()
	if r := b.request("GET", "/.well-known/change-password", nil, nil); r.StatusCode != 302 || r.Header.Get("Location") != "/account/password" {
		t.Errorf("%d %s", r.StatusCode, r.Header.Get("Location"))
	}
	if r := b.request("GET", "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200", nil, nil); r.StatusCode != 404 {
		t.Errorf("unknown well-known path: %d", r.StatusCode)
	}
}
