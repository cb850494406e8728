package handlers_test

import (
	"strings"
	"testing"
	"time"
)

// Every change of a factor, backup codes, a phone, the email address or the password
// sends a notice to both email addresses, at once, with what to do and without a code
// (RC-07, RC-08, SM-02, BC-05, BC-06).
func TestNotices_EveryChange(t *testing.T) {
	t.Parallel()
	const second, fresh = "ann.home@example.net", "ann.new@example.org"
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.open("/account/email").fill("Second email address", second).press("Add email address").enterCode(site.lastCode(second)).wantText(second)
	var key string
	var codes []string
	for _, change := range []struct {
		name string
		do   func()
	}{
		{"TOTP added", func() { key, codes = b.addTOTP() }},
		{"new backup codes", func() {
			b.open("/account/manage-mfa/backup-codes").press("Generate")
			codes = b.backupCodes()
			b.press("Done")
		}},
		{"backup code used", func() { b.press("Sign out").signIn(ann).enterCode(codes[0]).wantHeading("Account") }},
		{"phone added", func() { b.addPhone(number) }},
		{"phone used for MFA", func() { b.open("/account/manage-mfa").follow("Use for MFA").press("Use for MFA") }},
		{"phone disabled for MFA", func() { b.open("/account/manage-mfa").follow("Disable for MFA").press("Disable for MFA") }},
		{"phone removed", func() { b.open("/account/manage-mfa").follow("Remove from account").press("Remove from account") }},
		{"password changed", func() {
			b.open("/account/password").reauthenticate(key)
			b.submitPasswords(password, newPassword).wantHeading("Account")
		}},
		{"TOTP removed", func() {
			b.open("/account/manage-mfa").follow("Remove").press("Remove").wantHeading("User MFA Settings")
		}},
		{"email change requested", func() {
			b.changeEmail(fresh).wantText(fresh)
		}},
		{"email changed", func() {
			b.enterCode(site.lastCode(fresh)).wantText(fresh)
		}},
	} {
		site.wait(2 * time.Minute)
		before := map[string]int{ann: len(site.messages(ann)), second: len(site.messages(second))}
		change.do()
		for to, n := range before {
			got := site.messages(to)[n:]
			if len(got) != 1 {
				t.Fatalf("%s: %d notices to %s, want 1", change.name, len(got), to)
			}
			if !strings.Contains(got[0].body, "If not, ") && !strings.Contains(got[0].body, "did not") || sixDigits.MatchString(got[0].body) || len(codes) > 0 && strings.Contains(got[0].body, codes[1]) {
				t.Errorf("%s: notice to %s: %q", change.name, to, got[0].body)
			}
		}
	}
	site.wait(time.Hour)
	before := len(site.messages(fresh)) + len(site.messages(second))
	reset := site.browser().startReset(fresh)
	reset.enterCode(site.lastCode(fresh)).setPassword("nine orange badgers").wantHeading("Sign in")
	if got := len(site.messages(fresh)) + len(site.messages(second)) - before; got != 3 { // the code, and two notices
		t.Errorf("%d messages of a reset, want 3", got)
	}
}
