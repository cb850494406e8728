package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// RestoreSQLite writes a backup to path, where no database must exist, and returns
// how many accounts it has. Before anything appears at path, a copy is checked,
// brought to this program's version and decrypted with the keys. A file that is
// damaged, foreign, newer or encrypted with another keyring is refused and leaves
// nothing behind. No other process may open path meanwhile, see [Lock].
func RestoreSQLite(ctx context.Context, file, path string, keys auth.Keyring) (accounts int, err error) {
	for _, suffix := range engine.SQLiteSuffixes {
		_, err := os.Lstat(path + suffix)
		if err == nil {
			err = &fs.PathError{Op: "write", Path: path + suffix, Err: fs.ErrExist}
		}
		if !errors.Is(err, fs.ErrNotExist) { // SQLite would apply even a leftover -wal file
			return 0, err
		}
	}
	if log, err := os.Stat(file + "-wal"); err == nil && log.Size() > 0 {
		return 0, fmt.Errorf("%w: %s-wal exists, so the database is in use", engine.ErrDamaged, file)
	}
	draft, err := copyToDraft(ctx, file, path)
	if err != nil {
		return 0, err
	}
	defer engine.RemoveDraft(draft)
	if accounts, err = checkSQLiteFile(ctx, draft); err != nil {
		return 0, err
	}
	if err := migrateDraft(ctx, draft, keys); err != nil {
		return 0, err
	}
	return accounts, engine.PublishDraft(draft, path)
}

// migrateDraft brings a draft to this program's version, decrypts one value of each
// sealed column, and drops the messages that were waiting: most were sent after the
// backup, and the codes in them have been replaced. It also forgets remembered devices:
// some may have been forgotten after the backup.
func migrateDraft(ctx context.Context, draft string, keys auth.Keyring) error {
	s, err := OpenSQLite(ctx, draft, keys)
	if err != nil {
		return err
	}
	if err = s.CheckSealed(ctx); err != nil {
		err = fmt.Errorf("the keys are not those of the backup: %w", err)
	} else {
		_, err = s.write(ctx, "drop messages and remembered devices", "", func(tx *tx) (bool, error) {
			_, err := tx.Exec(ctx, `DELETE FROM messages`)
			if err == nil {
				_, err = tx.Exec(ctx, `UPDATE known_devices SET remembered_at = NULL`)
			}
			return true, err
		})
	}
	return errors.Join(err, s.Close()) // leaves one complete file
}

// copyToDraft copies a file to a draft in the folder of path.
func copyToDraft(ctx context.Context, file, path string) (draft string, err error) {
	source, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer source.Close()
	target, err := engine.CreateDraft(path)
	if err != nil {
		return "", err
	}
	engine.ChownToFolder(target)
	_, err = io.Copy(target, contextReader{ctx, source})
	if err = errors.Join(err, target.Close()); err != nil {
		engine.RemoveDraft(target.Name())
	}
	return target.Name(), err
}

// A contextReader fails once its context is canceled.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
