package auth

import "context"

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

	// Ping answers nil while the store can be reached.
	Ping(ctx context.Context) error
}
