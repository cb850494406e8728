package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/db"
)

// Restore is the command line of restore.
type Restore struct {
	datadir.Flags
	File string `arg:"" name:"file" help:"Backup to restore."`
}

// Run restores a backup to a folder without data, or changes nothing. Its
// message warns that everything since the backup is lost, including that codes
// were used.
func (r *Restore) Run(s cli.Streams) (err error) {
	dir, err := r.Dir()
	if err != nil {
		return err
	}
	if err := dir.CheckSQLite(); err != nil {
		return err
	}
	if err := checkKeys(dir); err != nil {
		return err
	}
	unlock, err := dir.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	ctx := cli.SignalContext()
	keys, err := dir.Keyring(ctx)
	if err != nil {
		return err
	}
	path := dir.SQLitePath()
	accounts, err := db.RestoreSQLite(ctx, r.File, path, keys)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s already contains data: give another --data, or first move away %s and the files whose names begin with it", dir.Path, path)
	case err != nil:
		return fmt.Errorf("%s was not restored: %w", r.File, cli.Interrupted(ctx, err))
	}
	_, err = fmt.Fprintf(s.Out, "%s contains %s again, as of the time of the backup. Later changes are lost, including the use of backup codes.\n",
		dir.Path, cli.Plural(accounts, "account"))
	return err
}

// checkKeys returns an error if the keyring is missing: a new one could not
// decrypt the backup.
func checkKeys(dir datadir.Dir) error {
	if dir.Keys != nil {
		return nil
	}
	path := dir.KeyFile()
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("the keys of the backup are missing: copy its key file to %s, or give its keys with --keys: %w", path, err)
	}
	return nil
}
