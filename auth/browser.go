package auth

import (
	"context"
	"time"
)

// A KnownBrowser is a browser that has signed in to an account before. It
// carries a random marker, which proves nothing and stands in for no factor
// (FF-09): it only tells a sign-in from a new browser, of which the owner gets a
// mail, from one of every day, and draws on a count of failures of its own.
type KnownBrowser struct {
	User   UserID
	Marker string // hash of the marker
	SeenAt time.Time
}

type browserStore interface {
	// FindBrowser reads when an account last signed in with a browser.
	FindBrowser(ctx context.Context, user UserID, marker string) (KnownBrowser, error)
}

func (r *Rules) knowsBrowser(ctx context.Context, user UserID, visitor Visitor) (bool, error) {
	if user == "" || visitor.Marker == "" {
		return false, nil
	}
	_, err := r.store.FindBrowser(ctx, user, visitor.Marker.Hash())
	return err == nil, notMissing(err)
}
