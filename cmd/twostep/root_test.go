package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"twostep/cmd/twostep/internal/cmdtest"
)

// serverUID is the user of the server: an unprivileged one, or the one that runs the
// test.
var serverUID = func() int {
	if user := os.Geteuid(); user != 0 {
		return user
	}
	return 65534
}()

// TestProgram_AsRoot: commands run by root leave nothing in the folder of a server's
// user that the server cannot open, and do not change the owner of a link's target.
func TestProgram_AsRoot(t *testing.T) {
	folder := t.TempDir()
	data, target := filepath.Join(folder, "data"), filepath.Join(folder, "target")
	start(t, folder, unreachableMail(t)).stop(t, syscall.SIGTERM)
	wantOutput(t, folder, 0, "contains 0 accounts", "backup", "copy")
	keys := cmdtest.ReadFile(t, filepath.Join(data, keyFile))
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	chownToServer(t, data)
	cmdtest.WriteFile(t, filepath.Join(data, keyFile), keys)
	if os.Geteuid() != serverUID {
		// Its exit code is 1: there is no database yet.
		if out, _ := program(t, folder, "doctor").Output(); !strings.Contains(string(out), "cannot open "+filepath.Join(data, keyFile)+": chown") {
			t.Errorf("doctor printed %s", out)
		}
	}
	chownToServer(t, filepath.Join(data, keyFile))
	cmdtest.WriteFile(t, filepath.Join(folder, "target"), "")
	if err := os.Symlink(target, filepath.Join(data, lockFile)); err != nil {
		t.Fatal(err)
	}

	wantOutput(t, folder, 0, "contains 0 accounts again", "restore", "copy")
	wantOutput(t, folder, 0, "use key 2 now", "keys", "rotate")
	start(t, folder, unreachableMail(t), "--sms=webhook:http://127.0.0.1:1/").stop(t, syscall.SIGTERM)
	if owner := ownerOf(t, target); int(owner) != os.Geteuid() {
		t.Errorf("the target of the link belongs to %d", owner)
	}
	wantOwnedByServer(t, data)

	empty := filepath.Join(folder, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	chownToServer(t, empty)
	server := start(t, folder, unreachableMail(t), "--data=empty")
	wantOwnedByServer(t, empty) // including the files of a database in use
	server.stop(t, syscall.SIGTERM)
}

func chownToServer(t *testing.T, path string) {
	t.Helper()
	if err := os.Chown(path, serverUID, serverUID); err != nil {
		t.Fatal(err)
	}
}

func ownerOf(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}

// wantOwnedByServer checks the owner of all files in a folder.
func wantOwnedByServer(t *testing.T, folder string) {
	t.Helper()
	var names []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type() == fs.ModeSymlink {
			return err
		}
		names = append(names, entry.Name())
		if owner := ownerOf(t, path); int(owner) != serverUID {
			t.Errorf("%s belongs to %d", path, owner)
		}
		return nil
	})
	if output := strings.Join(names, " "); err != nil || !strings.Contains(output, keyFile) || !strings.Contains(output, databaseFile) {
		t.Errorf("the folder holds %s, %v", output, err)
	}
}
