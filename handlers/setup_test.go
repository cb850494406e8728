package handlers_test

import (
	"testing"
	"time"

	"twostep/auth"
)

func requireMFA(p *auth.Policy) { p.RequireMFA = true }

// TestSetupMFA: who owes a second factor reaches the ways to set one up and
// nothing else, until the factor is on and its backup codes were seen. The last
// one can be replaced, and not removed (FF-01, RV-06).
func TestSetupMFA(t *testing.T) {
	w := newWorld(t, requireMFA)
	b := w.browser()
	b.open("/sign-up").fill("Email address", ann).fill("Password", password).press("Continue")
	b.fill("Code", w.code(ann)).press("Verify").sees("Set up two-step verification")
	for _, path := range []string{"/account", "/account/manage-mfa", "/account/password", "/account/email", "/account/sessions", "/account/activity", "/account/delete"} {
		b.open(path).sees("Set up two-step verification")
	}
	b.follow("Authenticator application").sees("Add TOTP MFA")
	key := keyText.FindString(b.text())
	b.press("Verify").fill(codeLabel, w.app(key)).press("Verify code").sees("Backup codes")
	b.open("/account").sees("Set up two-step verification") // the codes were not seen
	b.follow("Backup codes").sees("Backup codes")
	b.open("/account/manage-mfa/add").sees("Backup codes").press("Finish").sees("Success!")
	b.open("/account").sees("Account").open("/account/setup-mfa").sees("Account")

	b.open("/account/manage-mfa").follow("Remove").press("Remove").refused(422)
	b.open("/account/manage-mfa").press("Replace").sees("Add TOTP MFA")
	fresh := keyText.FindString(b.text())
	b.press("Verify").fill(codeLabel, w.app(fresh)).press("Verify code").sees("Success!")
	w.wait(30 * time.Second)
	b.press("Sign out").firstStep(ann).fill("Code", w.app(key)).press("Verify").refused(422)
	b.fill("Code", w.app(fresh)).press("Verify").sees("Account")
	b.addPhone(number).press("Use for MFA").sees("User MFA Settings")
	b.follow("Remove").press("Remove").sees("User MFA Settings") // one of two may go
	b.follow("Disable for MFA").press("Disable for MFA").refused(422)
	b.open("/account/manage-mfa").follow("Remove from account").press("Remove from account").refused(422)
}

// TestSetupMFA_SMS is the other way, and existing people meet the task at
// their next request.
func TestSetupMFA_SMS(t *testing.T) {
	required := false
	w := newWorld(t, func(p *auth.Policy) { p.RequireMFA = required })
	b := w.browser().signUp(ann)
	w.restart(requireMFA)
	b.open("/account").sees("Set up two-step verification").follow("SMS code").sees("Add phone")
	b.addPhone(number).press("Use for MFA").sees("Backup codes")
	b.open("/account").sees("Set up two-step verification").follow("Backup codes").press("Done").sees("User MFA Settings")
	b.open("/account").sees("Account")
}

// TestFactors_Off: a strategy that is off has no page, no button and is not
// asked; who has no other is told so and is not let round it.
func TestFactors_Off(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	_, codes := b.addApp()
	w.restart(func(p *auth.Policy) { p.Factors = []auth.FactorKind{auth.PhoneCode, auth.BackupCode} })
	for _, path := range []string{"/account/manage-mfa/add"} {
		if b.open(path); b.status != 404 {
			t.Errorf("%s: %d", path, b.status)
		}
	}
	b.open("/account/manage-mfa").readsNot("Add TOTP via authentication app")
	b.press("Sign out").firstStep(ann).sees("Verify your account")
	if b.has("Use your authentication app") {
		t.Error("the app is offered")
	}
	b.fill("Code", codes[0]).press("Verify").sees("Account")
	b.press("Sign out")

	w.restart(func(p *auth.Policy) { p.Factors = []auth.FactorKind{auth.PhoneCode} })
	b.firstStep(ann).sees("Verify your account").reads("turned off")
	if b.has("Verify") {
		t.Error("a code is asked for")
	}
	b.open("/account").sees("Verify your account")

	w.restart(func(p *auth.Policy) { p.Factors = []auth.FactorKind{auth.TOTPCode} })
	bob := w.browser().signUp("bob@example.org")
	if bob.open("/account/add-phone"); bob.status != 404 {
		t.Errorf("/account/add-phone: %d", bob.status)
	}
	bob.open("/account/manage-mfa").readsNot("Add a new phone number").follow("Add")
	key := keyText.FindString(bob.text())
	bob.press("Verify").fill(codeLabel, w.app(key)).press("Verify code").sees("Success!") // without backup codes
}
