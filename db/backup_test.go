package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"twostep/auth"
)

// A backup made while other writes run contains each transaction completely or
// not at all.
func TestBackupSQLite_ConsistentSnapshot(t *testing.T) {
	db := openSQLite(t)
	folder := t.TempDir()
	var added atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	first, done := make(chan struct{}), make(chan error, 1)
	go func() {
		var err error
		for i := 0; ctx.Err() == nil && err == nil; i++ {
			id := auth.UserID(fmt.Sprint("user", i))
			err = db.AddAttempt(context.WithoutCancel(ctx), set(id,
				auth.AddUser{User: user(id), CreatedAt: noon},
				auth.PutTOTP{TOTPKey: auth.TOTPKey{User: id, Secret: []byte("a key"), AddedAt: noon}},
			))
			if added.Store(int64(i) + 1); i == 0 {
				close(first)
			}
		}
		done <- err
	}()
	<-first
	for i := range 5 {
		before := int(added.Load())
		file := filepath.Join(folder, fmt.Sprint("backup", i))
		accounts, err := BackupSQLite(t.Context(), db.path, file)
		must(t, err)
		if accounts < before {
			t.Errorf("%d accounts, but %d existed before the backup", accounts, before)
		}
		copied := openSQLiteFile(t, file, db.keys)
		if keys := copied.count(t, `SELECT count(*) FROM totp`); keys != accounts {
			t.Errorf("%d accounts with %d TOTP keys", accounts, keys)
		}
		must(t, copied.CheckSealed(t.Context()))
	}
	stop()
	must(t, <-done)
}

func TestBackupSQLite_ModeAndNoOverwrite(t *testing.T) {
	db := openSQLite(t)
	db.addAnn(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "a ' b?c")
	for range 2 {
		accounts, err := BackupSQLite(t.Context(), db.path, file)
		if accounts == 1 && err == nil {
			continue
		}
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("%d accounts, error %v", accounts, err)
		}
	}
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("mode is %v", info.Mode())
	}
	wantOnlyFiles(t, folder, "a ' b?c")
}

// A backup keeps the schema version, so that an older program can restore it.
func TestBackupSQLite_NewerVersion(t *testing.T) {
	db := openSQLite(t)
	db.exec(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	_, err := BackupSQLite(t.Context(), db.path, filepath.Join(t.TempDir(), "backup"))
	must(t, err)
}

func TestBackupSQLite_Canceled(t *testing.T) {
	db := openSQLite(t)
	folder := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := BackupSQLite(ctx, db.path, filepath.Join(folder, "backup")); err == nil {
		t.Error("a backup was made although the context was canceled")
	}
	wantOnlyFiles(t, folder)
}

// wantOnlyFiles checks that a folder has these files, sorted by name, and no other.
func wantOnlyFiles(t *testing.T, folder string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	for _, e := range entries {
		if len(names) == 0 || e.Name() != names[0] {
			t.Errorf("unexpected file %s", e.Name())
			continue
		}
		names = names[1:]
	}
	if len(names) > 0 {
		t.Errorf("missing files %v", names)
	}
}
