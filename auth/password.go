package auth

import (
	"context"
	"errors"
	"time"
)

type passwordStore interface {
	// ReplacePassword sets an account's password and takes the mark away that it
	// must be changed.
	ReplacePassword(ctx context.Context, user UserID, hash string, grant ChangeSet) (replaced bool, err error)
}

// ForgotPassword starts a reset: a code goes to the address, if anybody bears
// it; the visitor cannot tell (RC-01). Asking changes and locks nothing.
func (r *Rules) ForgotPassword(ctx context.Context, visitor Visitor, address string) (Result, error) {
	now := r.now()
	email, err := ParseEmail(address)
	if err != nil {
		return Result{}, err
	}
	if err := r.allow(ctx, now, r.limits(ActionReset, subjects{}.from(visitor))...); err != nil {
		return Result{}, err
	}
	user, err := r.store.FindUserByEmail(ctx, email.Key)
	if notMissing(err) != nil {
		return Result{}, err
	}
	handle := NewToken()
	a := Attempt{
		TokenHash: handle.Hash(), Purpose: ResetPassword, User: user.ID, Email: email.Typed,
		ExpiresAt: now.Add(AttemptLifetime),
	}
	grant := ChangeSet{At: now, Attempt: &a, EndOlder: &a}
	if err := r.oweResetCode(ctx, visitor, a, &grant, now); err != nil {
		return Result{}, err
	}
	if err := r.store.AddAttempt(ctx, grant); err != nil {
		return Result{}, err
	}
	r.applied(ctx, grant)
	return Result{Attempt: handle}, nil
}

// oweResetCode puts a code for the account's address into a grant. Strangers can
// ask for codes until the address may get no more of them; so a browser that has
// signed in before draws on a count of its own here, too, and the reset stays
// open to its owner (RL-06).
//
// The message has no holder: there is none where nobody bears the address, so
// no page may say how it fares, or that would tell who has an account (RC-01).
// The page says instead whether mail as a whole is stalled. That is read from
// messages which are queued alike for everybody who asks, those that have a
// holder; from a reset's own an attacker could see that his request had queued
// one.
func (r *Rules) oweResetCode(ctx context.Context, visitor Visitor, a Attempt, grant *ChangeSet, now time.Time) error {
	email, err := ParseEmail(a.Email)
	if err != nil {
		return err
	}
	user, err := r.store.FindUserByEmail(ctx, email.Key)
	if notMissing(err) != nil {
		return err
	}
	known, fault := r.knowsBrowser(ctx, user.ID, visitor)
	if fault != nil {
		return fault
	}
	if fault := r.allowSending(ctx, visitor, now, knownName(email.Key, known), a.TokenHash); fault != nil {
		return fault
	}
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && user.Disabled:
		r.oweNoCode(a.TokenHash, email.Typed, grant, now)
		return nil
	case err == nil:
		r.oweCode(a.TokenHash, email.Typed, Message{Channel: ByEmail, Kind: MessageResetCode}, grant, now)
		m := &grant.Messages[len(grant.Messages)-1]
		m.To = user.Email.Typed // the address that was proved, not the spelling of today
		m.Holder = ""
	}
	return err
}

// SetPassword ends a reset whose code was proved. It signs nobody in, takes no
// second factor away (RC-04, RC-05), and ends every session of the account.
func (r *Rules) SetPassword(ctx context.Context, visitor Visitor, handle Token, password string) error {
	now := r.now()
	a, err := r.attempt(ctx, handle, now)
	if err != nil {
		return formExpired(err)
	}
	if a.Step() != StepNew {
		return &Problem{Reason: FormExpired}
	}
	user, err := r.store.FindUser(ctx, a.User)
	if err != nil {
		return formExpired(err)
	}
	hash, err := r.newPassword(ctx, user, password)
	if err != nil {
		return err
	}
	grant := r.passwordReplaced(user.ID, "", now)
	grant.EndAttempt = a.TokenHash
	if err := r.record(ctx, &grant, visitor, Event{User: user.ID, Type: PasswordReset}); err != nil {
		return err
	}
	replaced, err := r.store.ReplacePassword(ctx, user.ID, hash, grant)
	return r.changed(ctx, replaced, err, grant)
}

// ChangePassword sets a new password for who is signed in and knows the
// current one (PW-11). The session goes on under a new handle.
func (r *Rules) ChangePassword(ctx context.Context, visitor Visitor, session Session, current, password string, endOthers bool) (Token, error) {
	now := r.now()
	if current == "" {
		return "", &Problem{Reason: PasswordMissing, Field: "current"}
	}
	user, err := r.store.FindUser(ctx, session.User)
	if err != nil {
		return "", err
	}
	// Before the current one is looked at: who cannot think of a good password
	// has given no wrong answer, and must not be made to wait for it.
	if err := r.checkNewPassword(password, user.Email); err != nil {
		return "", err
	}
	known, err := r.knowsBrowser(ctx, user.ID, visitor)
	if err != nil {
		return "", err
	}
	q := question{
		kind: Password, user: user.ID, visitor: visitor, known: known, hash: user.PasswordHash, holder: string(session.ID),
		field: "current", brake: brakeName(Password, string(user.ID), known),
	}
	if _, err := r.checkResponse(ctx, q, current, now); err != nil {
		return "", err
	}
	hash, err := r.newPassword(ctx, user, password)
	if err != nil {
		return "", err
	}
	handle := NewToken()
	grant := r.passwordReplaced(user.ID, session.ID, now)
	if !endOthers {
		grant.EndSessions = nil
	}
	grant.RenewSession = &RenewSession{Session: session.ID, TokenHash: handle.Hash(), PasswordAt: now}
	if err := r.record(ctx, &grant, visitor, Event{User: user.ID, Type: PasswordChanged}); err != nil {
		return "", err
	}
	spent, err := r.store.SpendPassword(ctx, user.ID, user.PasswordHash, hash, grant)
	return handle, r.changed(ctx, spent, err, grant)
}

// newPassword judges a new password of an account and hashes it.
func (r *Rules) newPassword(ctx context.Context, user User, password string) (string, error) {
	if err := r.checkNewPassword(password, user.Email); err != nil {
		return "", err
	}
	same, _, err := r.hasher.Check(ctx, user.PasswordHash, password)
	if err != nil {
		return "", err
	}
	if same {
		return "", &Problem{Reason: PasswordSame, Field: "password"}
	}
	return r.hasher.Hash(ctx, password)
}

// passwordReplaced is what goes with a password: sessions, open attempts, and
// the count of failures that had closed it (RL-01).
func (r *Rules) passwordReplaced(user UserID, except SessionID, now time.Time) ChangeSet {
	grant := ChangeSet{At: now, EndAttempts: user, EndSessions: &EndSessions{User: user, Except: except}}
	r.bound(&grant, Password, user)
	return grant
}

// notMissing is an error unless it only says that nothing was found.
func notMissing(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
