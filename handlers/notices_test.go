package handlers_test

import (
	"strings"
	"testing"
	"time"
)

// TestNotices_EveryChange: whatever changes a factor, codes, a phone, an address
// or the password is told at both addresses, at once and by itself, with what to
// do, and without a code (RC-07, RC-08, SM-02, BC-05, BC-06).
func TestNotices_EveryChange(t *testing.T) {
	t.Parallel()
	const second, fresh = "ann.home@example.net", "ann.new@example.org"
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.open("/account/email").fill("Second email address", second).press("Add email address").fill("Code", w.code(second)).press("Verify").reads(second)
	mailbox := ann
	var key string
	var codes []string
	for _, change := range []struct {
		name string
		do   func()
	}{
		{"an app", func() { key, codes = b.addApp() }},
		{"other codes", func() {
			b.open("/account/manage-mfa/backup-codes").press("Generate")
			codes = b.codes()
			b.press("Done")
		}},
		{"a code used", func() { b.press("Sign out").firstStep(ann).fill("Code", codes[0]).press("Verify").sees("Account") }},
		{"a phone", func() { b.addPhone(number) }},
		{"a phone for signing in", func() { b.open("/account/manage-mfa").follow("Use for MFA").press("Use for MFA") }},
		{"a phone no more for it", func() { b.open("/account/manage-mfa").follow("Disable for MFA").press("Disable for MFA") }},
		{"a phone gone", func() { b.open("/account/manage-mfa").follow("Remove from account").press("Remove from account") }},
		{"the password", func() {
			b.open("/account/password").reverify(key)
			b.fill("Current password", password).fill("New password", newPassword).press("Change password").sees("Account")
		}},
		{"the app gone", func() { b.open("/account/manage-mfa").follow("Remove").press("Remove").sees("User MFA Settings") }},
		{"an address asked for", func() {
			b.open("/account/email").fill("New email address", fresh).press("Change email address").reads(fresh)
		}},
		{"an address changed", func() {
			b.fill("Code", w.code(fresh)).press("Verify").reads(fresh)
		}},
	} {
		w.wait(2 * time.Minute)
		before, beside := len(w.letters(mailbox)), len(w.letters(second))
		change.do()
		for to, n := range map[string]int{mailbox: before, second: beside} {
			got := w.letters(to)[n:]
			if len(got) != 1 {
				t.Fatalf("%s: %d letters to %s", change.name, len(got), to)
			}
			if !strings.Contains(got[0].body, "If not, ") && !strings.Contains(got[0].body, "did not") || sixDigits.MatchString(got[0].body) || len(codes) > 0 && strings.Contains(got[0].body, codes[1]) {
				t.Errorf("%s: %s reads %q", change.name, to, got[0].body)
			}
		}
	}
	w.wait(time.Hour)
	told := len(w.letters(fresh)) + len(w.letters(second))
	reset := w.browser().open("/forgot-password").fill("Email address", fresh).press("Continue")
	reset.fill("Code", w.code(fresh)).press("Verify").fill("New password", "nine orange badgers").press("Set password").sees("Sign in")
	if got := len(w.letters(fresh)) + len(w.letters(second)) - told; got != 3 { // the code, and the notice twice
		t.Errorf("a reset is told in %d letters", got)
	}
}
