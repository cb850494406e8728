package db

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// openOwn opens a file to write to, and makes it where there is none, for its
// owner alone, see [ChownToFolder].
func openOwn(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return os.OpenFile(path, os.O_RDWR, 0)
	}
	if err != nil {
		return nil, err
	}
	ChownToFolder(file)
	return file, nil
}

// ChownToFolder gives a file to the owner of its folder, where root has made it:
// an operator restores as root what a server without rights has to open. SQLite
// treats its own files so. The file must just have been made, and not opened:
// behind a name that stood there may be a link to another's file, put there by
// who owns the folder.
//
// Where root may not do that either, the file stays root's.
func ChownToFolder(file *os.File) {
	if os.Geteuid() != 0 {
		return
	}
	info, err := os.Stat(filepath.Dir(file.Name()))
	if err != nil {
		return
	}
	if owner, known := info.Sys().(*syscall.Stat_t); known {
		_ = file.Chown(int(owner.Uid), int(owner.Gid))
	}
}
