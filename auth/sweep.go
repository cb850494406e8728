package auth

import (
	"context"
	"time"
)

// Cutoffs are the times before which rows have expired that do not store their
// own expiry, and how many are kept.
type Cutoffs struct {
	SessionsSeen    time.Time // sessions last seen before this
	SessionsStarted time.Time // sessions started before this
	Activity        time.Time // events recorded before this
	KnownDevices    time.Time // devices last seen before this
	FailuresMax     int       // failure counts of email addresses that are kept, the last ones
}

// RemoveExpired removes what has expired and returns how many rows that were (ST-10).
// A server calls it every hour.
func (r *Rules) RemoveExpired(ctx context.Context) (removed int, err error) {
	now := r.now()
	return r.store.RemoveExpired(ctx, now, Cutoffs{
		SessionsSeen: now.Add(-r.policy().SessionIdle), SessionsStarted: now.Add(-r.policy().SessionLifetime),
		Activity: now.Add(-r.policy().ActivityRetention), KnownDevices: now.Add(-KnownDeviceLifetime),
		FailuresMax: FailuresMax,
	})
}
