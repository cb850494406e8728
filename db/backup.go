package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// sqliteFiles are the ends of the names of the files that make one database.
var sqliteFiles = []string{"", "-wal", "-shm", "-journal"}

// BackupSQLite copies the database at path to a new file, readable by its owner
// alone, while others go on writing: the copy is what stood at one moment. It
// answers how many accounts that holds. The file appears whole, checked and
// safe on the disk, or not at all; one that exists is never replaced.
//
// The copy is written anew rather than page by page, so that nothing is in it
// that was deleted, such as a code that was spent. It brings no version forward:
// a newer program can so make the backup that its older one goes back to.
func BackupSQLite(ctx context.Context, path, file string) (accounts int, err error) {
	if _, err := os.Lstat(file); err == nil {
		return 0, &fs.PathError{Op: "write", Path: file, Err: fs.ErrExist}
	}
	draft, err := draftBeside(file)
	if err != nil {
		return 0, err
	}
	defer removeDraft(draft)
	if err := vacuumInto(ctx, path, draft); err != nil {
		return 0, fmt.Errorf("copy the database: %w", err)
	}
	if accounts, err = checkSQLiteFile(ctx, draft); err != nil {
		return 0, fmt.Errorf("the copy is not what it should be: %w", err)
	}
	return accounts, publish(draft, file)
}

func vacuumInto(ctx context.Context, path, draft string) error {
	source, err := sql.Open("sqlite", sqliteDSN(path)+"&mode=rw")
	if err != nil {
		return err
	}
	_, err = source.ExecContext(ctx, `VACUUM INTO $1`, draft)
	return errors.Join(err, source.Close())
}

// draftBeside makes an empty file of our own (0600) in the folder where another
// will appear.
func draftBeside(file string) (path string, err error) {
	draft, err := openDraftBeside(file)
	if err != nil {
		return "", err
	}
	return draft.Name(), draft.Close()
}

func openDraftBeside(file string) (*os.File, error) {
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	return os.CreateTemp(folder, ".twostep-draft-*")
}

// removeDraft removes a draft and what SQLite may have left beside it.
func removeDraft(draft string) {
	for _, end := range sqliteFiles {
		_ = os.Remove(draft + end)
	}
}

// publish gives a draft its name, once the disk has all of it.
func publish(draft, path string) error {
	for _, step := range []func() error{
		func() error { return syncPath(draft) },
		func() error { return claim(draft, path) },
		func() error { return syncPath(filepath.Dir(path)) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// claim puts a draft at path unless something stands there: of two who do so
// one fails. File systems without links, as memory sticks have them, get an
// empty file first.
func claim(draft, path string) error {
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

// syncPath waits until the disk has a file, or the names in a folder.
func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
