package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"twostep/auth"
)

// RestoreSQLite puts a backup in the place of a database that is not there, and
// answers how many accounts it holds. Before anything appears at path a copy is
// read through, brought up to this program's version, and opened with the keys:
// what is damaged, foreign, newer or sealed by another ring is refused, and
// nothing is left of it. Nobody else may open path meanwhile, see [Lock].
func RestoreSQLite(ctx context.Context, file, path string, keys auth.Keyring) (accounts int, err error) {
	for _, end := range sqliteFiles {
		_, err := os.Lstat(path + end)
		if err == nil {
			err = &fs.PathError{Op: "write", Path: path + end, Err: fs.ErrExist}
		}
		if !errors.Is(err, fs.ErrNotExist) { // a write-ahead log alone would be played into the backup
			return 0, err
		}
	}
	if log, err := os.Stat(file + "-wal"); err == nil && log.Size() > 0 {
		return 0, fmt.Errorf("%w: %s-wal stands beside it, so it is the file of a database in use", errDamaged, file)
	}
	draft, err := draftOf(ctx, file, path)
	if err != nil {
		return 0, err
	}
	defer removeDraft(draft)
	if accounts, err = checkSQLiteFile(ctx, draft); err != nil {
		return 0, err
	}
	if err := checkKeys(ctx, draft, keys); err != nil {
		return 0, err
	}
	return accounts, publish(draft, path)
}

// checkKeys brings a draft up to date and opens of each sealed kind one value.
func checkKeys(ctx context.Context, draft string, keys auth.Keyring) error {
	s, err := OpenSQLite(ctx, draft, keys)
	if err != nil {
		return err
	}
	if err = s.CheckSealed(ctx); err != nil {
		err = fmt.Errorf("the keys are not those of the backup: %w", err)
	}
	return errors.Join(err, s.Close()) // which leaves one whole file
}

// draftOf copies a file to a draft of what will stand at path, which belongs to
// whom all else in that folder does.
func draftOf(ctx context.Context, file, path string) (draft string, err error) {
	source, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer source.Close()
	target, err := openDraftBeside(path)
	if err != nil {
		return "", err
	}
	ChownToFolder(target)
	_, err = io.Copy(target, whileWanted{ctx, source})
	if err = errors.Join(err, target.Close()); err != nil {
		removeDraft(target.Name())
	}
	return target.Name(), err
}

// whileWanted reads until nobody waits for it any more.
type whileWanted struct {
	ctx  context.Context
	from io.Reader
}

func (r whileWanted) Read(into []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(into)
}
