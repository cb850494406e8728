package auth_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db"
)

// A counting store lists the calls. Any other call than these panics, so that none is
// forgotten here.
type counting struct {
	auth.Store // nil
	real       *db.Store
	calls      []string
}

func (s *counting) called(name string) *db.Store {
	s.calls = append(s.calls, name)
	return s.real
}

func (s *counting) Allow(ctx context.Context, now time.Time, limits []auth.RateLimit) (int, auth.Count, error) {
	return s.called("Allow").Allow(ctx, now, limits)
}

func (s *counting) Apply(ctx context.Context, changes auth.ChangeSet) error {
	return s.called("Apply").Apply(ctx, changes)
}

func (s *counting) AllowAttempt(ctx context.Context, limits []auth.RateLimit, changes auth.ChangeSet) (int, auth.Count, error) {
	return s.called("AllowAttempt").AllowAttempt(ctx, limits, changes)
}

func (s *counting) ReplaceMethod(ctx context.Context, hash string, m auth.Method, changes auth.ChangeSet) (bool, error) {
	return s.called("ReplaceMethod").ReplaceMethod(ctx, hash, m, changes)
}

func (s *counting) AllowSentCodeAttempt(ctx context.Context, holder string, limit int) (auth.SentCode, error) {
	return s.called("AllowSentCodeAttempt").AllowSentCodeAttempt(ctx, holder, limit)
}

func (s *counting) FindUserByEmail(ctx context.Context, key string) (auth.User, error) {
	return s.called("FindUserByEmail").FindUserByEmail(ctx, key)
}

func (s *counting) FindFactors(ctx context.Context, user auth.UserID, now time.Time) (auth.Factors, error) {
	return s.called("FindFactors").FindFactors(ctx, user, now)
}

func (s *counting) FindKnownDevice(ctx context.Context, user auth.UserID, hash string) (auth.KnownDevice, error) {
	return s.called("FindKnownDevice").FindKnownDevice(ctx, user, hash)
}

func (s *counting) FindEmails(ctx context.Context, user auth.UserID) ([]string, error) {
	return s.called("FindEmails").FindEmails(ctx, user)
}

func (s *counting) FindAttempt(ctx context.Context, hash string, now time.Time) (auth.Attempt, error) {
	return s.called("FindAttempt").FindAttempt(ctx, hash, now)
}

func (s *counting) FindSentCode(ctx context.Context, holder string) (auth.SentCode, error) {
	return s.called("FindSentCode").FindSentCode(ctx, holder)
}

func (s *counting) FindStalledChannels(ctx context.Context, channel auth.Channel, threshold int) (bool, error) {
	return s.called("FindStalledChannels").FindStalledChannels(ctx, channel, threshold)
}

func (s *counting) RemoveMessages(ctx context.Context, by time.Time) (int, error) {
	return s.called("RemoveMessages").RemoveMessages(ctx, by)
}

func (s *counting) ClaimMessage(ctx context.Context, channel auth.Channel, now, until, furthest time.Time) (auth.Message, error) {
	return s.called("ClaimMessage").ClaimMessage(ctx, channel, now, until, furthest)
}

func (s *counting) SpendMessage(ctx context.Context, id string, now time.Time) (bool, error) {
	return s.called("SpendMessage").SpendMessage(ctx, id, now)
}

// TestSameTransactions: with an email address that has an account and one that has none
// the store is called the same, in requests and by the worker that follows them, also
// past the limits (FF-03, FF-04, RC-01).
func TestSameTransactions(t *testing.T) {
	const known, unknown, disabled = "ann@example.com", "nob@example.com", "dis@example.com"
	signIn := func(f *flow, c auth.Client, email string) error {
		_, err := f.SignIn(f.ctx, c, email, "wrong wrong wrong", "")
		return err
	}
	reset := func(f *flow, c auth.Client, email string) error {
		result, err := f.ForgotPassword(f.ctx, c, email, "")
		if err != nil {
			return err
		}
		_, err = f.Attempt(f.ctx, result.Attempt)
		f.must(err)
		f.now = f.now.Add(30 * time.Second)
		if err := f.ResendCode(f.ctx, c, result.Attempt); err != nil {
			return err
		}
		for range 2 {
			_, err = f.Verify(f.ctx, c, result.Attempt, "000000", false)
		}
		return err
	}
	signUp := func(f *flow, c auth.Client, email string) error {
		result, err := f.SignUp(f.ctx, c, email, flowPassword, "")
		if err != nil {
			return err
		}
		_, err = f.Attempt(f.ctx, result.Attempt)
		f.must(err)
		_, err = f.Verify(f.ctx, c, result.Attempt, "000000", false)
		return err
	}
	for name, do := range map[string]func(*flow, auth.Client, string) error{"sign-in": signIn, "reset": reset, "sign-up": signUp} {
		calls, reasons := map[string][]string{}, map[string][]auth.Reason{}
		for _, email := range []string{known, unknown, disabled} {
			f := newFlow(t)
			f.signUp(known)
			f.signUp(disabled)
			if done, err := f.operate(auth.Disable, disabled); err != nil || !done {
				t.Fatal(done, err)
			}
			f.now = f.now.Add(25 * time.Hour)
			f.deliver()
			store := &counting{real: f.db}
			f.use(store)
			client := f.client()
			client.DeviceToken = auth.NewToken()
			for range 110 {
				if name != "sign-in" {
					f.now = f.now.Add(20 * time.Minute)
				}
				reasons[email] = append(reasons[email], asProblem(do(f, client, email)).Reason)
				f.deliver()
				f.now = f.now.Add(10 * time.Second)
			}
			calls[email] = store.calls
		}
		for _, email := range []string{unknown, disabled} {
			if !slices.Equal(reasons[email], reasons[known]) {
				t.Errorf("%s, %s: different reasons", name, email)
			}
			if !slices.Equal(calls[email], calls[known]) {
				i := 0
				for calls[email][i] == calls[known][i] {
					i++
				}
				t.Errorf("%s: %d calls with %s, %d with %s; call %d is %s instead of %s, after %v",
					name, len(calls[email]), email, len(calls[known]), known, i, calls[email][i], calls[known][i], calls[known][max(0, i-8):i])
			}
		}
		if !slices.Contains(reasons[known], auth.TooManyAttempts) && !slices.Contains(reasons[known], auth.TooManyCodes) {
			t.Errorf("%s: no limit was reached", name)
		}
	}
}
