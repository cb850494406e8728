package engine

import (
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"twostep/auth"
)

// with returns the test migrations and one more.
func with(name, sql string) fstest.MapFS {
	more := maps.Clone(testMigrations)
	more[name] = &fstest.MapFile{Data: []byte(sql)}
	return more
}

// Of processes that start at the same time, one applies each migration.
func TestMigrate_OnceOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "twostep.db")
	two := with("00002_more.sql", `INSERT INTO counters VALUES ('once', 1)`)
	var processes sync.WaitGroup
	for range 8 {
		processes.Go(func() {
			db, err := OpenSQLite(t.Context(), path, two)
			if err != nil {
				t.Error(err)
				return
			}
			if version, err := db.Version(t.Context()); version != 2 || db.Newest() != 2 || err != nil {
				t.Errorf("version %d of %d, %v", version, db.Newest(), err)
			}
			must(t, db.Close())
		})
	}
	processes.Wait()
}

// A migration that fails is rolled back completely, and the previous ones stay.
func TestMigrate_RolledBack(t *testing.T) {
	db, path := open(t)
	must(t, db.Close())
	bad := with("00002_bad.sql", `INSERT INTO counters VALUES ('half', 1); INSERT INTO missing VALUES (1)`)
	if db, err := OpenSQLite(t.Context(), path, bad); err == nil || !strings.Contains(err.Error(), "00002_bad.sql") {
		t.Errorf("opened %v, %v", db, err)
	}
	db = reopen(t, path)
	if version, err := db.Version(t.Context()); version != 1 || err != nil {
		t.Errorf("version %d, %v", version, err)
	}
	if n := count(t, db, `SELECT count(*) FROM counters`); n != 0 {
		t.Error("a part of the migration is stored")
	}
}

func TestMigrate_NewerVersionRefused(t *testing.T) {
	db, path := open(t)
	_, err := db.SQL().ExecContext(t.Context(), `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	must(t, errors.Join(err, db.Close()))
	_, err = OpenSQLite(t.Context(), path, testMigrations)
	if !errors.Is(err, auth.NewerSchema) || !strings.Contains(err.Error(), "version 9999") {
		t.Errorf("error is %v", err)
	}
}

func TestReadMigrations_NumbersWithoutGap(t *testing.T) {
	for _, name := range []string{"00003_gap.sql", "00001_twice.sql", "next.sql"} {
		if _, err := readMigrations(with(name, `SELECT 1`)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
