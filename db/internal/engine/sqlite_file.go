package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Why a file is not a usable SQLite database.
var (
	ErrNotSQLite = errors.New("not an SQLite database")
	ErrDamaged   = errors.New("damaged or only half written")
)

// SQLiteSuffixes are the suffixes of the files that make one database.
var SQLiteSuffixes = []string{"", "-wal", "-shm", "-journal"}

// sqliteURI returns a path as a URI, to which parameters can be appended.
func sqliteURI(path string) string {
	file := url.URL{Path: filepath.ToSlash(path)}
	return "file:" + file.EscapedPath()
}

// ReadSQLite opens an existing database that a server may be using, for reading.
func ReadSQLite(path string) (*sql.DB, error) {
	if err := checkSQLiteHeader(path); err != nil {
		return nil, err
	}
	// Unlike mode=ro, this leaves no -wal and -shm files when it is closed, and it knows
	// the CHECK constraints, which the integrity check needs.
	return sql.Open("sqlite", sqliteURI(path)+"?mode=rw&_dqs=0&_query_only=1&_pragma=busy_timeout(5000)")
}

// ReadSQLiteCopy is ReadSQLite for a file of this process. It checks the whole file.
func ReadSQLiteCopy(ctx context.Context, path string) (*sql.DB, error) {
	db, err := ReadSQLite(path)
	if err != nil {
		return nil, err
	}
	for _, check := range []struct{ query, want string }{
		{`SELECT group_concat(integrity_check) FROM (SELECT integrity_check FROM pragma_integrity_check LIMIT 1)`, "ok"},
		{`SELECT count(*) FROM pragma_foreign_key_check`, "0"},
	} {
		var got string
		if err := db.QueryRowContext(ctx, check.query).Scan(&got); err != nil {
			return nil, errors.Join(fmt.Errorf("%w: %w", ErrDamaged, err), db.Close())
		}
		if got != check.want {
			return nil, errors.Join(fmt.Errorf("%w: %s", ErrDamaged, got), db.Close())
		}
	}
	return db, nil
}

// SQLiteVersion returns the database's version, or 0 if it has none, and the
// newest of the migrations.
func SQLiteVersion(ctx context.Context, on Statements, migrations fs.FS) (current, newest int64, err error) {
	all, err := readMigrations(migrations)
	if err != nil {
		return 0, 0, err
	}
	current, err = version(ctx, on, sqliteHasSchema)
	return current, int64(len(all)), err
}

// VacuumSQLite writes the content of the database at path, as of one moment, to
// the empty file target. Nothing that was deleted, such as a spent code, remains
// in it, as it would in a copy of the pages.
func VacuumSQLite(ctx context.Context, path, target string) error {
	source, err := sql.Open("sqlite", sqliteDSN(path)+"&mode=rw")
	if err != nil {
		return err
	}
	_, err = source.ExecContext(ctx, `VACUUM INTO $1`, target)
	return errors.Join(err, source.Close())
}

// checkSQLiteHeader checks the first bytes of a file. SQLite itself accepts an
// empty file as an empty database.
func checkSQLiteHeader(path string) error {
	const magic = "SQLite format 3\x00"
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, int64(len(magic))))
	if err == nil && !strings.HasPrefix(string(head), magic) {
		err = ErrNotSQLite
	}
	return err
}
