package handlers_test

import (
	"context"
	"errors"
	"time"

	"twostep/auth"
	"twostep/db"
)

var errBroken = errors.New("the database broke down")

// A brittle store is one of which a single call goes wrong. It has every call
// of a sign-in; any other one panics, so that none is forgotten here.
type brittle struct {
	auth.Store // nil
	real       *db.Store

	how    func(ctx context.Context, do func() error) error
	breaks int    // which call goes wrong, from 1; while it is 0 none does and none is counted
	calls  int    // so far
	broke  string // the call that did
}

// What can go wrong: the call fails and does nothing, or does it and the answer
// is lost, or hangs for as long as it may.
func fails(context.Context, func() error) error       { return errBroken }
func isLost(_ context.Context, do func() error) error { _ = do(); return errBroken }
func hangs(ctx context.Context, _ func() error) error { <-ctx.Done(); return ctx.Err() }

func ask[T any](ctx context.Context, s *brittle, name string, do func() (T, error)) (answer T, err error) {
	if s.breaks == 0 {
		return do()
	}
	if s.calls++; s.calls != s.breaks {
		return do()
	}
	s.broke = name
	return answer, s.how(ctx, func() error { _, err := do(); return err })
}

func (s *brittle) Allow(ctx context.Context, now time.Time, tries []auth.RateLimit) (int, auth.Count, error) {
	type taken struct {
		refused int
		count   auth.Count
	}
	t, err := ask(ctx, s, "Allow", func() (t taken, err error) {
		t.refused, t.count, err = s.real.Allow(ctx, now, tries)
		return t, err
	})
	return t.refused, t.count, err
}

func (s *brittle) FindUserByEmail(ctx context.Context, key string) (auth.User, error) {
	return ask(ctx, s, "FindUserByEmail", func() (auth.User, error) { return s.real.FindUserByEmail(ctx, key) })
}

func (s *brittle) FindFactors(ctx context.Context, user auth.UserID, now time.Time) (auth.Factors, error) {
	return ask(ctx, s, "FindFactors", func() (auth.Factors, error) { return s.real.FindFactors(ctx, user, now) })
}

func (s *brittle) FindKnownDevice(ctx context.Context, user auth.UserID, marker string) (auth.KnownDevice, error) {
	return ask(ctx, s, "FindKnownDevice", func() (auth.KnownDevice, error) { return s.real.FindKnownDevice(ctx, user, marker) })
}

func (s *brittle) SpendPassword(ctx context.Context, user auth.UserID, hash, rehash string, grant auth.ChangeSet) (bool, error) {
	return ask(ctx, s, "SpendPassword", func() (bool, error) { return s.real.SpendPassword(ctx, user, hash, rehash, grant) })
}

func (s *brittle) FindAttempt(ctx context.Context, handle string, now time.Time) (auth.Attempt, error) {
	return ask(ctx, s, "FindAttempt", func() (auth.Attempt, error) { return s.real.FindAttempt(ctx, handle, now) })
}

func (s *brittle) FindSentCode(ctx context.Context, holder string) (auth.SentCode, error) {
	return ask(ctx, s, "FindSentCode", func() (auth.SentCode, error) { return s.real.FindSentCode(ctx, holder) })
}

func (s *brittle) FindTOTP(ctx context.Context, user auth.UserID) (auth.TOTPKey, error) {
	return ask(ctx, s, "FindTOTP", func() (auth.TOTPKey, error) { return s.real.FindTOTP(ctx, user) })
}

func (s *brittle) FindEmails(ctx context.Context, user auth.UserID) ([]string, error) {
	return ask(ctx, s, "FindEmails", func() ([]string, error) { return s.real.FindEmails(ctx, user) })
}

func (s *brittle) SpendTOTPStep(ctx context.Context, user auth.UserID, step int64, grant auth.ChangeSet) (bool, error) {
	return ask(ctx, s, "SpendTOTPStep", func() (bool, error) { return s.real.SpendTOTPStep(ctx, user, step, grant) })
}

func (s *brittle) FindSessionFactors(ctx context.Context, handle string, now time.Time) (session auth.Session, f auth.Factors, err error) {
	session, err = ask(ctx, s, "FindSessionFactors", func() (session auth.Session, err error) {
		session, f, err = s.real.FindSessionFactors(ctx, handle, now)
		return session, err
	})
	return session, f, err
}

// What comes after a sign-in is no part of it, and always works.

func (s *brittle) RemoveSession(ctx context.Context, handle string) error {
	return s.real.RemoveSession(ctx, handle)
}

func (s *brittle) RemoveMessages(ctx context.Context, expiredBy time.Time) (int, error) {
	return s.real.RemoveMessages(ctx, expiredBy)
}

func (s *brittle) ClaimMessages(ctx context.Context, channel auth.Channel, now, until, furthest time.Time, most int) ([]auth.Message, error) {
	return s.real.ClaimMessages(ctx, channel, now, until, furthest, most)
}

func (s *brittle) SpendMessage(ctx context.Context, id string, now time.Time) (bool, error) {
	return s.real.SpendMessage(ctx, id, now)
}
