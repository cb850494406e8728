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
	triesStore
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
	browserStore
	passwordStore
	addressStore
	operatorStore

	// RemoveExpired removes what no rule can use any more: attempts, codes and
	// set-ups that have expired, sessions past their limits, counts that allow
	// everything again, the text of codes nobody saw, history past its time.
	RemoveExpired(ctx context.Context, now time.Time, ends Ends) (removed int, err error)

	// Ping answers nil while the store can be used, else an [Unready].
	Ping(ctx context.Context) error
}

// An Unready is why a store cannot be used now, in words that anybody may read:
// they name no server, no path and no key. The error around it says more.
type Unready string

// What can be wrong with a store.
const (
	NoAnswer  Unready = "the database does not answer"
	ReadOnly  Unready = "the database can be read, but not written to"
	DiskFull  Unready = "the disk of the database is full"
	DiskFails Unready = "the disk of the database fails"
	NewerData Unready = "the database is of a newer version than this program"
)

func (u Unready) Error() string { return string(u) }

// Ends are the times before which things are over, for those whose own row
// does not say when.
type Ends struct {
	SessionsSeen    time.Time // sessions last seen before this
	SessionsStarted time.Time // sessions begun before this
	Activity        time.Time // events that happened before this
	Browsers        time.Time // browsers last seen before this
	Tries           time.Time // counts of windows that began before this
	Failures        time.Time // failures in a row, the last of them before this
}

// Sweep removes what is over, and answers how many rows that were (ST-10). It
// is called by the hour.
func (r *Rules) Sweep(ctx context.Context) (removed int, err error) {
	now := r.now()
	return r.store.RemoveExpired(ctx, now, Ends{
		SessionsSeen: now.Add(-r.policy.SessionIdle), SessionsStarted: now.Add(-r.policy.SessionLifetime),
		Activity: now.Add(-r.policy.ActivityKept), Browsers: now.Add(-BrowserKept), Tries: now.Add(-24 * time.Hour), Failures: now.Add(-FailuresKept),
	})
}
