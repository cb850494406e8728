package handlers_test

import (
	"testing"
	"time"
)

const otherNumber = "+14155559876"

// TestPhone_Unproved: a number that was typed and not proved is no factor, and
// no code for a sign-in goes there (SM-02). The code that was to prove it proves
// nothing else (SM-05).
func TestPhone_Unproved(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.askSMS(number).sees("Verify phone")
	sent := len(w.letters(number))
	w.browser().firstStep(ann).sees("Account")
	w.wait(time.Minute)
	b.press("Send a new code").fill("Enter code", w.code(number)).press("Verify").sees("Phone added").press("Use for MFA").press("Done")
	b.askSMS(otherNumber).sees("Verify phone")
	proof := w.code(otherNumber)
	w.wait(time.Minute)
	visitor := w.browser().firstStep(ann).sees("Verify your account")
	if visitor.has("Send a code to •••• 9876") || len(w.letters(otherNumber)) != 1 || len(w.letters(number)) != sent+2 {
		t.Errorf("%d codes to the number that is not proved, %d to the other", len(w.letters(otherNumber)), len(w.letters(number)))
	}
	visitor.fill("Code", proof).press("Verify").refused(422)
	signIn := w.code(number)
	b.fill("Enter code", signIn).press("Verify").refused(422) // nor does a code for signing in prove the number
	visitor.fill("Code", signIn).press("Verify").sees("Account")
	b.fill("Enter code", proof).press("Verify").sees("Phone added")
}

// TestPhone_ResendKeepsCount: another code does not begin the count of wrong
// answers anew, and the one before it is dead (SM-06, RL-01).
func TestPhone_ResendKeepsCount(t *testing.T) {
	w := newWorld(t)
	w.browser().signUp(ann).addPhone(number).press("Use for MFA").press("Done")
	w.wait(time.Hour)
	b := w.browser().firstStep(ann).sees("Verify your account")
	first := w.code(number)
	wrong := func() string {
		for _, code := range []string{"000000", "000001", "000002"} {
			if code != first && code != w.code(number) {
				return code
			}
		}
		return ""
	}
	for range 3 {
		b.fill("Code", wrong()).press("Verify").refused(422)
	}
	w.wait(31 * time.Second)
	b.press("Send a new code").reads("We sent a new code")
	if w.code(number) != first {
		b.fill("Code", first).press("Verify").refused(422)
	} else {
		b.fill("Code", wrong()).press("Verify").refused(422)
	}
	b.fill("Code", wrong()).press("Verify").refused(422)
	b.fill("Code", w.code(number)).press("Verify").refused(429) // right, and the sixth
	w.wait(31 * time.Second)
	b.fill("Code", w.code(number)).press("Verify").sees("Account")
}
