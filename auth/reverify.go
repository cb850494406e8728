package auth

import (
	"context"
	"errors"
	"time"
)

// Reverify is what must be proved anew before anything that shows or changes
// a factor, the password, the address, other sessions or the account: the
// second factor or, where there is none, the first; and with First both.
type Reverify struct {
	First  bool          // the first factor too, of people who have a second
	Within time.Duration // how fresh the proof must be; a fresh sign-in counts
}

// Presets are the settings an operator chooses from. The standards name no
// number; peers ask after 5 to 60 minutes (RV-03). strict is the default.
var Presets = map[string]Reverify{
	"strict_mfa": {First: true, Within: 10 * time.Minute},
	"strict":     {Within: 10 * time.Minute},
	"moderate":   {Within: time.Hour},
	"lax":        {Within: 24 * time.Hour},
}

// FreshlyVerified reports whether a session has proved lately what the
// operator wants proved for what is sensitive (RV-01, RV-04).
func (r *Rules) FreshlyVerified(s Session, factors Factors) bool {
	now := r.now()
	fresh := func(at time.Time) bool {
		return !at.IsZero() && now.Sub(at) <= r.policy.Reverify.Within && datable(at, now)
	}
	if factors.On() {
		return fresh(s.SecondAt) && (!r.policy.Reverify.First || fresh(s.FirstAt))
	}
	return fresh(s.FirstAt)
}

// Reverification returns the open attempt of a handle to raise this session,
// or begins one: then its new handle is returned too. It asks with sign-in's
// own verifiers, counters and waits (RV-05).
func (r *Rules) Reverification(ctx context.Context, session Session, handle Handle, next string) (Attempt, Handle, error) {
	now := r.now()
	a, err := r.reverification(ctx, session, handle, now)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return a, "", err
	}
	handle = NewHandle()
	a = Attempt{
		Handle: handle.Hash(), Purpose: Reverification, User: session.User, Email: session.Email,
		Session: session.ID, Next: next, ExpiresAt: now.Add(AttemptLifetime),
	}
	if err := r.store.AddAttempt(ctx, Grant{At: now, Attempt: &a}); err != nil {
		return a, "", err
	}
	a, err = r.attempt(ctx, handle, now)
	return a, handle, err
}

// reverification is an open attempt that raises this very session.
func (r *Rules) reverification(ctx context.Context, session Session, handle Handle, now time.Time) (Attempt, error) {
	a, err := r.attempt(ctx, handle, now)
	if err == nil && (a.Purpose != Reverification || a.Session != session.ID) {
		err = ErrNotFound
	}
	return a, err
}
