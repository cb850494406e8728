package handlers_test

import (
	"testing"
	"time"
)

// An unverified number is no factor and receives no codes for sign-in (SM-02). The code
// that verifies it is valid for nothing else (SM-05).
func TestPhone_Unverified(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.requestSMS(number).wantHeading("Verify phone")
	sent := len(site.messages(number))
	site.browser().signIn(ann).wantHeading("Account")
	site.wait(time.Minute)
	b.press("Send a new code").enterPhoneCode(site.lastCode(number)).wantHeading("Phone added").press("Use for MFA").press("Done")
	b.requestSMS(otherNumber).wantHeading("Verify phone")
	phoneCode := site.lastCode(otherNumber)
	site.wait(time.Minute)
	signingIn := site.browser().signIn(ann).wantHeading("Verify your account")
	if signingIn.has("Send a code to •••• 9876") || len(site.messages(otherNumber)) != 1 || len(site.messages(number)) != sent+2 {
		t.Errorf("%d codes to the unverified number, %d to the other", len(site.messages(otherNumber)), len(site.messages(number)))
	}
	signingIn.enterCode(phoneCode).wantError(422)
	signIn := site.lastCode(number)
	b.enterPhoneCode(signIn).wantError(422) // nor does a sign-in code verify the number
	signingIn.enterCode(signIn).wantHeading("Account")
	b.enterPhoneCode(phoneCode).wantHeading("Phone added")
}

// A new code does not reset the failure count, and the previous one is invalid (SM-06,
// RL-01).
func TestPhone_ResendKeepsCount(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(ann).addPhone(number).press("Use for MFA").press("Done")
	site.wait(time.Hour)
	b := site.browser().signIn(ann).wantHeading("Verify your account")
	first := site.lastCode(number)
	wrong := func() string {
		for _, code := range []string{"000000", "000001", "000002"} {
			if code != first && code != site.lastCode(number) {
				return code
			}
		}
		return ""
	}
	for range 3 {
		b.enterCode(wrong()).wantError(422)
	}
	site.wait(31 * time.Second)
	b.press("Send a new code").wantText("We sent a new code")
	previous := first
	if site.lastCode(number) == first { // by chance
		previous = wrong()
	}
	b.enterCode(previous).wantError(422)
	b.enterCode(wrong()).wantError(422)
	b.enterCode(site.lastCode(number)).wantError(429) // correct, but the sixth
	site.wait(31 * time.Second)
	b.enterCode(site.lastCode(number)).wantHeading("Account")
}
