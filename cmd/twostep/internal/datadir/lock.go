package datadir

import (
	"errors"
	"fmt"
	"path/filepath"

	"twostep/cmd/twostep/internal/cli"
	"twostep/db"
)

// Lock locks the data folder for a command that must have the SQLite file to
// itself: serve, because two servers would not see each other's queued messages
// and cleanups; restore; and migrate. Other commands work while a server runs.
// With PostgreSQL, which several servers may share, it locks nothing.
func (d Dir) Lock() (unlock func() error, err error) {
	if err := d.Create(); err != nil {
		return nil, err
	}
	if d.Database != "" {
		return func() error { return nil }, nil
	}
	return d.lock(lockName, fmt.Sprintf("a server is already running on the data in %s: stop it first", d.Path))
}

// LockKeys locks the keyring. Two rotations at the same time would undo each
// other's changes. Servers do not need it.
func (d Dir) LockKeys() (unlock func() error, err error) {
	if err := d.Create(); err != nil {
		return nil, err
	}
	return d.lock(keysName+".lock", "another key rotation is running")
}

func (d Dir) lock(name, locked string) (unlock func() error, err error) {
	unlock, err = db.Lock(filepath.Join(d.Path, name))
	switch {
	case errors.Is(err, db.ErrLocked):
		return nil, errors.New(locked)
	case err != nil:
		return nil, &cli.FlagError{Flag: "--data", Err: fmt.Errorf("lock the folder: %w", err)}
	}
	return unlock, nil
}

// ServerRuns reports whether a server may be running on the data. A server that
// starts later reads the key file as it is then.
func (d Dir) ServerRuns() (bool, error) {
	if d.Database != "" {
		return true, nil // on any machine
	}
	unlock, err := db.Lock(filepath.Join(d.Path, lockName))
	if errors.Is(err, db.ErrLocked) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, unlock()
}
