package auth

import (
	"context"
	"slices"
	"time"
)

// stopsRecovery reports whether an event stops the account's pending recovery: a second
// factor was used, so the user has one, or the password, a factor, the sign-in address or
// the role was changed, so what the recovery began with no longer holds.
func stopsRecovery(e Event) bool {
	switch e.Type {
	case SignedIn, SignedInNewDevice, Reauthenticated:
		return slices.Contains(secondFactors, e.Factor)
	case TOTPAdded, TOTPRemoved, PasskeyAdded, PasskeyRemoved, PhoneAdded, PhoneRemoved, PhoneReserved, PhoneReleased,
		BackupCodesReplaced, PasswordChanged, PasswordReset, EmailChanged,
		OperatorResetMFA, OperatorResetPassword, OperatorDisabled, OperatorChangedRole:
		return true
	}
	return false
}

// stopRecovery adds the change that stops the account's recovery because of e. A recovery
// that is requested after this has looked for one stops too, but without a mail about it.
func (r *Rules) stopRecovery(ctx context.Context, changes *ChangeSet, client Client, e Event) error {
	last, err := r.RecoveryOf(ctx, changes.User)
	if err != nil {
		return err
	}
	stopped := ChangeSet{User: changes.User, At: changes.At}
	event := Event{Type: RecoveryStopped, Actor: e.Actor}
	if !last.Pending() {
		stopped.addEvent(client, event)
	} else if err := r.record(ctx, &stopped, client, event); err != nil {
		return err
	}
	changes.add(StopRecovery{Changes: stopped.Changes, Expected: last.Pending()})
	return nil
}

// RecoveryOf returns the last recovery of an account; zero if it had none lately.
func (r *Rules) RecoveryOf(ctx context.Context, user UserID) (Recovery, error) {
	recovery, err := r.store.FindRecovery(ctx, user)
	return recovery, ignoreNotFound(err)
}

// FindRecovery returns the recovery that a token from a message can stop, or
// [ErrNotFound] if it has ended.
func (r *Rules) FindRecovery(ctx context.Context, token Token) (Recovery, error) {
	return r.findRecovery(ctx, token, r.now())
}

func (r *Rules) findRecovery(ctx context.Context, token Token, now time.Time) (Recovery, error) {
	recovery, err := r.store.FindRecoveryByToken(ctx, token.Hash())
	if err == nil && !recovery.Pending() && !recovery.disputable(now) {
		err = ErrNotFound
	}
	return recovery, err
}

// StopRecovery stops the recovery that a token belongs to. Anybody who reads a message
// about it may do that without signing in.
//
// If it is completed, [StopTokenLifetime] or less ago, this disables the account instead and
// ends its sessions: if the user did not request it, somebody has the password and the
// mailbox, and only an administrator can find out who the user is.
func (r *Rules) StopRecovery(ctx context.Context, client Client, token Token) (stopped Recovery, err error) {
	now := r.now()
	recovery, err := r.findRecovery(ctx, token, now)
	if err != nil {
		return recovery, formExpired(err)
	}
	changes := ChangeSet{User: recovery.User, At: now}
	if recovery.Pending() {
		if err := r.record(ctx, &changes, client, Event{Type: RecoveryStopped}); err != nil {
			return recovery, err
		}
		ended, err := r.store.EndRecovery(ctx, recovery.User, recovery.ID, changes)
		return recovery, r.conclude(ctx, changes, ended, err)
	}
	changes.add(EndSessions{}, KeepAdmin{})
	if err := r.record(ctx, &changes, client, Event{Type: RecoveryDisputed}); err != nil {
		return recovery, err
	}
	disabled, err := r.store.ReplaceDisabled(ctx, recovery.User, true, changes)
	return recovery, r.conclude(ctx, changes, disabled, operated(err))
}
