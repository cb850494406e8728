package handlers_test

import (
	"testing"
	"time"
)

// The response to an unknown email address, a wrong password, a disabled, a
// rate-limited and an unverified account is the same to the byte, with the correct
// password or not (FF-03).
func TestSignIn_SameResponseForEveryAccount(t *testing.T) {
	t.Parallel()
	const disabled, unverified, unknown = "dis@example.org", "unv@example.org", "unk@example.org"
	site := newSite(t)
	site.browser().signUp(ann)
	session := site.browser().signUp(disabled)
	site.browser().startSignUp(unverified, password).wantHeading("Verify your email")
	site.disable(disabled)
	session.open("/account").wantHeading("Sign in") // disabling ends its sessions at once (SE-10)

	type credentials struct{ email, password string }
	rows := []credentials{{unknown, wrongPassword}, {ann, wrongPassword}, {disabled, wrongPassword}, {disabled, password}, {unverified, password}, {unknown, password}}
	for _, stage := range []struct{ attempts, status int }{{1, 422}, {3, 422}, {7, 429}} {
		want := ""
		for i, row := range rows {
			site.clearLimits()
			b := site.browser()
			for range stage.attempts - 1 {
				b.signInWith(row.email, wrongPassword)
			}
			got := b.signInWith(row.email, row.password).wantError(stage.status).observed(row.email)
			if i == 0 {
				want = got
			}
			if got != want {
				t.Errorf("attempt %d, %v:\n%s\nwant\n%s", stage.attempts, row, got, want)
			}
		}
	}
	site.clearLimits()
	b := site.browser()
	for range 5 {
		b.signInWith(ann, wrongPassword)
	}
	wrong, right := site.browser().signInWith(ann, wrongPassword).wantError(429).observed(ann), site.browser().signInWith(ann, password).wantError(429).observed(ann)
	if wrong != right {
		t.Errorf("a rate-limited account reveals whether the password is correct:\n%s\n%s", wrong, right)
	}
}

// Sign-up and reset respond the same for a free email address, a taken one and
// that of a disabled account, up to the code (FF-03, RC-01).
func TestSignUp_SameResponseForEveryEmail(t *testing.T) {
	const disabled, free = "dis@example.org", "fre@example.org"
	site := newSite(t)
	site.browser().signUp(ann)
	site.browser().signUp(disabled)
	site.disable(disabled)
	for _, path := range []string{"/sign-up", "/forgot-password"} {
		site.wait(time.Hour)
		want := map[string]string{}
		for _, email := range []string{free, ann, disabled} {
			b := site.browser().start(path, email)
			steps := map[string]string{"requested": b.observed(email)}
			b.enterCode("000000").wantError(422)
			steps["wrong code"] = b.observed(email)
			b.press("Send a new code").wantError(429)
			steps["too soon"] = b.observed(email)
			for step, got := range steps {
				if want[step] == "" {
					want[step] = got
				}
				if got != want[step] {
					t.Errorf("%s, %s, %s:\n%s\nwant\n%s", path, step, email, got, want[step])
				}
			}
		}
	}
}
