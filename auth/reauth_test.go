package auth_test

import (
	"testing"
	"time"

	"twostep/auth"
)

// TestStartReauth: the demand is kept with the attempt, which is one for the session
// however often it is demanded; when its factors are verified the session satisfies it.
func TestStartReauth(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	f.key = f.addTOTP(client, session)
	f.now = f.now.Add(time.Minute)
	session = f.reload(session)
	factors, err := f.Factors(f.ctx, session.User)
	f.must(err)
	demand := auth.Demand{AllFactors: true, NotBefore: f.now, Level: auth.TwoFactors}
	if !f.FreshlyVerified(session, factors) || session.Satisfies(demand, factors, f.now) {
		t.Fatal("the policy is stricter than the demand")
	}

	policy, err := f.StartReauth(f.ctx, session, auth.Demand{}, "/account/sessions")
	f.must(err)
	f.now = f.now.Add(time.Second)
	token, err := f.StartReauth(f.ctx, session, demand, "/account/activity")
	f.must(err)
	for _, cookie := range []auth.Token{token, "", "another"} { // also if the cookie was not kept
		a, found, err := f.FindReauth(f.ctx, session, cookie)
		f.must(err)
		if found != token || token != policy || a.Demand != demand || a.Next != "/account/activity" || a.Step() != auth.StepPassword {
			t.Fatalf("attempt of %q is %+v", cookie, a)
		}
	}
	f.respond(client, token, auth.Password)
	f.now = f.now.Add(time.Minute)

	later := auth.Demand{AllFactors: true, NotBefore: f.now} // the password was verified before
	_, err = f.StartReauth(f.ctx, session, later, "/account/activity")
	f.must(err)
	f.respond(client, token, auth.Password)
	result := f.respond(client, token, auth.TOTPCode)
	renewed := f.session(result)
	if result.Next != "/account/activity" || !renewed.Satisfies(later, factors, f.now) || renewed.FirstKind != auth.Password {
		t.Errorf("%+v leads to %q", renewed, result.Next)
	}
	if _, _, err := f.FindReauth(f.ctx, renewed, token); err == nil {
		t.Error("the attempt is open")
	}
	if _, err := f.StartReauth(f.ctx, session, later, ""); err != nil {
		t.Error(err) // the session has a new token, and goes on
	}
	f.must(f.SignOut(f.ctx, result.Session))
	if _, err := f.StartReauth(f.ctx, renewed, later, ""); err == nil {
		t.Error("a session that has ended begins an attempt")
	}
}

// TestStartReauth_OtherClock: a demand that was dated by a server whose clock is ahead, by
// no more than clocks differ, is met by one response and not asked for again.
func TestStartReauth_OtherClock(t *testing.T) {
	for ahead, want := range map[time.Duration]bool{auth.ClockSkew: true, auth.ClockSkew + time.Second: false} {
		f := newFlow(t)
		session, client := f.signUp("ann@example.com")
		demand := auth.Demand{NotBefore: f.now.Add(ahead)}
		token, err := f.StartReauth(f.ctx, session, demand, "")
		f.must(err)
		result := f.respond(client, token, auth.Password)
		if done := result.Session != ""; done != want {
			t.Errorf("%v ahead: done %v", ahead, done)
		}
		if want && !f.session(result).Satisfies(demand, auth.Factors{}, f.now) {
			t.Errorf("%v ahead: the demand is not met", ahead)
		}
	}
}
