package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"twostep/db"
)

// backup copies the database beside a running server.
type backup struct {
	place
	File string `arg:"" name:"file" help:"File to write; it must not exist yet."`
}

// Run makes the backup. It needs no keys and holds none: a backup and the keys
// that open what is sealed in it are kept apart.
func (b *backup) Run(t terminal) error {
	var bad error
	where := b.read(&bad)
	if bad != nil {
		return bad
	}
	if err := where.inFile(); err != nil {
		return err
	}
	if err := where.exists(); err != nil {
		return err
	}
	ctx := untilTold()
	accounts, err := db.BackupSQLite(ctx, filepath.Join(where.data, databaseFile), b.File)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s exists, and a backup replaces nothing: give another name", b.File)
	case err != nil && where.makeFolder() != nil: // SQLite opens nothing there
		return where.makeFolder()
	case err != nil:
		return fmt.Errorf("no backup was made: %w", stopped(ctx, err))
	}
	_, err = fmt.Fprintf(t.out, "%s holds %s. The keys are not in it: keep %s too, and elsewhere.\n",
		b.File, many(accounts, "account"), where.keyPlace())
	return err
}

// keyPlace says where the key ring is.
func (p places) keyPlace() string {
	if p.keys != nil {
		return "the ring of --keys"
	}
	return filepath.Join(p.data, keyFile)
}

// stopped is an error in plain words where its cause is a signal.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("it was told to stop")
	}
	return err
}

func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
