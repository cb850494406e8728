package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"twostep/db"
)

// restore puts a backup into a place that has no data yet.
type restore struct {
	place
	File string `arg:"" name:"file" help:"Backup to read."`
}

// Run puts the backup in its place, or changes nothing. What happened after the
// backup is unknown to it: that is said, because codes spent since then are
// among it.
func (r *restore) Run(t terminal) (err error) {
	var bad error
	where := r.read(&bad)
	if bad != nil {
		return bad
	}
	if err := where.inFile(); err != nil {
		return err
	}
	if err := where.keysThere(); err != nil {
		return err
	}
	unlock, err := where.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	ctx := untilTold()
	keys, err := where.ring(ctx)
	if err != nil {
		return err
	}
	path := filepath.Join(where.data, databaseFile)
	accounts, err := db.RestoreSQLite(ctx, r.File, path, keys)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("there are data in %s already: give another --data, or move them away first (%s and the files that begin like it)", where.data, path)
	case err != nil:
		return fmt.Errorf("%s was not restored: %w", r.File, stopped(ctx, err))
	}
	_, err = fmt.Fprintf(t.out, "%s holds %s again, as they were at the time of the backup; what happened since is not known, backup codes used up included.\n",
		where.data, many(accounts, "account"))
	return err
}

// keysThere refuses a place without its keys: those drawn there would open
// nothing of the backup.
func (p places) keysThere() error {
	if p.keys != nil {
		return nil
	}
	path := filepath.Join(p.data, keyFile)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("the backup's keys are missing: put its key file to %s first, or give its ring by --keys: %w", path, err)
	}
	return nil
}
