package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// sqliteReaders is the number of connections that read. A read takes
// microseconds, so a few serve many users.
const sqliteReaders = 4

// sqlitePragmas are set on every connection and read back at the start, because
// the driver ignores unknown keys. With synchronous FULL a commit survives a
// power failure: a spent code must not become valid again.
var sqlitePragmas = []pragma{
	{"busy_timeout", "5000", "5000"}, // milliseconds to wait for another process
	{"foreign_keys", "1", "1"},
	{"journal_mode", "WAL", "wal"},
	{"synchronous", "FULL", "2"},
}

// A pragma is a setting of a connection, and the value it reads back as.
type pragma struct{ name, set, reads string }

const sqliteHasSchema = `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations')`

// OpenSQLite opens the database at path, or creates it with mode 0600, and
// applies the migrations that are missing.
//
// One connection writes. Its transactions take the write lock when they begin,
// because a transaction that starts with a read could fail to get it later. The
// other connections can only read.
func OpenSQLite(ctx context.Context, path string, migrations fs.FS) (*DB, error) {
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("create database: %w", err)
	}
	db, err := newDB(migrations)
	if err != nil {
		return nil, err
	}
	if err := db.openSQLite(ctx, path); err != nil {
		if reason := notWritable(err); reason != "" {
			err = fmt.Errorf("%w: %w", reason, err)
		}
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) openSQLite(ctx context.Context, path string) (err error) {
	db.hasSchema = sqliteHasSchema
	if db.writer, err = openSQLiteWriter(ctx, path); err != nil {
		return fmt.Errorf("open database for writing: %w", err)
	}
	if err = db.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	reader, err := openSQLiteReader(path, sqliteReaders)
	if err != nil {
		return fmt.Errorf("open database for reading: %w", err)
	}
	db.reader = &pool{Statements: Statements{reader}, state: reader.state, close: reader.close}
	db.Statements = db.reader.Statements
	if err := checkPragmas(ctx, db.Statements, readerPragmas...); err != nil {
		return fmt.Errorf("open database for reading: %w", err)
	}
	db.group = &group{begin: func(ctx context.Context) (transaction, error) { return db.writer.begin(ctx) }}
	// Rolling back a savepoint restores a few pages. Keeping them in a file would
	// take a fifth of the time of an MFA sign-in.
	if _, err := db.writer.db.ExecContext(ctx, `PRAGMA temp_store = MEMORY`); err != nil {
		return fmt.Errorf("keep temporary pages in memory: %w", err)
	}
	return nil
}

// createFile creates the database with mode 0600: SQLite would let all users read
// it. SQLite gives the same mode to the files of the write-ahead log.
func createFile(path string) error {
	file, err := openPrivate(path)
	if err != nil {
		return err
	}
	return file.Close()
}

func sqliteDSN(path string) string {
	query := url.Values{"_txlock": {"immediate"}, "_dqs": {"0"}}
	for _, p := range sqlitePragmas {
		query.Add("_pragma", p.name+"("+p.set+")")
	}
	return sqliteURI(path) + "?" + query.Encode()
}

func openSQLiteWriter(ctx context.Context, path string) (*writePool, error) {
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := checkPragmas(ctx, On(db), pragma{"query_only", "0", "0"}); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return newPreparedPool(db), nil
}

func checkPragmas(ctx context.Context, on Statements, more ...pragma) error {
	for _, p := range slices.Concat(sqlitePragmas, more) {
		var got string
		if err := on.Find(ctx, Row{&got}, `PRAGMA `+p.name); err != nil {
			return fmt.Errorf("read pragma %s: %w", p.name, err)
		}
		if got != p.reads {
			return fmt.Errorf("pragma %s is %s, want %s", p.name, got, p.reads)
		}
	}
	return nil
}
