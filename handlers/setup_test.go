package handlers_test

import (
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
	b.enterCode(site.lastCode(ann)).wantHeading("Set up two-step verification")
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

	b.open("/account/manage-mfa").follow("Remove").press("Remove").wantError(422)
	b.open("/account/manage-mfa").press("Replace").wantHeading("Add TOTP MFA")
	fresh := b.totpKey()
	b.press("Verify").enterTOTP(site.totpCode(fresh)).wantHeading("Success!")
	site.wait(30 * time.Second)
	b.press("Sign out").signIn(ann).enterCode(site.totpCode(key)).wantError(422)
	b.enterCode(site.totpCode(fresh)).wantHeading("Account")
	b.addPhone(number).press("Use for MFA").wantHeading("User MFA Settings")
	b.follow("Remove").press("Remove").wantHeading("User MFA Settings") // one of two can be removed
	b.follow("Disable for MFA").press("Disable for MFA").wantError(422)
	b.open("/account/manage-mfa").follow("Remove from account").press("Remove from account").wantError(422)
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
