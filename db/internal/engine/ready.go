package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"twostep/auth"
)

// Ping returns nil if the database can be used, otherwise an [auth.NotReady]
// with its cause. It only reads, because anybody may request a health check and
// must not be able to keep the disk busy. Only after a write has failed, it also
// tries to write.
func (db *DB) Ping(ctx context.Context) error {
	var version int64
	if err := db.Find(ctx, Row{&version}, `SELECT max(version) FROM schema_migrations`); err != nil {
		return fmt.Errorf("%w: %w", auth.NotResponding, err)
	}
	if version > db.Newest() {
		return NewerError(version, db.Newest())
	}
	reason := db.unwritable.Load()
	if reason == nil {
		return nil
	}
	if err := db.tryWrite(ctx); err != nil {
		if newer := db.unwritable.Load(); newer != nil {
			reason = newer
		}
		return fmt.Errorf("%w: %w", *reason, err)
	}
	db.unwritable.CompareAndSwap(reason, nil)
	return nil
}

// tryWrite writes a row that every database has, unchanged. On SQLite, this needs
// the write lock but no space on the disk.
func (db *DB) tryWrite(ctx context.Context) error {
	_, err := db.Write(ctx, "try to write", func(tx Statements) (bool, error) {
		_, err := tx.Exec(ctx, `
			UPDATE schema_migrations SET name = name
			WHERE version = (SELECT max(version) FROM schema_migrations)`)
		return true, err
	})
	return err
}

// notWritable returns why every write would fail as this one did, or empty if
// the cause lies in the one write.
func notWritable(err error) auth.NotReady {
	if sqliteErr, ok := errors.AsType[*sqlite.Error](err); ok {
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
