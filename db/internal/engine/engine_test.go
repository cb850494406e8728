package engine

import (
	"context"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// testMigrations create one table of their own.
var testMigrations = fstest.MapFS{"00001_init.sql": {Data: []byte(`
	CREATE TABLE schema_migrations (version INTEGER NOT NULL, name TEXT NOT NULL, write_check TEXT NOT NULL DEFAULT '', PRIMARY KEY (version)) STRICT;
	CREATE TABLE counters (key TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (key)) STRICT, WITHOUT ROWID;
`)}}

// open creates an SQLite database in a temporary folder.
func open(t *testing.T) (db *DB, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "twostep.db")
	return reopen(t, path), path
}

func reopen(t *testing.T, path string) *DB {
	t.Helper()
	db, err := OpenSQLite(t.Context(), path, testMigrations)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func count(t *testing.T, db *DB, query string, args ...any) (n int) {
	t.Helper()
	must(t, db.Find(t.Context(), Row{&n}, query, args...))
	return n
}

func addCounter(ctx context.Context, on Statements, key string) error {
	_, err := on.Exec(ctx, `INSERT INTO counters (key, n) VALUES ($1, 1)`, key)
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A query is prepared once, even if it was first used in a transaction.
func TestWrite_PreparesOnce(t *testing.T) {
	db, _ := open(t)
	const query = `DELETE FROM counters WHERE key = $1 AND n > 5`
	statements := &db.writer.on.(sqlRunner).on.(*preparedPool).statements
	write := func() any {
		t.Helper()
		_, err := db.Write(t.Context(), "write", func(tx Statements) (bool, error) {
			_, err := tx.Exec(t.Context(), query, "k")
			return true, err
		})
		must(t, err)
		stmt, _ := statements.Load(query)
		return stmt
	}
	first := write()
	if first == nil {
		t.Fatal("query was not kept")
	}
	if write() != first {
		t.Error("query was prepared again")
	}
}

// A write that shares its transaction with no other runs no query for the group.
func TestWrite_Alone(t *testing.T) {
	db, _ := open(t)
	var queries []string
	db.Trace(func(query string) { queries = append(queries, query) })
	_, err := db.Write(t.Context(), "write", func(tx Statements) (bool, error) {
		return true, addCounter(t.Context(), tx, "k")
	})
	if err != nil || len(queries) != 1 {
		t.Errorf("%q, %v", queries, err)
	}
}
