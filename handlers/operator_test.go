package handlers_test

import (
	"testing"
	"time"

	"twostep/auth"
)

// TestOperator: what an operator does holds for the very next request of every
// session, stands in the history and is told to the owner (RC-10, SE-10). A
// password that was ended opens nothing until its owner has set another (PW-10).
func TestOperator(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, codes := b.addApp()
	b.open("/account")
	operate := func(act auth.OperatorAction) {
		t.Helper()
		told := len(w.letters(ann))
		if done, err := w.rules.Operate(t.Context(), act, "Ann@Example.org"); err != nil || !done {
			t.Fatalf("%s: %v, %v", act, done, err)
		}
		if len(w.letters(ann)) != told+1 {
			t.Errorf("%s was not told", act)
		}
		w.wait(time.Minute)
	}
	operate(auth.SignOutEverywhere)
	b.open("/account").sees("Sign in")
	b.firstStep(ann).fill("Code", w.app(key)).press("Verify").sees("Account")
	operate(auth.Disable)
	b.open("/account").sees("Sign in")
	b.firstStep(ann).refused(422)
	operate(auth.Enable)

	b.firstStep(ann).fill("Code", w.app(key)).press("Verify").sees("Account")
	half := w.browser().firstStep(ann).sees("Verify your account")
	operate(auth.ResetMFA)
	b.open("/account").sees("Sign in")
	half.fill("Code", codes[0]).press("Verify").refused(422)
	b.firstStep(ann).sees("Account").open("/account/activity").reads("removed by the people who run this site")

	operate(auth.EndPassword)
	b.open("/account").sees("Sign in")
	b.firstStep(ann).refused(422)
	b.open("/forgot-password").fill("Email address", ann).press("Continue")
	b.fill("Code", w.code(ann)).press("Verify").fill("New password", newPassword).press("Set password").sees("Sign in")
	b.try(ann, newPassword).sees("Account")
}
