package handlers_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"twostep/auth"
	"twostep/db"
	"twostep/db/dbtest"
)

// sqliteSites returns what makes a site with a new database for each run. The database is a
// copy, because migrating one takes longer.
func sqliteSites(t *testing.T) func(*rapid.T) *testSite {
	folder := t.TempDir()
	template := newSiteIn(t, folder)
	template.closeStore()
	migrated, err := os.ReadFile(template.file)
	if err != nil {
		t.Fatal(err)
	}
	return func(t *rapid.T) *testSite {
		run, err := os.MkdirTemp(folder, "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(run) })
		site := newTestSite(t)
		site.file = filepath.Join(run, "twostep.db")
		if err := os.WriteFile(site.file, migrated, 0o600); err != nil {
			t.Fatal(err)
		}
		site.openStore()
		return site
	}
}

// postgresSites returns what makes a site with the same database for each run, emptied, and
// the same connections, which have prepared the statements.
func postgresSites(t *testing.T) func(*rapid.T) *testSite {
	server := startPostgres(t, "autovacuum=on")
	keys, url := auth.NewKeyring(), server.URL("postgres")
	store, err := db.OpenPostgres(context.Background(), url, keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return func(t *rapid.T) *testSite {
		if err := server.Exec("postgres", dbtest.DeleteAllRows); err != nil {
			t.Fatal(err)
		}
		site := newTestSite(t)
		site.postgres, site.keys, site.store = url, keys, store
		return site
	}
}

func startPostgres(t *testing.T, settings ...string) *dbtest.Postgres {
	t.Helper()
	server, err := dbtest.StartPostgres(settings...)
	if errors.Is(err, dbtest.ErrNoPostgres) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}
