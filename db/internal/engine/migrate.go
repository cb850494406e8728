package engine

import (
	"context"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"twostep/auth"
)

// A migration is one file of SQL, such as 00001_init.sql. Migrations only go
// forward: a released file is never changed, and undoing one requires a backup.
type migration struct {
	version int64
	name    string
	sql     string
}

// readMigrations reads the files of a folder, which are numbered from 1 without
// a gap. The first creates the table schema_migrations.
func readMigrations(folder fs.FS) (all []migration, err error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, err
	}
	for i, entry := range entries { // sorted by name
		number, _, _ := strings.Cut(entry.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil || version != int64(i+1) {
			return nil, fmt.Errorf("migration %s is not number %d", entry.Name(), i+1)
		}
		text, err := fs.ReadFile(folder, entry.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, migration{version, entry.Name(), string(text)})
	}
	return all, nil
}

// Newest returns the newest version that this program knows.
func (db *DB) Newest() int64 { return int64(len(db.migrations)) }

// Version returns the database's version, or 0 if it is empty.
func (db *DB) Version(ctx context.Context) (int64, error) {
	return version(ctx, db.Statements, db.hasSchema)
}

func version(ctx context.Context, on Statements, hasSchema string) (version int64, err error) {
	var exists bool
	if err := on.Find(ctx, Row{&exists}, hasSchema); err != nil || !exists {
		return 0, err
	}
	err = on.Find(ctx, Row{&version}, `SELECT COALESCE(max(version), 0) FROM schema_migrations`)
	return version, err
}

// NewerError returns the error for a database of a newer version.
func NewerError(version, newest int64) error {
	return fmt.Errorf("%w: it has version %d and this program knows versions up to %d; use a newer program", auth.NewerSchema, version, newest)
}

// Migrate brings the database to the newest version. Each file is applied in a
// transaction that first reads the version, so if several processes start at the
// same time, only one applies it. On PostgreSQL this requires [DB.Exclusive]; on
// SQLite the write lock is enough. A newer database is refused: this program could
// violate rules it does not know.
func (db *DB) Migrate(ctx context.Context) error {
	for {
		if more, err := db.migrateNext(ctx); err != nil || !more {
			return err
		}
	}
}

func (db *DB) migrateNext(ctx context.Context) (more bool, err error) {
	tx, err := db.writer.db.BeginTx(ctx, nil) // on SQLite, waits for the write lock
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	current, err := version(ctx, On(tx), db.hasSchema)
	if err != nil {
		return false, err
	}
	if current > db.Newest() {
		return false, NewerError(current, db.Newest())
	}
	if current == db.Newest() {
		return false, nil
	}
	next := db.migrations[current]
	if _, err := tx.ExecContext(ctx, next.sql); err != nil {
		return false, fmt.Errorf("apply %s: %w", next.name, err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO schema_migrations (version, name) VALUES ($1, $2)`, next.version, next.name); err != nil {
		return false, err
	}
	return true, tx.Commit()
}
