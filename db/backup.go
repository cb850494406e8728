package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"twostep/db/internal/engine"
)

var errForeign = errors.New("database of another program")

// BackupSQLite writes the content of the database at path, as of one moment, to a
// new file with mode 0600, while servers keep writing, and returns how many
// accounts it has. The file appears complete, checked and synced to the disk, or
// not at all. It never replaces an existing file.
//
// The copy has the database's version, so that a newer program can make the backup
// that an older one is restored from.
func BackupSQLite(ctx context.Context, path, file string) (accounts int, err error) {
	if _, err := os.Lstat(file); err == nil {
		return 0, &fs.PathError{Op: "write", Path: file, Err: fs.ErrExist}
	}
	draft, err := vacuumToDraft(ctx, path, file)
	if err != nil {
		return 0, err
	}
	defer engine.RemoveDraft(draft)
	if accounts, err = checkSQLiteFile(ctx, draft); err != nil {
		return 0, fmt.Errorf("check the copy: %w", err)
	}
	return accounts, engine.PublishDraft(draft, file)
}

// vacuumToDraft copies the database at path to a draft in the folder of file.
func vacuumToDraft(ctx context.Context, path, file string) (draft string, err error) {
	f, err := engine.CreateDraft(file)
	if err != nil {
		return "", err
	}
	if err := errors.Join(f.Close(), engine.VacuumSQLite(ctx, path, f.Name())); err != nil {
		engine.RemoveDraft(f.Name())
		return "", fmt.Errorf("copy the database: %w", err)
	}
	return f.Name(), nil
}

// checkSQLiteFile checks a file that no process writes to, and returns how many
// accounts it has.
func checkSQLiteFile(ctx context.Context, path string) (accounts int, err error) {
	file, err := engine.ReadSQLiteCopy(ctx, path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	on := engine.On(file)
	var tables int
	err = on.Find(ctx, engine.Row{&tables}, `
		SELECT count(*)
		FROM sqlite_schema
		WHERE type = 'table' AND name IN ('schema_migrations', 'users', 'totp', 'messages')`)
	if err == nil && tables != 4 {
		err = errForeign
	}
	if err == nil {
		err = on.Find(ctx, engine.Row{&accounts}, `SELECT count(*) FROM users`)
	}
	return accounts, err
}
