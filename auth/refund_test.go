package auth_test

import (
	"context"
	"testing"
	"time"

	"twostep/auth"
)

// TestRefund_Wait: a request that could not be checked leaves no wait behind, neither
// for the next one nor at later failures (RL-09).
func TestRefund_Wait(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	f.signUp(ann)
	for range 4 {
		_, err := f.SignIn(f.ctx, f.client(), ann, "wrong wrong wrong", "")
		f.problem(err, auth.InvalidCredentials)
		f.now = f.now.Add(time.Second)
	}
	client := f.client()
	for range 3 {
		f.busy(func(ctx context.Context) error { _, err := f.SignIn(ctx, client, ann, flowPassword, ""); return err })
		f.now = f.now.Add(time.Second)
	}
	_, err := f.SignIn(f.ctx, client, ann, "wrong wrong wrong", "")
	f.problem(err, auth.InvalidCredentials)
	_, err = f.SignIn(f.ctx, client, ann, flowPassword, "")
	if p := f.problem(err, auth.TooManyAttempts); p.Wait != 30*time.Second {
		t.Errorf("wait %v", p.Wait)
	}
}

// busy runs do while no hash can be computed in time.
func (f *flow) busy(do func(context.Context) error) {
	f.t.Helper()
	store := f.db
	defer f.use(store)
	hasher := auth.NewHasher(flowCost, 1)
	f.Rules = auth.New(store, f.keys, hasher, f.policy, func() time.Time { return f.now })
	defer hasher.Occupy()()
	ctx, cancel := context.WithTimeout(f.ctx, 200*time.Millisecond)
	defer cancel()
	f.problem(do(ctx), auth.Busy)
}

// TestRefund_RefusedLater: a correct response is no failure if what follows is refused:
// a new password that is the old one, backup codes that no time is left to hash, an
// address that has been taken.
func TestRefund_RefusedLater(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	session, client := f.signUp(ann)
	for range 7 {
		_, err := f.ChangePassword(f.ctx, client, session, flowPassword, flowPassword, false)
		f.problem(err, auth.PasswordSame)
	}
	_, err := f.ChangePassword(f.ctx, client, session, "not the password", "eight yellow herons", false)
	f.problem(err, auth.CurrentPasswordWrong)
	_, err = f.ChangePassword(f.ctx, client, session, flowPassword, "eight yellow herons", false)
	f.must(err)
	session = f.signInWith(client, ann, "eight yellow herons")

	f.now = f.now.Add(time.Minute)
	e, err := f.TOTPEnrolment(f.ctx, session)
	f.must(err)
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPContinue, ""))
	for range 7 {
		f.busy(func(ctx context.Context) error {
			return f.AdvanceTOTP(ctx, client, session, auth.TOTPSubmit, f.totp(e.KeyText()))
		})
	}
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPSubmit, f.totp(e.KeyText())))

	f.now = f.now.Add(time.Hour)
	f.must(f.StartEmailChange(f.ctx, client, session, auth.ForSignIn, "new@example.com"))
	code := f.code("new@example.com")
	f.now = f.now.Add(time.Minute)
	f.must(f.AddAccount(f.ctx, auth.Operator{}, "new@example.com"))
	for range auth.SentCodeAttempts {
		f.problem(f.VerifyEmail(f.ctx, client, session, code), auth.EmailTaken)
	}
	f.problem(f.VerifyEmail(f.ctx, client, session, code), auth.CodeExpired)
	n := -1
	_, _, err = f.db.Allow(f.ctx, f.now, []auth.RateLimit{{Key: auth.EnrolEmailKey("new@example.com"), Limiter: peek{&n}}})
	f.must(err)
	if n != 1 { // the last response, to a code that is used up
		t.Errorf("%d wrong codes are counted", n)
	}
}

// peek is a limiter that reads the count.
type peek struct{ n *int }

func (peek) Retention() time.Duration { return time.Hour }

func (p peek) Next(c auth.Count, _ time.Time) (auth.Count, bool) {
	*p.n = c.N
	return c, false
}

func (f *flow) signInWith(client auth.Client, email, password string) auth.Session {
	f.t.Helper()
	result, err := f.SignIn(f.ctx, client, email, password, "")
	f.must(err)
	return f.session(result)
}
