package auth

import (
	"context"
	"strconv"
	"time"
)

// A ReauthPolicy says which factors must have been verified recently before a
// user sees or changes a factor, the password, an email address, other sessions
// or the account: the second factor or, without one, the password.
type ReauthPolicy struct {
	BothFactors bool          // the password too if the user has a second factor
	MaxAge      time.Duration // how recently; signing in counts
}

// ReauthPresets are the policies that the operator chooses from. The standards
// name no number; peers ask after 5 to 60 minutes (RV-03). The default is strict.
var ReauthPresets = map[string]ReauthPolicy{
	"strict_mfa": {BothFactors: true, MaxAge: 10 * time.Minute},
	"strict":     {MaxAge: 10 * time.Minute},
	"moderate":   {MaxAge: time.Hour},
	"lax":        {MaxAge: 24 * time.Hour},
}

// FreshlyVerified reports whether a session meets the re-authentication policy
// (RV-01, RV-04).
func (r *Rules) FreshlyVerified(s Session, factors Factors) bool {
	now := r.now()
	fresh := func(at time.Time) bool {
		return !at.IsZero() && now.Sub(at) <= r.policy.Reauth.MaxAge && plausible(at, now)
	}
	if factors.HasMFA() {
		return fresh(s.MFAAt) && (!r.policy.Reauth.BothFactors || fresh(s.PasswordAt))
	}
	return fresh(s.PasswordAt)
}

// Reauthentication returns the open re-authentication attempt of a token and
// session, or begins one and returns its new token as well. It uses the factors,
// counts and waits of sign-in (RV-05).
//
// A session begins one attempt for each [AttemptLifetime], also for a client that
// does not keep the cookie: the token is derived from the session's. Only together
// with that it is of use.
func (r *Rules) Reauthentication(ctx context.Context, session Session, token Token, next string) (Attempt, Token, error) {
	now := r.now()
	a, err := r.attempt(ctx, token, now)
	if err == nil && a.Purpose == Reauthentication && a.Session == session.ID {
		return a, "", nil
	}
	if ignoreNotFound(err) != nil {
		return a, "", err
	}
	token = r.reauthToken(session, now)
	a, err = r.attempt(ctx, token, now)
	if err == nil || ignoreNotFound(err) != nil {
		return a, token, err
	}
	a = Attempt{
		TokenHash: token.Hash(), Purpose: Reauthentication, User: session.User, Email: session.Email,
		Session: session.ID, Next: next, ExpiresAt: now.Add(AttemptLifetime),
	}
	err = r.store.AddAttempt(ctx, ChangeSet{User: session.User, At: now, Changes: []Change{AddAttempt{a}}})
	if ignoreNotFound(err) != nil { // not found: a concurrent request has begun it
		return a, "", err
	}
	a, err = r.attempt(ctx, token, now)
	return a, token, err
}

// reauthToken derives the token of a session's attempt. An attempt lasts into the next
// period, in which there is another one, so that an expired one is not in the way.
func (r *Rules) reauthToken(session Session, now time.Time) Token {
	_, key := r.keys.Newest(KeyRepeat)
	period := now.UnixMilli() / AttemptLifetime.Milliseconds()
	return tokenMAC(key, string(Reauthentication), session.TokenHash, strconv.FormatInt(period, 10))
}
