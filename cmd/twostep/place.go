package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"twostep/auth"
	"twostep/db"
)

// home is what a server has on its own machine.
type home struct {
	Data string `env:"TWOSTEP_DATA" default:"data" help:"Folder of the database and of the key file; made on the first start."`
	Keys string `env:"TWOSTEP_KEYS" placeholder:"RING" help:"Key ring, newest first: 'ID:KEY ID:KEY', or file:PATH. Without it, the key file in the data folder."`
}

// place is where the data are: the flags of every word that works on them.
type place struct {
	home
	Database string `env:"TWOSTEP_DATABASE" placeholder:"ADDRESS" help:"PostgreSQL database, as postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full; several servers may work on one, with one key ring. Without it, an SQLite file in the data folder."`
}

// places is what the flags of a place mean, checked.
type places struct {
	data     string
	database string        // address of PostgreSQL; empty for the SQLite file in the data folder
	keys     *auth.Keyring // nil for the key file in the data folder
}

func (h home) read(bad *error) places {
	return places{data: read(bad, "--data", h.Data, folder), keys: read(bad, "--keys", h.Keys, keyRing)}
}

func (p place) read(bad *error) places {
	where := p.home.read(bad)
	where.database = read(bad, "--database", p.Database, postgresAddress)
	return where
}

// open opens the store of a place with its keys, and makes both where there is
// neither yet. What other keys would seal nobody could open.
func (p places) open(ctx context.Context) (*db.Store, auth.Keyring, error) {
	if err := p.makeFolder(); err != nil {
		return nil, auth.Keyring{}, err
	}
	keys, err := p.ring(ctx)
	if err != nil {
		return nil, keys, err
	}
	var store *db.Store
	if p.database != "" {
		store, err = db.OpenPostgres(ctx, p.database, keys)
	} else {
		store, err = db.OpenSQLite(ctx, filepath.Join(p.data, databaseFile), keys)
	}
	if err != nil {
		return nil, keys, err
	}
	if err := store.VerifyKeyring(ctx); err != nil {
		return nil, keys, errors.Join(otherRing(err), store.Close())
	}
	return store, keys, nil
}

// otherRing is why a ring is not the database's own.
func otherRing(err error) error {
	return fmt.Errorf("the keys are not those of the data: %w", err)
}

// exists refuses a place without data, where a mistyped --data would otherwise
// make an empty database, or draw the keys of one.
func (p places) exists() error {
	if p.isFirst() {
		return &badFlag{"--data", fmt.Errorf("%s is missing: the first start of a server on an empty database draws it, and on another it must be the first server's", p.keyPlace())}
	}
	if p.database != "" {
		return nil
	}
	path := filepath.Join(p.data, databaseFile)
	if _, err := os.Stat(path); err != nil {
		return &badFlag{"--data", fmt.Errorf("there are no data: %w", err)}
	}
	return nil
}
