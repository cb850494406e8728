// Package datadir finds a site's data: the data folder with its lock and key
// files, and the database, which is an SQLite file in that folder or a
// PostgreSQL server. Every command that works on data opens it here.
package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/db"
)

// LocalFlags locate what a server keeps on its own machine.
type LocalFlags struct {
	Data string `env:"TWOSTEP_DATA" default:"data" help:"Folder of the SQLite file and of the key file, created on the first start."`
	Keys string `env:"TWOSTEP_KEYS" placeholder:"KEYS" help:"Server keys, newest first: 'ID:KEY ID:KEY' or file:PATH, which keeps them out of the process list. Default: the key file in the data folder."`
}

// Flags locate a site's data.
type Flags struct {
	LocalFlags
	Database string `env:"TWOSTEP_DATABASE" placeholder:"URL" help:"PostgreSQL database, as postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full. Give a password by the variable, because flags appear in the process list. Several servers with the same keys may use it. Default: an SQLite file in the data folder."`
}

// A Dir is a data folder with the database and the keyring that belong to it.
type Dir struct {
	Path     string        // of the folder, absolute
	Database string        // PostgreSQL connection string; empty for the SQLite file in the folder
	Keys     *auth.Keyring // given by --keys; nil for the key file in the folder

	keysPath string // the file named by --keys
}

// Names of the files in the folder.
const (
	databaseName   = "twostep.db"
	keysName       = "keys"
	lockName       = "lock" // empty; the process that locks it has the SQLite file to itself
	webhookKeyName = "webhook-key"
)

// Dir returns the folder and keyring that the flags name. The error is a
// [*cli.FlagError].
func (f LocalFlags) Dir() (dir Dir, err error) {
	dir.Path = cli.Parse(&err, "--data", f.Data, absolute)
	dir.Keys = cli.Parse(&err, "--keys", f.Keys, parseKeysFlag)
	if path, isFile := strings.CutPrefix(f.Keys, "file:"); isFile {
		dir.keysPath = path
	}
	return dir, err
}

// Dir returns the data that the flags name. The error is a [*cli.FlagError].
func (f Flags) Dir() (Dir, error) {
	dir, err := f.LocalFlags.Dir()
	dir.Database = cli.Parse(&err, "--database", f.Database, parseDatabase)
	return dir, err
}

// WithStore opens the store of existing data, also while a server runs on it, and calls
// do.
func (f Flags) WithStore(do func(context.Context, *db.Store, auth.Keyring) error) (err error) {
	dir, err := f.Dir()
	if err != nil {
		return err
	}
	if err := dir.CheckExists(); err != nil {
		return err
	}
	ctx := context.Background()
	store, keys, err := dir.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return do(ctx, store, keys)
}

func parseDatabase(value string) (string, error) {
	if value == "" {
		return "", nil
	}
	return value, db.CheckPostgresURL(value)
}

// Open opens the store and its keyring. It creates both if neither exists yet,
// and refuses a keyring that is not the database's own: nobody could decrypt
// what it would encrypt.
func (d Dir) Open(ctx context.Context) (*db.Store, auth.Keyring, error) {
	if err := d.Create(); err != nil {
		return nil, auth.Keyring{}, err
	}
	keys, err := d.Keyring(ctx)
	if err != nil {
		return nil, keys, err
	}
	var store *db.Store
	if d.Database != "" {
		store, err = db.OpenPostgres(ctx, d.Database, keys)
	} else {
		store, err = db.OpenSQLite(ctx, d.SQLitePath(), keys)
	}
	if err != nil {
		return nil, keys, err
	}
	if err := store.VerifyKeyring(ctx); err != nil {
		return nil, keys, errors.Join(WrongKeys(err), store.Close())
	}
	return store, keys, nil
}

// WrongKeys wraps an error of the store about a keyring that is not its own.
func WrongKeys(err error) error {
	return fmt.Errorf("the keys do not belong to this database: %w", err)
}

// SQLitePath returns the path of the SQLite file.
func (d Dir) SQLitePath() string { return filepath.Join(d.Path, databaseName) }

// CheckExists returns an error if there is no data yet. Without this check a
// mistyped --data would create an empty database or its keys.
func (d Dir) CheckExists() error {
	if d.LacksKeys() {
		return &cli.FlagError{Flag: "--data", Err: fmt.Errorf("%s is missing: the first server creates it when it starts on an empty database; on other servers, copy the first server's key file there", d.KeysLocation())}
	}
	if d.Database != "" {
		return nil
	}
	if _, err := os.Stat(d.SQLitePath()); err != nil {
		return &cli.FlagError{Flag: "--data", Err: fmt.Errorf("there is no data: %w", err)}
	}
	return nil
}

// CheckSQLite returns an error if the data is in PostgreSQL.
func (d Dir) CheckSQLite() error {
	if d.Database != "" {
		return &cli.FlagError{Flag: "--database", Err: errors.New("this command is for SQLite; use pg_dump and pg_restore with PostgreSQL")}
	}
	return nil
}

// LacksKeys reports whether the database is PostgreSQL and the folder has no
// key file yet. Only the first server on an empty database may then create one.
func (d Dir) LacksKeys() bool {
	if d.Database == "" || d.Keys != nil {
		return false
	}
	_, err := os.Stat(d.KeyFile())
	return errors.Is(err, fs.ErrNotExist)
}

// Location says in a message where the data is. It does not repeat the
// connection string, which may hold a password.
func (d Dir) Location() string {
	if d.Database != "" {
		return "the PostgreSQL database of --database, with its keys in " + d.KeysLocation()
	}
	return d.Path
}

// KeysLocation says in a message where the keyring is.
func (d Dir) KeysLocation() string {
	if d.Keys != nil {
		return "the value of --keys"
	}
	return d.KeyFile()
}
