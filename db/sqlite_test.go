package db

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twostep/auth"
)

func TestOpenSQLite_FileIsPrivate(t *testing.T) {
	db := openSQLite(t)
	db.addAnn(t)
	files, err := filepath.Glob(db.path + "*")
	must(t, err)
	if len(files) < 2 {
		t.Errorf("files are %v, want a write-ahead log too", files)
	}
	for _, file := range files {
		stat, err := os.Stat(file)
		must(t, err)
		if stat.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(file), stat.Mode())
		}
	}
}

// A path may contain characters that have a meaning in a URI.
func TestOpenSQLite_SpecialPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c#d%41&e.db")
	s, err := OpenSQLite(t.Context(), path, auth.NewKeyring())
	must(t, err)
	must(t, s.Close())
	if stat, err := os.Stat(path); err != nil || stat.Size() == 0 {
		t.Errorf("no database at the path: %v", err)
	}
}

// A transaction takes the write lock when it begins. With deferred transactions, the
// second of two that read before they write would fail, because its snapshot is
// outdated.
func TestOpenSQLite_TransactionsAreImmediate(t *testing.T) {
	db := openSQLite(t)
	other := db.reopen(t)
	_, err := db.write(t.Context(), "hold the lock", "", func(*tx) (bool, error) {
		conn, err := other.db.SQL().Conn(t.Context())
		must(t, err)
		defer conn.Close()
		_, err = conn.ExecContext(t.Context(), `PRAGMA busy_timeout = 1`)
		must(t, err)
		inner, err := conn.BeginTx(t.Context(), nil)
		if err == nil {
			must(t, inner.Rollback())
			t.Error("two transactions hold the write lock")
		}
		_, err = conn.ExecContext(t.Context(), `PRAGMA busy_timeout = 5000`)
		must(t, err)
		return true, nil
	})
	must(t, err)
}

func TestOpenSQLite_KeepsData(t *testing.T) {
	db := openSQLite(t)
	db.addAnn(t)
	must(t, db.Close())
	db.Store = db.reopen(t)
	key, err := db.FindTOTP(t.Context(), "ann")
	must(t, err)
	if string(key.Secret) != "a key of twenty byte" || key.LastStep != 100 || !key.AddedAt.Equal(noon) {
		t.Errorf("TOTP key is %+v", key)
	}
}

func TestOpenSQLite_NewerVersionRefused(t *testing.T) {
	db := openSQLite(t)
	db.exec(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	s, err := OpenSQLite(t.Context(), db.path, db.keys)
	if err == nil {
		must(t, s.Close())
		t.Fatal("a database of a newer version was opened")
	}
	if !strings.Contains(err.Error(), "9999") {
		t.Errorf("error does not name the version: %v", err)
	}
}

func TestOpenSQLite_Errors(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	must(t, os.WriteFile(text, []byte(strings.Repeat("this is not a database. ", 100)), 0o600))
	for name, c := range map[string]struct {
		path string
		keys auth.Keyring
	}{
		"no keys":   {filepath.Join(folder, "a.db"), auth.Keyring{}},
		"no folder": {filepath.Join(folder, "missing", "a.db"), auth.NewKeyring()},
		"text file": {text, auth.NewKeyring()},
	} {
		if s, err := OpenSQLite(t.Context(), c.path, c.keys); err == nil {
			must(t, s.Close())
			t.Errorf("%s: opened", name)
		}
	}
}
