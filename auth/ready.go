package auth

import "context"

// Ready returns nil if the store can be used, otherwise, within seconds, an error
// with a [NotReady] in it.
func (r *Rules) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ReadyTimeout)
	defer cancel()
	return r.store.Ping(ctx)
}

// A NotReady says why a store cannot be used. Anybody may read it: it names no
// server, path or key. The error that wraps it says more.
type NotReady string

// The reasons.
const (
	NotResponding NotReady = "the database does not answer"
	ReadOnly      NotReady = "the database can be read, but not written to"
	DiskFull      NotReady = "the disk of the database is full"
	DiskFailing   NotReady = "the disk of the database fails"
	NewerSchema   NotReady = "the database is of a newer version than this program"
)

func (n NotReady) Error() string { return string(n) }
