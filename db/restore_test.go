package db

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twostep/auth"
)

// backedUp is ann's database and a backup of it.
func backedUp(t *testing.T) (b base, file string) {
	t.Helper()
	b = open(t)
	b.ann(t)
	b.give(t, "ann", auth.QueueMessage{Message: message("m1")})
	file = filepath.Join(t.TempDir(), "backup")
	_, err := BackupSQLite(t.Context(), b.path, file)
	must(t, err)
	return b, file
}

func TestRestoreSQLite_BringsBack(t *testing.T) {
	b, file := backedUp(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "twostep.db")
	accounts, err := RestoreSQLite(t.Context(), file, path, b.keys)
	if err != nil || accounts != 1 {
		t.Fatalf("%d accounts, %v", accounts, err)
	}
	wantAlone(t, folder, "twostep.db")
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	restored := opened(t, path, b.keys)
	key, err := restored.FindTOTP(t.Context(), "ann")
	if err != nil || string(key.Secret) != "a key of twenty byte" {
		t.Errorf("the app came back as %+v, %v", key, err)
	}
	if waiting, _, _, err := restored.CountMessages(t.Context()); err != nil || waiting != 0 {
		t.Errorf("%d messages would be sent again, %v", waiting, err)
	}
	if _, err := RestoreSQLite(t.Context(), file, path, b.keys); !errors.Is(err, fs.ErrExist) {
		t.Errorf("restored over data: %v", err)
	}
}

// A write-ahead log without its database would be played into the backup.
func TestRestoreSQLite_LogLeftBehind(t *testing.T) {
	b, file := backedUp(t)
	path := filepath.Join(t.TempDir(), "twostep.db")
	must(t, os.WriteFile(path+"-wal", []byte("x"), 0o600))
	if _, err := RestoreSQLite(t.Context(), file, path, b.keys); !errors.Is(err, fs.ErrExist) {
		t.Errorf("answered %v", err)
	}
}

// TestRestoreSQLite_Refused: what is no whole backup of ours leaves nothing behind.
func TestRestoreSQLite_Refused(t *testing.T) {
	b, file := backedUp(t)
	whole, err := os.ReadFile(file)
	must(t, err)
	damaged := bytes.Clone(whole)
	for i := len(damaged) / 2; i < len(damaged); i++ {
		damaged[i] ^= 0xff
	}
	b.change(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	newer := filepath.Join(t.TempDir(), "newer")
	_, err = BackupSQLite(t.Context(), b.path, newer)
	must(t, err)
	newest, err := os.ReadFile(newer)
	must(t, err)
	b.change(t, `DROP TABLE messages`)
	must(t, b.Close())
	other, err := os.ReadFile(b.path)
	must(t, err)

	for name, c := range map[string]struct {
		content []byte
		keys    auth.Keyring
		says    string
	}{
		"other keys":     {whole, auth.NewKeyring(), "keys"},
		"newer":          {newest, b.keys, "9999"},
		"half":           {whole[:len(whole)/2], b.keys, "half written"},
		"a page short":   {whole[:len(whole)-4096], b.keys, "half written"},
		"header alone":   {whole[:100], b.keys, "half written"},
		"damaged":        {damaged, b.keys, "damaged"},
		"foreign":        {other, b.keys, "another program"},
		"no database":    {[]byte("hello"), b.keys, "not an SQLite"},
		"an empty file":  {nil, b.keys, "not an SQLite"},
		"a missing file": {[]byte("missing"), b.keys, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			from := filepath.Join(t.TempDir(), "file")
			if name != "a missing file" {
				must(t, os.WriteFile(from, c.content, 0o600))
			}
			folder := t.TempDir()
			_, err := RestoreSQLite(t.Context(), from, filepath.Join(folder, "twostep.db"), c.keys)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("answered %v, want %q", err, c.says)
			}
			wantAlone(t, folder)
		})
	}
}

// The file of a database in use lacks what its log holds.
func TestRestoreSQLite_LiveFileRefused(t *testing.T) {
	b := open(t)
	b.ann(t)
	folder := t.TempDir()
	if _, err := RestoreSQLite(t.Context(), b.path, filepath.Join(folder, "twostep.db"), b.keys); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("answered %v", err)
	}
	wantAlone(t, folder)
}
