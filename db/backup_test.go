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

// Under a load of writes each backup is one moment: an account stands in it
// with all that was written with it, or not at all.
func TestBackupSQLite_OneMoment(t *testing.T) {
	b := open(t)
	folder := t.TempDir()
	var added atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	first, done := make(chan struct{}), make(chan error, 1)
	go func() {
		var err error
		for i := 0; ctx.Err() == nil && err == nil; i++ {
			id := auth.UserID(fmt.Sprint("user", i))
			err = b.AddAttempt(context.WithoutCancel(ctx), set(id,
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
		accounts, err := BackupSQLite(t.Context(), b.path, file)
		must(t, err)
		if accounts < before {
			t.Errorf("%d accounts, of %d that stood before", accounts, before)
		}
		copied := opened(t, file, b.keys)
		if apps := copied.count(t, `SELECT count(*) FROM totp`); apps != accounts {
			t.Errorf("%d accounts with %d apps", accounts, apps)
		}
		must(t, copied.CheckSealed(t.Context()))
	}
	stop()
	must(t, <-done)
}

func TestBackupSQLite_PrivateAndNeverReplaces(t *testing.T) {
	b := open(t)
	b.ann(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "a ' b?c")
	for range 2 {
		accounts, err := BackupSQLite(t.Context(), b.path, file)
		if accounts == 1 && err == nil {
			continue
		}
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("%d accounts, %v", accounts, err)
		}
	}
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	wantAlone(t, folder, "a ' b?c")
}

// A backup leaves the version as it is, so that an older program can go back to it.
func TestBackupSQLite_NewerVersion(t *testing.T) {
	b := open(t)
	b.change(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	_, err := BackupSQLite(t.Context(), b.path, filepath.Join(t.TempDir(), "backup"))
	must(t, err)
}

func TestBackupSQLite_Stopped(t *testing.T) {
	b := open(t)
	folder := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := BackupSQLite(ctx, b.path, filepath.Join(folder, "backup")); err == nil {
		t.Error("a backup was made for nobody")
	}
	wantAlone(t, folder)
}

// wantAlone checks that nothing else is left in a folder.
func wantAlone(t *testing.T, folder string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	for _, e := range entries {
		if len(names) == 0 || e.Name() != names[0] {
			t.Errorf("%s was left behind", e.Name())
			continue
		}
		names = names[1:]
	}
	if len(names) > 0 {
		t.Errorf("%v are missing", names)
	}
}

// opened opens the SQLite file at path.
func opened(t *testing.T, path string, keys auth.Keyring) base {
	t.Helper()
	s, err := OpenSQLite(t.Context(), path, keys)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return base{Store: s, path: path, keys: keys}
}
