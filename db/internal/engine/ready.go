package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"twostep/auth"
)

// A writeCheck is the last attempt to write for a readiness check.
type writeCheck struct {
	mu    sync.Mutex
	ended time.Time
	err   error
}

// Anybody may request a readiness check, and must not be able to keep the disk busy.
const (
	checkInterval = 10 * time.Second // for which a successful write counts
	checkTimeout  = 2 * time.Second
	checkSize     = 64 << 10 // bytes written after a failure: more than any page writes
)

// Ping returns nil if the database can be used, otherwise an [auth.NotReady] with its
// cause. It writes, because reading succeeds on a full disk.
func (db *DB) Ping(ctx context.Context) error {
	var version int64
	if err := db.Find(ctx, Row{&version}, `SELECT max(version) FROM schema_migrations`); err != nil {
		return fmt.Errorf("%w: %w", auth.NotResponding, err)
	}
	if version > db.Newest() {
		return NewerError(version, db.Newest())
	}
	return db.checkWrite(ctx)
}

// checkWrite writes unless a recent check did. Concurrent callers share one write.
func (db *DB) checkWrite(ctx context.Context) error {
	oldest := time.Now()
	c := &db.writeCheck
	c.mu.Lock()
	defer c.mu.Unlock()
	failed := db.unwritable.Load()
	if c.err == nil && failed == nil {
		oldest = oldest.Add(-checkInterval)
	}
	if c.ended.After(oldest) {
		return c.err
	}
	// A client that disconnects must not make the check fail for others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()
	c.err = db.tryWrite(ctx, failed != nil)
	switch cause := db.unwritable.Load(); {
	case c.err == nil:
		db.unwritable.CompareAndSwap(failed, nil)
	case cause != nil:
		c.err = fmt.Errorf("%w: %w", *cause, c.err)
	default:
		c.err = fmt.Errorf("%w: %w", auth.NotResponding, c.err)
	}
	c.ended = time.Now()
	return c.err
}

// tryWrite changes a row that every database has. After a failure it writes more: a few
// bytes may still fit where a sign-in does not.
func (db *DB) tryWrite(ctx context.Context, much bool) error {
	text := rand.Text()
	if much {
		text = strings.Repeat(text, checkSize/len(text))
	}
	_, err := db.Write(ctx, "try to write", func(tx Statements) (bool, error) {
		_, err := tx.Exec(ctx, `
			UPDATE schema_migrations SET write_check = $1
			WHERE version = (SELECT max(version) FROM schema_migrations)`, text)
		return true, err
	})
	return err
}

// notWritable returns why every write would fail as this one did, or empty if
// the cause lies in the one write.
func notWritable(err error) auth.NotReady {
	if sqliteErr, ok := errors.AsType[*sqlite.Error](err); ok {
		switch sqliteErr.Code() {
		case sqlite3.SQLITE_IOERR_SHMSIZE: // the index of the write-ahead log cannot grow
			return auth.DiskFull
		}
		switch sqliteErr.Code() & 0xff { // the primary result code
		case sqlite3.SQLITE_FULL:
			return auth.DiskFull
		case sqlite3.SQLITE_READONLY:
			return auth.ReadOnly
		case sqlite3.SQLITE_IOERR:
			return auth.DiskFailing
		}
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pgErr.Code {
		case "53100": // disk_full
			return auth.DiskFull
		case "25006": // read_only_sql_transaction: a standby, or default_transaction_read_only
			return auth.ReadOnly
		case "58030": // io_error
			return auth.DiskFailing
		}
	}
	return ""
}
