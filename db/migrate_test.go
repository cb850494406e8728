package db

import (
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"twostep/auth"
)

// withMigration makes the program one version newer than its schema until the test
// ends, so no other test may run at the same time.
func withMigration(t *testing.T, statement string) {
	t.Helper()
	files := fstest.MapFS{}
	for _, kind := range []string{"sqlite", "postgres"} {
		entries, err := fs.ReadDir(migrationsOf(kind), ".")
		must(t, err)
		for _, entry := range entries {
			text, err := fs.ReadFile(migrationsOf(kind), entry.Name())
			must(t, err)
			files["migrations/"+kind+"/"+entry.Name()] = &fstest.MapFile{Data: text}
		}
		next := fmt.Sprintf("migrations/%s/%05d_test.sql", kind, len(entries)+1)
		files[next] = &fstest.MapFile{Data: []byte(statement)}
	}
	before := migrations
	migrations = files
	t.Cleanup(func() { migrations = before })
}

// eachStoreSerially runs a test on each kind of database, not in parallel.
func eachStoreSerially(t *testing.T, test func(t *testing.T, db testDB)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openSQLite(t)) })
	t.Run("postgres", func(t *testing.T) {
		test(t, openPostgresURL(t, newDatabase(t, "migrated"), auth.NewKeyring()))
	})
}

// A database of an older version is migrated when it is opened and keeps its data.
func TestMigrate_OlderVersion(t *testing.T) {
	eachStoreSerially(t, func(t *testing.T, db testDB) {
		db.addEverything(t, "ann", noon)
		older, err := db.db.Version(t.Context())
		must(t, err)
		before := db.rowCounts(t)
		withMigration(t, `ALTER TABLE phones ADD COLUMN label TEXT; UPDATE phones SET label = 'home'`)
		db.Store = db.reopen(t)
		if version, err := db.db.Version(t.Context()); version != older+1 || version != db.db.Newest() || err != nil {
			t.Errorf("version %d, %v", version, err)
		}
		wantRows(t, db.rowCounts(t), before)
		if n := db.count(t, `SELECT count(*) FROM phones WHERE label = 'home'`); n != 1 {
			t.Errorf("%d phones have a label", n)
		}
		spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}
