package handlers_test

import (
	"crypto/sha1"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

const newPassword = "eight yellow herons"

// TestForgotPassword: same answers for every address, no session, no second
// factor skipped, every session ended (RC-01, RC-03, RC-04, RC-05, SE-09).
func TestForgotPassword(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, _ := b.addApp()
	w.wait(time.Minute)

	f := w.browser().open("/sign-in").follow("Forgot password?").sees("Reset your password")
	f.fill("Email address", "nonsense").press("Continue").refused(422)
	f.fill("Email address", "ANN@example.org").press("Continue").sees("Check your email")
	nobody := w.browser().open("/forgot-password").fill("Email address", "NOB@example.org").press("Continue").sees("Check your email")
	if a, z := strings.ReplaceAll(f.text(), "ANN@", "…@"), strings.ReplaceAll(nobody.text(), "NOB@", "…@"); a != z {
		t.Errorf("a known address differs:\n%s\n%s", a, z)
	}
	if len(w.letters("NOB@example.org")) != 0 {
		t.Error("mail to an address nobody bears")
	}
	b.open("/account").sees("Account") // asking changes and locks nothing
	code := w.code(ann)
	w.browser().open("/forgot-password").fill("Email address", ann).press("Continue").refused(429)
	nobody.fill("Code", code).press("Verify").refused(422)
	f.fill("Code", code).press("Verify").sees("Set a new password")
	f.open("/account").sees("Sign in") // nobody is signed in by it
	f.open("/forgot-password").sees("Set a new password")
	for _, bad := range []string{"", "short", "passwordpassword", password, "ann@example.org"} {
		f.fill("New password", bad).press("Set password").refused(422).sees("Set a new password")
	}
	f.fill("New password", newPassword).press("Set password").sees("Sign in").reads("Password changed. Sign in with your new password.")
	b.open("/account").sees("Sign in")
	f.firstStep(ann).refused(422)
	f.fill("Email address", ann).fill("Password", newPassword).press("Continue").sees("Verify your account") // RC-04
	f.fill("Code", w.app(key)).press("Verify").sees("Account")
	got := w.letters(ann)
	told := false
	for _, l := range got {
		told = told || strings.Contains(strings.ToLower(l.subject), "password")
	}
	if !told {
		t.Error("the owner was not told")
	}
}

// TestForgotPassword_Newer: a newer request kills the older one (RC-03), and
// a code is good for ten minutes.
func TestForgotPassword_Newer(t *testing.T) {
	w := newWorld(t)
	w.browser().signUp(ann)
	w.wait(time.Minute)
	older := w.browser().open("/forgot-password").fill("Email address", ann).press("Continue")
	first := w.code(ann)
	w.wait(time.Minute)
	newer := w.browser().open("/forgot-password").fill("Email address", ann).press("Continue")
	older.fill("Code", first).press("Verify").refused(422).sees("Reset your password")
	second := w.code(ann)
	w.wait(10*time.Minute + time.Millisecond)
	newer.fill("Code", second).press("Verify").refused(422).sees("Check your email")
}

// TestForgotPassword_Killed: a reset that waits is over once the password was
// changed, or the address; and to look at it, or to wait for it, changes nothing
// (RC-03, RC-05).
func TestForgotPassword_Killed(t *testing.T) {
	for name, change := range map[string]func(w *world, b *browser){
		"the password": func(_ *world, b *browser) {
			b.open("/account/password").fill("Current password", password).fill("New password", newPassword).press("Change password").sees("Account")
		},
		"the password alone": func(_ *world, b *browser) { // other devices go on
			path, form := b.open("/account/password").form(b.button("Change password"))
			form.Del("end_others")
			form.Set("current", password)
			form.Set("password", newPassword)
			b.load("POST", path, form).sees("Account")
		},
		"the address": func(w *world, b *browser) {
			b.open("/account/email").fill("New email address", "ann.new@example.org").press("Change email address")
			b.fill("Code", w.code("ann.new@example.org")).press("Verify").reads("ann.new@example.org")
		},
		"nothing": func(w *world, _ *browser) { w.browser().firstStep(ann).sees("Account") },
	} {
		w := newWorld(t)
		b := w.browser().signUp(ann)
		w.wait(time.Minute)
		proved := w.browser().open("/forgot-password")
		proved.fill("Email address", ann).press("Continue").fill("Code", w.code(ann)).press("Verify").sees("Set a new password")
		change(w, b)
		for range 3 {
			proved.open("/forgot-password")
		}
		if name == "nothing" {
			proved.sees("Set a new password").fill("New password", newPassword).press("Set password").sees("Sign in")
			continue
		}
		proved.sees("Reset your password") // though its code was right
	}
}

// TestPassword: the current one is asked for (PW-11), and others end where
// that is ticked (SE-09).
func TestPassword(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	other := w.browser().firstStep(ann).sees("Account")
	b.open("/account/password").sees("Password")
	before := w.facts()
	b.fill("New password", newPassword).press("Change password").refused(422)
	b.fill("Current password", "not the password").fill("New password", newPassword).press("Change password").refused(422)
	if b.field("Current password").AttrOr("aria-invalid", "") != "true" {
		t.Error("the field is not marked")
	}
	b.fill("Current password", password).fill("New password", "short").press("Change password").refused(422)
	b.fill("Current password", password).fill("New password", password).press("Change password").refused(422)
	if w.facts() != before {
		t.Error("a refusal changed the password")
	}
	stale := b.clone()
	b.fill("Current password", password).fill("New password", newPassword).press("Change password").sees("Account")
	stale.open("/account").sees("Sign in") // a new handle
	other.open("/account").sees("Sign in")
	other.firstStep(ann).refused(422)
	other.fill("Email address", ann).fill("Password", newPassword).press("Continue").sees("Account")

	b.open("/account/password")
	path, form := b.form(b.button("Change password"))
	form.Del("end_others")
	form.Set("current", newPassword)
	form.Set("password", "nine orange badgers")
	b.load("POST", path, form).sees("Account")
	other.open("/account").sees("Account")
}

// TestPassword_MustChange: an operator's mark is a task like any other (PW-10).
func TestPassword_MustChange(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	w.mustChange(ann)
	b.open("/account/manage-mfa").sees("Password")
	b.fill("Current password", password).fill("New password", newPassword).press("Change password").sees("Account")
	w.wait(30 * time.Minute)
	b.open("/account").sees("Account")
}

// TestPassword_Breached asks the operator's list (PW-07).
func TestPassword_Breached(t *testing.T) {
	known := sha1.Sum([]byte("leaked last week!"))
	w := newWorld(t, func(p *auth.Policy) {
		p.Breached = func(password string) bool { return sha1.Sum([]byte(password)) == known }
	})
	b := w.browser().open("/sign-up")
	b.fill("Email address", ann).fill("Password", "leaked last week!").press("Continue").refused(422).reads("data breach")
}

// TestChangePasswordURL (HT-05).
func TestChangePasswordURL(t *testing.T) {
	b := newWorld(t).browser()
	if r := b.request("GET", "/.well-known/change-password", nil, nil); r.StatusCode != 302 || r.Header.Get("Location") != "/account/password" {
		t.Errorf("%d %s", r.StatusCode, r.Header.Get("Location"))
	}
	if r := b.request("GET", "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200", nil, nil); r.StatusCode != 404 {
		t.Errorf("the probe: %d", r.StatusCode)
	}
}
