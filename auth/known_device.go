package auth

import (
	"context"
	"time"
)

// A KnownDevice is a browser that has signed in to an account before. It
// carries a random marker, which proves nothing and stands in for no factor
// (FF-09): it only tells a sign-in from a new browser, of which the owner gets a
// mail, from one of every day, and draws on a count of failures of its own.
type KnownDevice struct {
	User      UserID
	TokenHash string // hash of the marker
	SeenAt    time.Time
}

type deviceStore interface {
	// FindKnownDevice reads when an account last signed in with a browser.
	FindKnownDevice(ctx context.Context, user UserID, marker string) (KnownDevice, error)
}

func (r *Rules) knowsBrowser(ctx context.Context, user UserID, visitor Visitor) (bool, error) {
	if user == "" || visitor.DeviceToken == "" {
		return false, nil
	}
	_, err := r.store.FindKnownDevice(ctx, user, visitor.DeviceToken.Hash())
	return err == nil, notMissing(err)
}
