package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrLocked is returned by [Lock] while another process holds the lock.
var ErrLocked = errors.New("another process holds the lock")

// Lock locks the file at path for this process, and creates it if necessary. It
// never waits. The system releases the lock when the process ends, even if it is
// killed. The file stays: removing it could remove one that another process has
// just locked.
//
// SQLite protects each write by itself. This protects what takes longer: two
// servers on one file, or a restore while a server is running.
func Lock(path string) (unlock func() error, err error) {
	file, err := openPrivate(path)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil
}

// openPrivate opens a file for writing, or creates it with mode 0600 for the
// owner of its folder, see [ChownToFolder].
func openPrivate(path string) (*os.File, error) {
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

// ChownToFolder gives a file created by root to the owner of its folder: an
// administrator restores as root what an unprivileged server must open. SQLite
// does the same with its own files. The file must have just been created, because
// an existing name may be a link that the owner of the folder made to a file of
// another user.
//
// If the system does not permit it, as for other users than root, the file remains theirs.
func ChownToFolder(file *os.File) {
	info, err := os.Stat(filepath.Dir(file.Name()))
	if err != nil {
		return
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = file.Chown(int(owner.Uid), int(owner.Gid))
	}
}

// CreateDraft creates a temporary file with mode 0600 in the folder of path.
func CreateDraft(path string) (*os.File, error) {
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return os.CreateTemp(folder, ".twostep-draft-*")
}

// RemoveDraft removes a draft and the files that SQLite may have added to it.
func RemoveDraft(draft string) {
	for _, suffix := range SQLiteSuffixes {
		_ = os.Remove(draft + suffix)
	}
}

// PublishDraft gives a draft its final name after syncing it to the disk. It
// fails if a file of that name exists.
func PublishDraft(draft, path string) error {
	for _, step := range []func() error{
		func() error { return syncPath(draft) },
		func() error { return linkDraft(draft, path) },
		func() error { return syncPath(filepath.Dir(path)) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// linkDraft links a draft to path, or fails if path exists. On file systems without
// links, such as FAT, it creates an empty file first and renames the draft to it.
func linkDraft(draft, path string) error {
	err := os.Link(draft, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	empty, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(empty.Close(), os.Rename(draft, path))
}

// syncPath syncs a file, or the names in a folder, to the disk.
func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
