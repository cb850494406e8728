package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"twostep/auth"
)

// Ping answers nil while the database can be used, else an [auth.NotReady] with
// its cause. It reads, for a write at every question would let anybody keep the
// disk busy; only where a write was refused it tries one.
func (s *Store) Ping(ctx context.Context) error {
	var version int64
	err := s.reader.Find(ctx, Row{&version}, `
		SELECT version_id
		FROM goose_db_version
		WHERE id = (SELECT max(id) FROM goose_db_version)`)
	if err != nil {
		return fmt.Errorf("%w: %w", auth.NotResponding, err)
	}
	if version > s.newest {
		return fmt.Errorf("%w: version %d, which is past %d", auth.NewerSchema, version, s.newest)
	}
	why := s.unwritable.Load()
	if why == nil {
		return nil
	}
	if err := s.tryWriting(ctx); err != nil {
		if newer := s.unwritable.Load(); newer != nil {
			why = newer
		}
		return fmt.Errorf("%w: %w", *why, err)
	}
	s.unwritable.CompareAndSwap(why, nil)
	return nil
}

// tryWriting writes what stands there already, in the one row that every
// database has.
func (s *Store) tryWriting(ctx context.Context) error {
	_, err := s.write(ctx, "try to write", "", func(tx *tx) (bool, error) {
		_, err := tx.Exec(ctx, `
			UPDATE goose_db_version SET is_applied = is_applied
			WHERE id = (SELECT max(id) FROM goose_db_version)`)
		return true, err
	})
	return err
}

// whyUnwritable is what the error of one write says of all others; empty where
// it was refused for its own sake.
func whyUnwritable(err error) auth.NotReady {
	if said, found := errors.AsType[*sqlite.Error](err); found {
		switch said.Code() & 0xff { // the rest of the number only says where
		case sqlite3.SQLITE_FULL:
			return auth.DiskFull
		case sqlite3.SQLITE_READONLY:
			return auth.ReadOnly
		case sqlite3.SQLITE_IOERR:
			return auth.DiskFailing
		}
	}
	if said, found := errors.AsType[*pgconn.PgError](err); found {
		switch said.Code {
		case "53100": // disk full
			return auth.DiskFull
		case "25006": // read-only transaction: of a standby, or as somebody has set it
			return auth.ReadOnly
		case "58030": // I/O error
			return auth.DiskFailing
		}
	}
	return ""
}
