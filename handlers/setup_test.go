package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"twostep/auth"
)

func requireMFA(p *auth.Policy) { p.RequireMFA = true }

// A user who must set up a second factor reaches only the pages for it, until the factor is
// added and the backup codes are confirmed. The last factor can be replaced but not removed
// (FF-01, RV-06).
func TestSetupMFA(t *testing.T) {
	site := newSite(t, requireMFA)
	b := site.browser()
	b.startSignUp(ann, password)
	b.enterCode(site.lastCode(ann)).wantHeading("Set up two-step verification").wantNoText("Devices")
	for _, path := range []string{"/account", "/account/manage-mfa", "/account/password", "/account/email", "/account/sessions", "/account/activity", "/account/delete"} {
		b.open(path).wantHeading("Set up two-step verification")
	}
	b.follow("Authenticator application").wantHeading("Add TOTP MFA")
	key := b.totpKey()
	b.press("Verify").enterTOTP(site.totpCode(key)).wantHeading("Backup codes")
	b.open("/account").wantHeading("Set up two-step verification") // the codes are not confirmed
	b.follow("Backup codes").wantHeading("Backup codes")
	b.open("/account/manage-mfa/add").wantHeading("Backup codes").press("Finish").wantHeading("Success!")
	b.open("/account").wantHeading("Account").open("/account/setup-mfa").wantHeading("Account")

	b.open("/account/manage-mfa").follow("Remove").wantText("You need at least one method")
	b.open("/account/manage-mfa").press("Replace").wantHeading("Add TOTP MFA")
	fresh := b.totpKey()
	b.press("Verify").enterTOTP(site.totpCode(fresh)).wantHeading("Success!")
	site.wait(30 * time.Second)
	b.press("Sign out").signIn(ann).enterCode(site.totpCode(key)).wantError(422)
	b.enterCode(site.totpCode(fresh)).wantHeading("Account")
	b.addPhone(number).press("Use for MFA").wantHeading("User MFA Settings")
	b.follow("Remove").press("Remove").wantHeading("User MFA Settings") // one of two can be removed
	for _, link := range []string{"Disable for MFA", "Remove from account"} {
		b.open("/account/manage-mfa").follow(link).wantText("You need at least one method")
	}
}

// SMS can be set up instead, and existing users must do so at their next request.
func TestSetupMFA_SMS(t *testing.T) {
	required := false
	site := newSite(t, func(p *auth.Policy) { p.RequireMFA = required })
	b := site.browser().signUp(ann)
	site.restart(requireMFA)
	b.open("/account").wantHeading("Set up two-step verification").follow("SMS code").wantHeading("Add phone")
	b.addPhone(number).press("Use for MFA").wantHeading("Backup codes")
	b.open("/account").wantHeading("Set up two-step verification").follow("Backup codes").press("Done").wantHeading("User MFA Settings")
	b.open("/account").wantHeading("Account")
}

// A disabled factor has no page, no button and is not offered. A user who has no other cannot
// sign in without it.
func TestFactors_Disabled(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	_, codes := b.addTOTP()
	site.restart(func(p *auth.Policy) { p.Factors = []auth.FactorKind{auth.PhoneCode, auth.BackupCode} })
	b.open("/account/manage-mfa/add").wantStatus(404)
	b.open("/account/manage-mfa").wantNoText("Add TOTP via authentication app")
	b.press("Sign out").signIn(ann).wantHeading("Verify your account")
	if b.has("Use your authentication app") {
		t.Error("TOTP is offered")
	}
	b.enterCode(codes[0]).wantHeading("Account")
	b.press("Sign out")

	site.restart(func(p *auth.Policy) { p.Factors = []auth.FactorKind{auth.PhoneCode} })
	b.signIn(ann).wantHeading("Verify your account").wantText("turned off")
	if b.has("Verify") {
		t.Error("a code is requested")
	}
	b.open("/account").wantHeading("Verify your account")

	site.restart(func(p *auth.Policy) { p.Factors = []auth.FactorKind{auth.TOTPCode} })
	bob := site.browser().signUp("bob@example.org")
	bob.open("/account/add-phone").wantStatus(404)
	bob.open("/account/manage-mfa").wantNoText("Add a new phone number").follow("Add")
	key := bob.totpKey()
	bob.press("Verify").enterTOTP(site.totpCode(key)).wantHeading("Success!") // without backup codes
}

// If a second factor is required, the pages that would remove the last one say so at once and
// offer to add another one (RV-06).
func TestSetupMFA_LastFactorPages(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").press("Done")
	site.restart(requireMFA)
	for _, link := range []string{"Disable for MFA", "Remove from account"} {
		b.open("/account/manage-mfa").follow(link).wantStatus(200).wantText("You need at least one method").wantNoText("turns off")
		if b.has(link) || !b.has("Add another method") {
			t.Errorf("%s: the button is there, or no other method is offered", link)
		}
		form := url.Values{"token": {b.formToken()}, "action": {map[bool]string{true: "disable", false: "remove"}[link == "Disable for MFA"]}}
		b.load(http.MethodPost, b.url.String(), form).wantError(422).wantText("You need at least one method")
	}
	b.addTOTPAgain()
	b.open("/account/manage-mfa").follow("Remove from account").wantText("stays on")
	b.press("Remove from account").wantHeading("User MFA Settings").follow("Remove").wantText("You need at least one method").follow("Add another method").wantHeading("User MFA Settings")
}

// addTOTPAgain sets up TOTP as a further factor.
func (b *browser) addTOTPAgain() {
	b.t.Helper()
	b.open("/account/manage-mfa/add").wantHeading("Add TOTP MFA")
	key := b.totpKey()
	b.press("Verify").press("Show the QR code again").wantHeading("Add TOTP MFA")
	if b.totpKey() != key {
		b.t.Error("the key has changed")
	}
	b.press("Verify").enterTOTP(b.site.totpCode(key)).wantHeading("Success!")
}

// Where sign-up is closed its page says so.
func TestSignUp_Closed(t *testing.T) {
	site := newSite(t, func(p *auth.Policy) { p.SignUpOpen = false })
	site.browser().open("/sign-up").wantStatus(404).wantHeading("Sign-up is closed").wantText("Ask the site administrator").wantNoText("Sign-up is closed. Ask")
}
