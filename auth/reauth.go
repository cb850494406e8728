package auth

import (
	"context"
	"errors"
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
	now, policy := r.now(), r.policy().Reauth
	return s.Satisfies(Demand{AllFactors: policy.BothFactors, NotBefore: now.Add(-policy.MaxAge)}, factors, now)
}

// StartReauth begins a re-authentication attempt of the session for a demand, or sets the
// demand of the one that is open. It returns the attempt's token. The page that asks for
// the factors reads the demand from the attempt; the caller that demands checks the session again
// when the user returns to next, a local path.
//
// A session begins one attempt for each [AttemptLifetime], also for a client that does not
// keep the cookie: the token is derived from the session's. Only together with that it is
// of use.
func (r *Rules) StartReauth(ctx context.Context, session Session, d Demand, next string) (Token, error) {
	now := r.now()
	token := r.reauthToken(session, now)
	a := Attempt{
		TokenHash: token.Hash(), Purpose: Reauthentication, User: session.User, Email: session.Email,
		Session: session.ID, Demand: d, Next: next, ExpiresAt: now.Add(AttemptLifetime),
	}
	changes := ChangeSet{User: session.User, At: now, Changes: []Change{AddAttempt{a}}}
	err := r.store.AddAttempt(ctx, changes)
	if errors.Is(err, ErrNotFound) {
		changes.Changes = []Change{ReplaceDemand{a}}
		err = r.store.Apply(ctx, changes)
	}
	return token, err
}

// FindReauth returns the open re-authentication attempt of a session and its token, or
// [ErrNotFound]. token is that of the cookie, which may be of something else.
func (r *Rules) FindReauth(ctx context.Context, session Session, token Token) (Attempt, Token, error) {
	now := r.now()
	for _, token := range []Token{token, r.reauthToken(session, now)} {
		a, err := r.attempt(ctx, token, now)
		if ignoreNotFound(err) != nil {
			return Attempt{}, "", err
		}
		if a.Session == session.ID { // only such an attempt has one
			return a, token, nil
		}
	}
	return Attempt{}, "", ErrNotFound
}

// reauthToken derives the token of a session's attempt. An attempt lasts into the next
// period, in which there is another one, so that an expired one is not in the way.
func (r *Rules) reauthToken(session Session, now time.Time) Token {
	_, key := r.keys.Newest(KeyRepeat)
	period := now.UnixMilli() / AttemptLifetime.Milliseconds()
	return tokenMAC(key, string(Reauthentication), session.TokenHash, strconv.FormatInt(period, 10))
}
