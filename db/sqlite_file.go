package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// What a file that should be a backup can turn out to be.
var (
	errNotSQLite = errors.New("it is no SQLite database")
	errForeign   = errors.New("it is the database of another program")
	errDamaged   = errors.New("it is damaged or only half written")
)

// checkSQLiteFile answers how many accounts a file holds that nobody writes to,
// or what is wrong with it. It changes nothing and makes no file beside it.
func checkSQLiteFile(ctx context.Context, path string) (accounts int, err error) {
	if err := checkHeader(path); err != nil {
		return 0, err
	}
	copied, err := sql.Open("sqlite", sqliteFile(path)+"?mode=ro&immutable=1")
	if err != nil {
		return 0, err
	}
	defer copied.Close()
	for _, pragma := range []struct{ query, fine string }{
		{`SELECT group_concat(integrity_check) FROM (SELECT integrity_check FROM pragma_integrity_check LIMIT 1)`, "ok"},
		{`SELECT count(*) FROM pragma_foreign_key_check`, "0"},
	} {
		var got string
		if err := copied.QueryRowContext(ctx, pragma.query).Scan(&got); err != nil {
			return 0, fmt.Errorf("%w: %w", errDamaged, err)
		}
		if got != pragma.fine {
			return 0, fmt.Errorf("%w: %s", errDamaged, got)
		}
	}
	var ours int
	err = copied.QueryRowContext(ctx, `
		SELECT count(*)
		FROM sqlite_schema
		WHERE type = 'table' AND name IN ('goose_db_version', 'users', 'totp', 'messages')`).Scan(&ours)
	if err == nil && ours != 4 {
		err = errForeign
	}
	if err != nil {
		return 0, err
	}
	err = copied.QueryRowContext(ctx, `SELECT count(*) FROM users`).Scan(&accounts)
	return accounts, err
}

// sqliteFile writes a path as SQLite takes it with settings behind.
func sqliteFile(path string) string {
	file := url.URL{Path: filepath.ToSlash(path)}
	return "file:" + file.EscapedPath()
}

// openReading opens a file that must be there, to read it. Closed, it leaves no
// log beside the file, as mode=ro would.
func openReading(path string) (*sql.DB, error) {
	return sql.Open("sqlite", sqliteFile(path)+"?mode=rw&_dqs=0&_query_only=1&_pragma=busy_timeout(5000)")
}

// checkHeader reads the first bytes, by which every SQLite database is known.
// SQLite itself would take an empty file for an empty database.
func checkHeader(path string) error {
	const magic = "SQLite format 3\x00"
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, int64(len(magic))))
	if err == nil && !strings.HasPrefix(string(head), magic) {
		err = errNotSQLite
	}
	return err
}
