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

// oneByOne runs a test on every kind of database, not in parallel.
func oneByOne(t *testing.T, test func(t *testing.T, b base)) {
	t.Run("sqlite", func(t *testing.T) { test(t, open(t)) })
	t.Run("postgres", func(t *testing.T) {
		running(t)
		test(t, opens(t, database(t, "migrated"), auth.NewKeyring()))
	})
}

// A database of an older version is migrated when it is opened and keeps its data.
func TestMigrate_OlderVersion(t *testing.T) {
	oneByOne(t, func(t *testing.T, b base) {
		b.everything(t, "ann", noon)
		older, err := b.db.Version(t.Context())
		must(t, err)
		before := b.tables(t)
		withMigration(t, `ALTER TABLE phones ADD COLUMN label TEXT; UPDATE phones SET label = 'home'`)
		b.Store = b.again(t)
		if version, err := b.db.Version(t.Context()); version != older+1 || version != b.db.Newest() || err != nil {
			t.Errorf("version %d, %v", version, err)
		}
		wantTables(t, b.tables(t), before)
		if n := b.count(t, `SELECT count(*) FROM phones WHERE label = 'home'`); n != 1 {
			t.Errorf("%d phones have a label", n)
		}
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}
