package db

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twostep/auth"
)

// newBackup returns a database with ann and a backup of it.
func newBackup(t *testing.T) (db testDB, file string) {
	t.Helper()
	db = openSQLite(t)
	db.addAnn(t)
	remembered := device("t1", "")
	remembered.RememberedAt = noon
	db.apply(t, "ann", auth.QueueMessage{Message: message("m1")}, remembered)
	file = filepath.Join(t.TempDir(), "backup")
	_, err := BackupSQLite(t.Context(), db.path, file)
	must(t, err)
	return db, file
}

func TestRestoreSQLite(t *testing.T) {
	db, file := newBackup(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "twostep.db")
	accounts, err := RestoreSQLite(t.Context(), file, path, db.keys)
	if err != nil || accounts != 1 {
		t.Fatalf("%d accounts, %v", accounts, err)
	}
	wantOnlyFiles(t, folder, "twostep.db")
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode is %v, %v", info.Mode(), err)
	}
	restored := openSQLiteFile(t, path, db.keys)
	key, err := restored.FindTOTP(t.Context(), "ann")
	if err != nil || string(key.Secret) != "a key of twenty byte" {
		t.Errorf("TOTP key is %+v, %v", key, err)
	}
	if waiting, _, _, err := restored.CountMessages(t.Context()); err != nil || waiting != 0 {
		t.Errorf("%d messages would be sent again, %v", waiting, err)
	}
	if all, err := restored.FindRememberedDevices(t.Context(), "ann"); err != nil || len(all) != 0 {
		t.Errorf("%d devices are remembered, perhaps forgotten since the backup, %v", len(all), err)
	}
	if _, err := RestoreSQLite(t.Context(), file, path, db.keys); !errors.Is(err, fs.ErrExist) {
		t.Errorf("restore over existing data: error is %v, want ErrExist", err)
	}
}

// SQLite would apply a leftover write-ahead log to the restored database.
func TestRestoreSQLite_StaleWAL(t *testing.T) {
	db, file := newBackup(t)
	path := filepath.Join(t.TempDir(), "twostep.db")
	must(t, os.WriteFile(path+"-wal", []byte("x"), 0o600))
	if _, err := RestoreSQLite(t.Context(), file, path, db.keys); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error is %v, want ErrExist", err)
	}
}

// A file that is not a complete backup of this program is refused and leaves nothing
// behind.
func TestRestoreSQLite_Errors(t *testing.T) {
	db, file := newBackup(t)
	complete, err := os.ReadFile(file)
	must(t, err)
	damaged := bytes.Clone(complete)
	for i := len(damaged) / 2; i < len(damaged); i++ {
		damaged[i] ^= 0xff
	}
	without := func(check, change string) []byte {
		path := filepath.Join(t.TempDir(), "file")
		must(t, os.WriteFile(path, complete, 0o600))
		other, err := sql.Open("sqlite", path+"?_pragma="+check)
		must(t, err)
		_, err = other.Exec(change)
		must(t, errors.Join(err, other.Close()))
		content, err := os.ReadFile(path)
		must(t, err)
		return content
	}
	db.exec(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	newerFile := filepath.Join(t.TempDir(), "newer")
	_, err = BackupSQLite(t.Context(), db.path, newerFile)
	must(t, err)
	newer, err := os.ReadFile(newerFile)
	must(t, err)
	db.exec(t, `DROP TABLE messages`)
	must(t, db.Close())
	foreign, err := os.ReadFile(db.path)
	must(t, err)

	for name, c := range map[string]struct {
		content []byte
		keys    auth.Keyring
		want    string
	}{
		"other keys":     {complete, auth.NewKeyring(), "keys"},
		"newer":          {newer, db.keys, "9999"},
		"half":           {complete[:len(complete)/2], db.keys, "half written"},
		"a page short":   {complete[:len(complete)-4096], db.keys, "half written"},
		"only a header":  {complete[:100], db.keys, "half written"},
		"damaged":        {damaged, db.keys, "damaged"},
		"a wrong value":  {without("ignore_check_constraints(1)", `UPDATE users SET must_change = 7`), db.keys, "damaged"},
		"a lost row":     {without("foreign_keys(0)", `DELETE FROM users`), db.keys, "damaged"},
		"foreign":        {foreign, db.keys, "another program"},
		"not a database": {[]byte("hello"), db.keys, "not an SQLite"},
		"an empty file":  {nil, db.keys, "not an SQLite"},
		"a missing file": {[]byte("missing"), db.keys, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			from := filepath.Join(t.TempDir(), "file")
			if name != "a missing file" {
				must(t, os.WriteFile(from, c.content, 0o600))
			}
			folder := t.TempDir()
			_, err := RestoreSQLite(t.Context(), from, filepath.Join(folder, "twostep.db"), c.keys)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
			wantOnlyFiles(t, folder)
		})
	}
}

// The file of a database in use is incomplete without its write-ahead log.
func TestRestoreSQLite_DatabaseInUse(t *testing.T) {
	db := openSQLite(t)
	db.addAnn(t)
	folder := t.TempDir()
	if _, err := RestoreSQLite(t.Context(), db.path, filepath.Join(folder, "twostep.db"), db.keys); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error is %v, want %q", err, "in use")
	}
	wantOnlyFiles(t, folder)
}
