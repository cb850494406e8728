package handlers_test

import (
	"context"
	"errors"
	"time"

	"twostep/auth"
	"twostep/db"
)

var errInjected = errors.New("injected fault")

// A faultyStore injects a fault into one call. It has the calls of a sign-in; any other
// call panics, so that a new one is noticed.
type faultyStore struct {
	auth.Store // nil
	real       *db.Store

	fault  func(ctx context.Context, do func() error) error
	failAt int    // number of the call that fails, from 1; while 0, calls are not counted
	calls  int    // so far
	failed string // name of the call that failed
}

// The faults: the call fails without effect, takes effect but reports a failure, or
// hangs until its timeout.
func failBefore(context.Context, func() error) error     { return errInjected }
func failAfter(_ context.Context, do func() error) error { _ = do(); return errInjected }
func hang(ctx context.Context, _ func() error) error     { <-ctx.Done(); return ctx.Err() }

func call[T any](ctx context.Context, s *faultyStore, name string, do func() (T, error)) (result T, err error) {
	if s.failAt == 0 {
		return do()
	}
	if s.calls++; s.calls != s.failAt {
		return do()
	}
	s.failed = name
	return result, s.fault(ctx, func() error { _, err := do(); return err })
}

func (s *faultyStore) Allow(ctx context.Context, now time.Time, limits []auth.RateLimit) (refused int, count auth.Count, err error) {
	refused, err = call(ctx, s, "Allow", func() (refused int, err error) {
		refused, count, err = s.real.Allow(ctx, now, limits)
		return refused, err
	})
	return refused, count, err
}

func (s *faultyStore) Apply(ctx context.Context, changes auth.ChangeSet) error {
	_, err := call(ctx, s, "Apply", func() (struct{}, error) { return struct{}{}, s.real.Apply(ctx, changes) })
	return err
}

func (s *faultyStore) FindUserByEmail(ctx context.Context, key string) (auth.User, error) {
	return call(ctx, s, "FindUserByEmail", func() (auth.User, error) { return s.real.FindUserByEmail(ctx, key) })
}

func (s *faultyStore) FindFactors(ctx context.Context, user auth.UserID, now time.Time) (auth.Factors, error) {
	return call(ctx, s, "FindFactors", func() (auth.Factors, error) { return s.real.FindFactors(ctx, user, now) })
}

func (s *faultyStore) FindKnownDevice(ctx context.Context, user auth.UserID, tokenHash string) (auth.KnownDevice, error) {
	return call(ctx, s, "FindKnownDevice", func() (auth.KnownDevice, error) { return s.real.FindKnownDevice(ctx, user, tokenHash) })
}

func (s *faultyStore) SpendPassword(ctx context.Context, user auth.UserID, hash, rehash string, changes auth.ChangeSet) (bool, error) {
	return call(ctx, s, "SpendPassword", func() (bool, error) { return s.real.SpendPassword(ctx, user, hash, rehash, changes) })
}

func (s *faultyStore) FindAttempt(ctx context.Context, tokenHash string, now time.Time) (auth.Attempt, error) {
	return call(ctx, s, "FindAttempt", func() (auth.Attempt, error) { return s.real.FindAttempt(ctx, tokenHash, now) })
}

func (s *faultyStore) FindSentCode(ctx context.Context, holder string) (auth.SentCode, error) {
	return call(ctx, s, "FindSentCode", func() (auth.SentCode, error) { return s.real.FindSentCode(ctx, holder) })
}

func (s *faultyStore) FindTOTP(ctx context.Context, user auth.UserID) (auth.TOTPKey, error) {
	return call(ctx, s, "FindTOTP", func() (auth.TOTPKey, error) { return s.real.FindTOTP(ctx, user) })
}

func (s *faultyStore) FindEmails(ctx context.Context, user auth.UserID) ([]string, error) {
	return call(ctx, s, "FindEmails", func() ([]string, error) { return s.real.FindEmails(ctx, user) })
}

func (s *faultyStore) SpendTOTPStep(ctx context.Context, user auth.UserID, step int64, changes auth.ChangeSet) (bool, error) {
	return call(ctx, s, "SpendTOTPStep", func() (bool, error) { return s.real.SpendTOTPStep(ctx, user, step, changes) })
}

func (s *faultyStore) FindSessionFactors(ctx context.Context, tokenHash string, now time.Time) (session auth.Session, f auth.Factors, err error) {
	session, err = call(ctx, s, "FindSessionFactors", func() (session auth.Session, err error) {
		session, f, err = s.real.FindSessionFactors(ctx, tokenHash, now)
		return session, err
	})
	return session, f, err
}

func (s *faultyStore) FindHostSession(ctx context.Context, host, tokenHash string, now time.Time) (session auth.Session, f auth.Factors, groups []string, err error) {
	session, err = call(ctx, s, "FindHostSession", func() (session auth.Session, err error) {
		session, f, groups, err = s.real.FindHostSession(ctx, host, tokenHash, now)
		return session, err
	})
	return session, f, groups, err
}

// The calls after a sign-in have no faults.

func (s *faultyStore) RemoveSession(ctx context.Context, tokenHash string, now time.Time) error {
	return s.real.RemoveSession(ctx, tokenHash, now)
}

func (s *faultyStore) RemoveMessages(ctx context.Context, expiredBy time.Time) (int, error) {
	return s.real.RemoveMessages(ctx, expiredBy)
}

func (s *faultyStore) ClaimMessage(ctx context.Context, channel auth.Channel, now, until, furthest time.Time) (auth.Message, error) {
	return s.real.ClaimMessage(ctx, channel, now, until, furthest)
}

func (s *faultyStore) SpendMessage(ctx context.Context, id string, now time.Time) (bool, error) {
	return s.real.SpendMessage(ctx, id, now)
}

func (s *faultyStore) FindRecovery(ctx context.Context, user auth.UserID) (auth.Recovery, error) {
	return call(ctx, s, "FindRecovery", func() (auth.Recovery, error) { return s.real.FindRecovery(ctx, user) })
}
