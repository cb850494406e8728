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

// theServers is the user of a server: one without rights, or who runs the test.
var theServers = func() int {
	if user := os.Geteuid(); user != 0 {
		return user
	}
	return 65534
}()

// TestProgram_AsRoot: what root does in the folder of a server's user leaves
// nothing there that the server cannot open, and gives nobody what lies behind
// a link.
func TestProgram_AsRoot(t *testing.T) {
	folder := t.TempDir()
	data, roots := filepath.Join(folder, "data"), filepath.Join(folder, "roots")
	start(t, folder, closedMail(t)).stop(t, syscall.SIGTERM)
	say(t, folder, 0, "contains 0 accounts", "backup", "copy")
	keys := cmdtest.ReadFile(t, filepath.Join(data, keyFile))
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	give(t, data)
	cmdtest.WriteFile(t, filepath.Join(data, keyFile), keys)
	if os.Geteuid() != theServers {
		say(t, folder, 0, "cannot open "+filepath.Join(data, keyFile)+": chown", "doctor")
	}
	give(t, filepath.Join(data, keyFile))
	cmdtest.WriteFile(t, filepath.Join(folder, "roots"), "")
	if err := os.Symlink(roots, filepath.Join(data, lockFile)); err != nil {
		t.Fatal(err)
	}

	say(t, folder, 0, "contains 0 accounts again", "restore", "copy")
	say(t, folder, 0, "use key 2 now", "keys", "rotate")
	start(t, folder, closedMail(t), "--sms=webhook:http://127.0.0.1:1/").stop(t, syscall.SIGTERM)
	if owner := ownerAt(t, roots); int(owner) != os.Geteuid() {
		t.Errorf("the file behind the link was given to %d", owner)
	}
	wantServers(t, data)

	empty := filepath.Join(folder, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	give(t, empty)
	server := start(t, folder, closedMail(t), "--data=empty")
	wantServers(t, empty) // the files of a database in use among them
	server.stop(t, syscall.SIGTERM)
}

func give(t *testing.T, path string) {
	t.Helper()
	if err := os.Chown(path, theServers, theServers); err != nil {
		t.Fatal(err)
	}
}

func ownerAt(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}

// wantServers looks whether all files in a folder are the server's.
func wantServers(t *testing.T, folder string) {
	t.Helper()
	var names []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type() == fs.ModeSymlink {
			return err
		}
		names = append(names, entry.Name())
		if owner := ownerAt(t, path); int(owner) != theServers {
			t.Errorf("%s belongs to %d", path, owner)
		}
		return nil
	})
	if said := strings.Join(names, " "); err != nil || !strings.Contains(said, keyFile) || !strings.Contains(said, databaseFile) {
		t.Errorf("the folder holds %s, %v", said, err)
	}
}
