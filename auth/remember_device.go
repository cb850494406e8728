package auth

import (
	"context"
	"slices"
	"time"
)

// A remembered device is a known device on which the user has asked, at the second step
// of a sign-in, that this step be skipped in future. The operator has to allow it. It
// replaces no factor: a session that begins on it has one factor verified, and
// re-authentication asks for the second one (FF-09, FF-12).
//
// It is a fact about the known device of one account. So a copy of its cookie is of no use
// after the next sign-in, and it ends with the sessions of the account: what makes the
// user or the operator distrust those makes them distrust the device.

// remembered reports whether a device is remembered. The time starts at the second step and
// not again at each sign-in.
func (r *Rules) remembered(d KnownDevice, now time.Time) bool {
	return !d.RememberedAt.IsZero() && now.Before(r.RememberedUntil(d)) && plausible(d.RememberedAt, now)
}

// RememberedUntil is when a device that is remembered will be asked for the second step
// again, for pages.
func (r *Rules) RememberedUntil(d KnownDevice) time.Time {
	return d.RememberedAt.Add(r.policy().RememberDevice)
}

// putDevice makes the client's device known with a new token, which it returns. The
// device is remembered if the user has just verified a second factor and asks for it.
func (r *Rules) putDevice(ctx context.Context, c challenge, a Attempt, changes *ChangeSet) (Token, error) {
	token := r.deviceTokens(c.posted, changes.At)[0]
	put := PutKnownDevice{KeepRemembered: a.Remembered, KnownDevice: KnownDevice{
		ID: newID(), TokenHash: token.Hash(), SeenAt: changes.At, UserAgent: cutUserAgent(c.client.UserAgent),
	}}
	if c.posted.device != "" {
		put.Replaces = c.posted.device.Hash()
	}
	if c.client.Remember && r.policy().RememberDevice > 0 && a.hasVerified(secondFactors...) {
		put.RememberedAt = changes.At
		if err := r.record(ctx, changes, c.client, Event{Type: DeviceRemembered, Factor: c.kind()}); err != nil {
			return "", err
		}
	}
	changes.add(put)
	return token, nil
}

// RememberedDevices lists an account's remembered devices, the last seen first.
func (r *Rules) RememberedDevices(ctx context.Context, session Session) ([]KnownDevice, error) {
	now := r.now()
	all, err := r.store.FindRememberedDevices(ctx, session.User)
	all = slices.DeleteFunc(all, func(d KnownDevice) bool { return !r.remembered(d, now) })
	slices.SortFunc(all, func(a, b KnownDevice) int { return b.SeenAt.Compare(a.SeenAt) })
	return all, err
}

// ForgetDevice ends that a device of the account is remembered. It returns [ErrNotFound] if
// it is not.
func (r *Rules) ForgetDevice(ctx context.Context, client Client, session Session, id string) error {
	now := r.now()
	if err := r.allowExpulsion(ctx, now, session.ID); err != nil {
		return err
	}
	changes := ChangeSet{User: session.User, At: now}
	if err := r.record(ctx, &changes, client, Event{Type: DeviceForgotten}); err != nil {
		return err
	}
	forgotten, err := r.store.ForgetDevice(ctx, session.User, id, changes)
	if err == nil && !forgotten {
		err = ErrNotFound
	}
	return r.conclude(ctx, changes, true, err)
}
