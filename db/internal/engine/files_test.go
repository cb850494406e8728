package engine

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestLock_Exclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(path)
	must(t, err)
	if second, err := Lock(path); !errors.Is(err, ErrLocked) {
		if err == nil {
			must(t, second())
		}
		t.Errorf("second lock: error is %v, want ErrLocked", err)
	}
	must(t, unlock())
	unlock, err = Lock(path)
	must(t, err)
	must(t, unlock())
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file is %v, %v", info, err)
	}
}

func TestLock_NoFolder(t *testing.T) {
	if _, err := Lock(filepath.Join(t.TempDir(), "missing", "lock")); err == nil || errors.Is(err, ErrLocked) {
		t.Errorf("error is %v, want one for the missing folder", err)
	}
}
