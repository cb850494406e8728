package auth

import (
	"context"
	"errors"
	"time"
)

// ReauthPolicy is what must be proved anew before anything that shows or changes
// a factor, the password, the address, other sessions or the account: the
// second factor or, where there is none, the first; and with First both.
type ReauthPolicy struct {
	BothFactors bool          // the first factor too, of people who have a second
	MaxAge      time.Duration // how fresh the proof must be; a fresh sign-in counts
}

// ReauthPresets are the settings an operator chooses from. The standards name no
// number; peers ask after 5 to 60 minutes (RV-03). strict is the default.
var ReauthPresets = map[string]ReauthPolicy{
	"strict_mfa": {BothFactors: true, MaxAge: 10 * time.Minute},
	"strict":     {MaxAge: 10 * time.Minute},
	"moderate":   {MaxAge: time.Hour},
	"lax":        {MaxAge: 24 * time.Hour},
}

// FreshlyVerified reports whether a session has proved lately what the
// operator wants proved for what is sensitive (RV-01, RV-04).
func (r *Rules) FreshlyVerified(s Session, factors Factors) bool {
	now := r.now()
	fresh := func(at time.Time) bool {
		return !at.IsZero() && now.Sub(at) <= r.policy.Reauth.MaxAge && datable(at, now)
	}
	if factors.HasMFA() {
		return fresh(s.MFAAt) && (!r.policy.Reauth.BothFactors || fresh(s.PasswordAt))
	}
	return fresh(s.PasswordAt)
}

// Reauthentication returns the open attempt of a handle to raise this session,
// or begins one: then its new handle is returned too. It asks with sign-in's
// own verifiers, counters and waits (RV-05).
func (r *Rules) Reauthentication(ctx context.Context, session Session, handle Token, next string) (Attempt, Token, error) {
	now := r.now()
	a, err := r.reauthentication(ctx, session, handle, now)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return a, "", err
	}
	handle = NewToken()
	a = Attempt{
		TokenHash: handle.Hash(), Purpose: Reauthentication, User: session.User, Email: session.Email,
		Session: session.ID, Next: next, ExpiresAt: now.Add(AttemptLifetime),
	}
	if err := r.store.AddAttempt(ctx, ChangeSet{At: now, Attempt: &a}); err != nil {
		return a, "", err
	}
	a, err = r.attempt(ctx, handle, now)
	return a, handle, err
}

// reauthentication is an open attempt that raises this very session.
func (r *Rules) reauthentication(ctx context.Context, session Session, handle Token, now time.Time) (Attempt, error) {
	a, err := r.attempt(ctx, handle, now)
	if err == nil && (a.Purpose != Reauthentication || a.Session != session.ID) {
		err = ErrNotFound
	}
	return a, err
}
