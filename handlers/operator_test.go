package handlers_test

import (
	"testing"
	"time"

	"twostep/auth"
)

// An operator's action takes effect with the next request of every session, is recorded
// as an audit event and notified to the user (RC-10, SE-10). A password the operator has
// ended is invalid until the user sets another (PW-10).
func TestOperator(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, codes := b.addTOTP()
	b.open("/account")
	operate := func(action auth.OperatorAction) {
		t.Helper()
		before := len(site.messages(ann))
		if done, err := site.operate(action, "Ann@Example.org"); err != nil || !done {
			t.Fatalf("%s: %v, %v", action, done, err)
		}
		if n := len(site.messages(ann)) - before; n != 1 {
			t.Errorf("%s: %d notices, want 1", action, n)
		}
		site.wait(time.Minute)
	}
	operate(auth.SignOutEverywhere)
	b.open("/account").wantHeading("Sign in")
	b.signIn(ann).enterCode(site.totpCode(key)).wantHeading("Account")
	operate(auth.Disable)
	b.open("/account").wantHeading("Sign in")
	b.signIn(ann).wantError(422)
	operate(auth.Enable)

	b.signIn(ann).enterCode(site.totpCode(key)).wantHeading("Account")
	halfSignedIn := site.browser().signIn(ann).wantHeading("Verify your account")
	operate(auth.ResetMFA)
	b.open("/account").wantHeading("Sign in")
	halfSignedIn.enterCode(codes[0]).wantError(422)
	b.signIn(ann).wantHeading("Account").open("/account/activity").wantText("removed by a site administrator")

	operate(auth.EndPassword)
	b.open("/account").wantHeading("Sign in")
	b.signIn(ann).wantError(422)
	b.startReset(ann)
	b.enterCode(site.lastCode(ann)).setPassword(newPassword).wantHeading("Sign in")
	b.signInWith(ann, newPassword).wantHeading("Account")
}
