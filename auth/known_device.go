package auth

import (
	"context"
	"time"
)

// A KnownDevice is a browser that has signed in to an account before,
// recognised by a random token in a cookie. It authenticates nobody and replaces
// no factor (FF-09): sign-ins from other browsers are notified to the owner, and
// its failures have a count of their own.
type KnownDevice struct {
	User      UserID
	TokenHash string
	SeenAt    time.Time
}

// isKnownDevice asks the store without an account too, so that the time does not show
// that there is none.
func (r *Rules) isKnownDevice(ctx context.Context, user UserID, client Client) (bool, error) {
	if client.DeviceToken == "" {
		return false, nil
	}
	_, err := r.store.FindKnownDevice(ctx, user, client.DeviceToken.Hash())
	return err == nil, ignoreNotFound(err)
}
