package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"twostep/db"
)

// lock takes the data folder for a word that must have the SQLite file to
// itself: serve, because two servers would know nothing of each other's waiting
// messages and sweeps, restore and migrate. The other words work beside a server. On
// PostgreSQL, where many servers may work, it takes nothing.
func (p places) lock() (unlock func() error, err error) {
	if err := p.makeFolder(); err != nil {
		return nil, err
	}
	if p.database != "" {
		return func() error { return nil }, nil
	}
	unlock, err = db.Lock(filepath.Join(p.data, lockFile))
	switch {
	case errors.Is(err, db.ErrLocked):
		return nil, fmt.Errorf("a server runs on the data in %s already: stop that one first", p.data)
	case err != nil:
		return nil, &badFlag{"--data", fmt.Errorf("the folder cannot be taken: %w", err)}
	}
	return unlock, nil
}
