package auth

import (
	"context"
	"time"
)

// CancelEmailChange ends the account's enrolment.
func (r *Rules) CancelEmailChange(ctx context.Context, client Client, session Session) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	e, err := r.emailEnrolment(ctx, session, now)
	if err != nil {
		return formExpired(err)
	}
	return r.endEmailEnrolment(ctx, client, e, now)
}

// FindEmailChange returns the change that a token from an email can stop, or
// [ErrNotFound] if it has ended.
func (r *Rules) FindEmailChange(ctx context.Context, token Token) (EmailEnrolment, error) {
	return r.store.FindEmailChange(ctx, token.Hash(), r.now())
}

// An EmailChangeEnd is how a change of the sign-in address has ended.
type EmailChangeEnd struct {
	Email string    // the requested address
	By    EventType // [EmailChanged], or what ended it without effect; empty if it was never verified
	At    time.Time // of that event
}

// EmailChangeEnd returns how the change that a token from an email belongs to has ended,
// or [ErrNotFound] if the history has no such change. The address that the token was sent to
// got notices of these events, too.
func (r *Rules) EmailChangeEnd(ctx context.Context, token Token) (EmailChangeEnd, error) {
	return r.store.FindEmailChangeEnd(ctx, token.Hash())
}

// StopEmailChange stops the change that a token belongs to. Anybody who reads the
// email to the old address may do that without signing in.
func (r *Rules) StopEmailChange(ctx context.Context, client Client, token Token) error {
	now := r.now()
	e, err := r.store.FindEmailChange(ctx, token.Hash(), now)
	if err != nil {
		return formExpired(err)
	}
	return r.endEmailEnrolment(ctx, client, e, now)
}

func (r *Rules) endEmailEnrolment(ctx context.Context, client Client, e EmailEnrolment, now time.Time) error {
	changes := ChangeSet{User: e.User, At: now}
	if e.Use == ForSignIn {
		if err := r.record(ctx, &changes, client, Event{Type: EmailChangeStopped, Email: e.Email.Typed}); err != nil {
			return err
		}
	}
	spent, err := r.store.SpendEmailEnrolment(ctx, e.ID, changes)
	return r.conclude(ctx, changes, spent, err)
}
