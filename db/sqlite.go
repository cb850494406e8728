package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"twostep/auth"
)

// readers is how many pages can read at the same time. A read takes
// microseconds, so a few connections serve many people.
const readers = 4

// sqlitePragmas are set for each connection and read back at the start, since
// the driver ignores keys it does not know. FULL makes a commit last through a
// power cut: a code that was spent must not come back.
var sqlitePragmas = []pragma{
	{"busy_timeout", "5000", "5000"}, // milliseconds to wait for another process
	{"foreign_keys", "1", "1"},
	{"journal_mode", "WAL", "wal"},
	{"synchronous", "FULL", "2"},
}

// A pragma is a setting of a connection, and how it reads once it took.
type pragma struct{ name, set, reads string }

// OpenSQLite opens the database at path, and makes it where there is none,
// readable by its owner alone. It is brought up to this program's version; one
// of a newer version is refused, for what that has learned would be undone.
//
// One connection writes, and takes the write lock when it begins: a read
// followed by a write then never meets a lock it cannot get. The others can
// only read.
func OpenSQLite(ctx context.Context, path string, keys auth.Keyring) (*Store, error) {
	if len(keys.All(auth.KeySeal)) == 0 {
		return nil, errNoKeys
	}
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("create the database: %w", err)
	}
	s := &Store{seals: sealer{keys: keys}}
	if err := s.openSQLite(ctx, path); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) openSQLite(ctx context.Context, path string) (err error) {
	if s.writer, err = openSQLiteWriter(ctx, path); err != nil {
		return fmt.Errorf("open the database for writing: %w", err)
	}
	if err = migrate(ctx, s.writer.db, goose.DialectSQLite3, "migrations/sqlite"); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	if s.newest, err = newestMigration("migrations/sqlite"); err != nil {
		return err
	}
	reader, err := openSQLiteReader(path, readers)
	if err != nil {
		return fmt.Errorf("open the database for reading: %w", err)
	}
	s.reader = &pool{Statements: Statements{reader}, use: reader.use, close: reader.close}
	if err := checkSQLite(ctx, s.reader.Statements, readerPragmas...); err != nil {
		return fmt.Errorf("open the database for reading: %w", err)
	}
	s.group = &group{begin: s.writer.begin}
	sealed, err := s.sealHashes(ctx)
	if err != nil {
		return fmt.Errorf("seal hashes of passwords: %w", err)
	}
	if sealed > 0 {
		// They also stood in pages given up since. Where the disk has no room to
		// write all anew, those go as they are used again.
		_, _ = s.writer.db.ExecContext(ctx, `VACUUM`)
	}
	// What a savepoint may have to undo is a few pages, from here on: a file for
	// them would take a fifth of the time of a second step.
	if _, err := s.writer.db.ExecContext(ctx, `PRAGMA temp_store = MEMORY`); err != nil {
		return fmt.Errorf("keep what may be undone in memory: %w", err)
	}
	return nil
}

// createPrivate makes the file before SQLite would, who lets everybody read
// it. The files beside it, of the write-ahead log, take its mode.
func createPrivate(path string) error {
	file, err := openOwn(path)
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
	return sqliteFile(path) + "?" + query.Encode()
}

func openSQLiteWriter(ctx context.Context, path string) (*writePool, error) {
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := checkSQLite(ctx, Statements{viaSQL{db}}, pragma{"query_only", "0", "0"}); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return newParsedPool(db), nil
}

// checkSQLite reads back what a connection was asked for.
func checkSQLite(ctx context.Context, on Statements, more ...pragma) error {
	for _, p := range slices.Concat(sqlitePragmas, more) {
		var got string
		if err := on.Find(ctx, Row{&got}, `PRAGMA `+p.name); err != nil {
			return fmt.Errorf("read pragma %s: %w", p.name, err)
		}
		if got != p.reads {
			return fmt.Errorf("pragma %s is %s and must be %s", p.name, got, p.reads)
		}
	}
	return nil
}
