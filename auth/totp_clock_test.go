package auth_test

import (
	"testing"
	"time"

	"twostep/auth"
)

// TestTOTP_ClockWasAhead: a code that was used while the clock was ahead does not hold
// back the codes of the present, each of which still works once (TO-05).
func TestTOTP_ClockWasAhead(t *testing.T) {
	for _, ahead := range []time.Duration{4 * time.Minute, time.Hour, 365 * 24 * time.Hour} {
		f := newFlow(t)
		const ann = "ann@example.com"
		session, client := f.signUp(ann)
		key := f.addTOTP(client, session)
		signIn := func(want auth.Reason) {
			t.Helper()
			result, err := f.SignIn(f.ctx, client, ann, flowPassword, "")
			f.must(err)
			_, err = f.Verify(f.ctx, client, result.Attempt, f.totp(key), false)
			f.problem(err, want)
		}
		f.now = f.now.Add(ahead)
		signIn("")
		f.now = f.now.Add(-ahead)
		f.now = f.now.Add(time.Minute)
		signIn("")
		signIn(auth.TOTPUsed)
		f.now = f.now.Add(30 * time.Second)
		signIn("")
		f.now = f.now.Add(-30 * time.Second) // by less than clocks may differ: used codes stay invalid
		signIn(auth.TOTPUsed)
	}
}
