// Package data holds the commands that copy, move and re-encrypt a site's data.
package data

import (
	"errors"
	"fmt"
	"io/fs"

	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/db"
)

// Backup is the command line of backup.
type Backup struct {
	datadir.Flags
	File string `arg:"" name:"file" help:"File to create."`
}

// Run copies the database of a running server. It neither needs nor copies the
// keys: a backup and the keys that decrypt it are kept apart.
func (b *Backup) Run(s cli.Streams) error {
	dir, err := b.Dir()
	if err != nil {
		return err
	}
	if err := dir.CheckSQLite(); err != nil {
		return err
	}
	if err := dir.CheckExists(); err != nil {
		return err
	}
	ctx := cli.SignalContext()
	accounts, err := db.BackupSQLite(ctx, dir.SQLitePath(), b.File)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s already exists: give another name", b.File)
	case err != nil && dir.Create() != nil: // SQLite cannot open a file in such a folder
		return dir.Create()
	case err != nil:
		return fmt.Errorf("backup failed: %w", cli.Interrupted(ctx, err))
	}
	_, err = fmt.Fprintf(s.Out, "%s contains %s. The keys are not in it: keep a copy of %s too, in another place.\n",
		b.File, cli.Plural(accounts, "account"), dir.KeysLocation())
	return err
}
