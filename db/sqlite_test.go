package db

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twostep/auth"
)

func TestOpenSQLite_FileIsPrivate(t *testing.T) {
	b := open(t)
	b.ann(t)
	files, err := filepath.Glob(b.path + "*")
	must(t, err)
	if len(files) < 2 {
		t.Errorf("files are %v: no write-ahead log", files)
	}
	for _, file := range files {
		stat, err := os.Stat(file)
		must(t, err)
		if stat.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(file), stat.Mode())
		}
	}
}

// A name with signs that mean something in an address is a name all the same.
func TestOpenSQLite_OddNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c#d%41&e.db")
	s, err := OpenSQLite(t.Context(), path, auth.NewKeyring())
	must(t, err)
	must(t, s.Close())
	if stat, err := os.Stat(path); err != nil || stat.Size() == 0 {
		t.Errorf("the database is not at its path: %v", err)
	}
}

// Two writers that both read before they write would fail with deferred
// transactions: the second finds that its snapshot is old.
func TestOpenSQLite_TransactionsAreImmediate(t *testing.T) {
	b := open(t)
	other := b.again(t)
	_, err := b.write(t.Context(), "hold the lock", "", func(*tx) (bool, error) {
		conn, err := other.db.SQL().Conn(t.Context())
		must(t, err)
		defer conn.Close()
		_, err = conn.ExecContext(t.Context(), `PRAGMA busy_timeout = 1`)
		must(t, err)
		inner, err := conn.BeginTx(t.Context(), nil)
		if err == nil {
			must(t, inner.Rollback())
			t.Error("two transactions had the write lock")
		}
		_, err = conn.ExecContext(t.Context(), `PRAGMA busy_timeout = 5000`)
		must(t, err)
		return true, nil
	})
	must(t, err)
}

func TestOpenSQLite_KeepsData(t *testing.T) {
	b := open(t)
	b.ann(t)
	must(t, b.Close())
	b.Store = b.again(t)
	key, err := b.FindTOTP(t.Context(), "ann")
	must(t, err)
	if string(key.Secret) != "a key of twenty byte" || key.LastStep != 100 || !key.AddedAt.Equal(noon) {
		t.Errorf("the app came back as %+v", key)
	}
}

func TestOpenSQLite_NewerVersionRefused(t *testing.T) {
	b := open(t)
	b.change(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	s, err := OpenSQLite(t.Context(), b.path, b.keys)
	if err == nil {
		must(t, s.Close())
		t.Fatal("a database of a newer version was opened")
	}
	if !strings.Contains(err.Error(), "9999") {
		t.Errorf("the error does not name the version: %v", err)
	}
}

func TestOpenSQLite_Refused(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	must(t, os.WriteFile(text, []byte(strings.Repeat("this is no database. ", 100)), 0o600))
	for name, c := range map[string]struct {
		path string
		keys auth.Keyring
	}{
		"no keys":     {filepath.Join(folder, "a.db"), auth.Keyring{}},
		"no folder":   {filepath.Join(folder, "missing", "a.db"), auth.NewKeyring()},
		"no database": {text, auth.NewKeyring()},
	} {
		if s, err := OpenSQLite(t.Context(), c.path, c.keys); err == nil {
			must(t, s.Close())
			t.Errorf("%s: opened", name)
		}
	}
}
