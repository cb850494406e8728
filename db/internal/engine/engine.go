// Package engine opens SQLite and PostgreSQL databases and runs queries and
// transactions on them. It knows no table but its own, schema_migrations.
//
// The same query texts run on both. SQLite has one writer at a time, and
// concurrent callers share its commits. PostgreSQL has many, so a transaction
// that meets a conflict is retried, and its writes are sent together.
package engine

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"sync/atomic"
	"time"

	"twostep/auth"
)

// A DB is an open database. It is safe for concurrent use.
type DB struct {
	// Statements run outside any transaction. On SQLite they can only read.
	Statements
	// Concurrent reports whether several transactions can write at the same
	// time, as on PostgreSQL. If not, no row needs to be locked.
	Concurrent bool

	writer     *writePool
	reader     *pool // on PostgreSQL, the writer's
	group      *group
	migrations []migration
	hasSchema  string // query: does the table schema_migrations exist?
	explain    func(error) error
	// unwritable is why a write failed, if every other write would fail for the
	// same reason. Ping clears it once writes succeed again.
	unwritable atomic.Pointer[auth.NotReady]
	writeCheck writeCheck
}

func newDB(migrations fs.FS) (*DB, error) {
	all, err := readMigrations(migrations)
	return &DB{migrations: all, explain: func(err error) error { return err }}, err
}

// Close closes all connections. The writer is closed last: SQLite then moves
// the write-ahead log into the database file.
func (db *DB) Close() error {
	var errs []error
	if db.reader != nil && db.reader != &db.writer.pool {
		errs = append(errs, db.reader.close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.close())
	}
	return errors.Join(errs...)
}

// SQL returns the pool of connections that can write.
func (db *DB) SQL() *sql.DB { return db.writer.db }

// Explain turns an error of the driver into one sentence without a password.
func (db *DB) Explain(err error) error { return db.explain(err) }

// A retried transaction waits between attempts, randomly and up to about a tenth
// of a second, so that two that conflicted do not meet again.
const (
	writeAttempts  = 6
	writeFirstWait = 2 * time.Millisecond
)

// Write runs do in a transaction, which is committed if do returns true and nil
// and rolled back otherwise. doing describes it in errors. do must use nothing
// but the statements it is given and must not be slow: other writers wait.
//
// do may run more than once, so everything it assigns outside must be assigned
// on each run. It does not run again after a failed commit or a lost connection,
// because then it is unknown whether the transaction was committed.
func (db *DB) Write(ctx context.Context, doing string, do func(Statements) (bool, error)) (done bool, err error) {
	for attempt := range writeAttempts {
		done, err = db.writeOnce(ctx, do)
		if err == nil || !isConflict(err) {
			break
		}
		wait := writeFirstWait << attempt
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + jitter(wait)):
		}
	}
	if err == nil || errors.Is(err, ErrNotApplied) {
		return done && err == nil, nil
	}
	if reason := notWritable(err); reason != "" {
		db.unwritable.Store(&reason)
	}
	return false, fmt.Errorf("%s: %w", doing, err)
}

func (db *DB) writeOnce(ctx context.Context, do func(Statements) (bool, error)) (done bool, err error) {
	if db.group != nil {
		return db.group.write(ctx, do)
	}
	tx, err := db.writer.begin(ctx)
	if err != nil {
		return false, err
	}
	defer tx.end()
	if done, err := do(tx.Statements); err != nil || !done {
		return false, err
	}
	err = tx.commit()
	return err == nil, err
}

// isResult reports whether an error is a result that callers expect, not a fault.
func isResult(err error) bool {
	return errors.Is(err, ErrNotApplied) || errors.Is(err, auth.ErrNotFound) || errors.Is(err, auth.ErrEmailTaken)
}

// jitter returns a random duration below limit.
func jitter(limit time.Duration) time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(limit)))
	if err != nil {
		return limit / 2 // crypto/rand does not fail
	}
	return time.Duration(n.Int64())
}
