package auth

import (
	"context"
	"time"
)

// Store is what lasts: the sum of what the rules need, each part declared
// beside its rule. Its verbs: Find (or ErrNotFound), Add, Replace, Remove,
// Spend (of any number of racing callers at most one is told true), Take
// (never more callers than the limit allows are told true) and Claim. One
// method is one transaction, durable when it returns; a Grant is written in
// the transaction of the condition it hangs on, or not at all.
type Store interface {
	rateLimitStore
	factorStore
	attemptStore
	signInStore
	sentCodeStore
	backupCodeStore
	totpStore
	phoneStore
	sessionStore
	messageStore
	accountStore
	activityStore
	deviceStore
	passwordStore
	emailStore
	operatorStore

	// RemoveExpired removes what no rule can use any more: attempts, codes and
	// set-ups that have expired, sessions past their limits, counts that allow
	// everything again, the text of codes nobody saw, history past its time.
	RemoveExpired(ctx context.Context, now time.Time, ends Cutoffs) (removed int, err error)

	// Ping answers nil while the store can be used, else an [NotReady].
	Ping(ctx context.Context) error
}

// An NotReady is why a store cannot be used now, in words that anybody may read:
// they name no server, no path and no key. The error around it says more.
type NotReady string

// What can be wrong with a store.
const (
	NotResponding NotReady = "the database does not answer"
	ReadOnly      NotReady = "the database can be read, but not written to"
	DiskFull      NotReady = "the disk of the database is full"
	DiskFailing   NotReady = "the disk of the database fails"
	NewerSchema   NotReady = "the database is of a newer version than this program"
)

func (u NotReady) Error() string { return string(u) }

// Cutoffs are the times before which things are over, for those whose own row
// does not say when.
type Cutoffs struct {
	SessionsSeen    time.Time // sessions last seen before this
	SessionsStarted time.Time // sessions begun before this
	Activity        time.Time // events that happened before this
	KnownDevices    time.Time // browsers last seen before this
	RateLimits      time.Time // counts of windows that began before this
	Failures        time.Time // failures in a row, the last of them before this
}

// Sweep removes what is over, and answers how many rows that were (ST-10). It
// is called by the hour.
func (r *Rules) Sweep(ctx context.Context) (removed int, err error) {
	now := r.now()
	return r.store.RemoveExpired(ctx, now, Cutoffs{
		SessionsSeen: now.Add(-r.policy.SessionIdle), SessionsStarted: now.Add(-r.policy.SessionLifetime),
		Activity: now.Add(-r.policy.ActivityRetention), KnownDevices: now.Add(-KnownDeviceLifetime), RateLimits: now.Add(-24 * time.Hour), Failures: now.Add(-FailureRetention),
	})
}
