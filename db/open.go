// Package db stores everything that outlives a request: the SQL of [auth.Store],
// the schema, encryption at rest, and backups. It decides nothing: who may sign
// in is up to package auth.
//
// A value that may be used once is consumed by one conditional write whose row
// count is the result, in the same transaction as the changes it leads to. Nothing
// is read, checked and then written.
//
// The same query texts run on SQLite, which has one writer at a time, and on
// PostgreSQL, which has many: there every write about an account locks the
// account's row first, see [Store.write]. Package db/internal/engine manages
// connections and transactions.
package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"twostep/auth"
	"twostep/db/internal/engine"
	"twostep/db/internal/seal"
)

// A Store is an open database. It is safe for concurrent use.
type Store struct {
	db    *engine.DB
	seals seal.Sealer
}

var _ auth.Store = (*Store)(nil)

//go:embed migrations
var migrationFiles embed.FS

var migrations fs.FS = migrationFiles // replaced by tests of migrations

// migrationsOf returns the migrations for "sqlite" or "postgres".
func migrationsOf(kind string) fs.FS {
	files, err := fs.Sub(migrations, "migrations/"+kind)
	if err != nil {
		panic(err) // only for a malformed path
	}
	return files
}

var errNoKeys = errors.New("open database: keyring is empty")

// OpenSQLite opens the database at path, or creates it with mode 0600, and
// brings it to this program's version. It refuses a newer one.
func OpenSQLite(ctx context.Context, path string, keys auth.Keyring) (*Store, error) {
	if len(keys.All(auth.KeySeal)) == 0 {
		return nil, errNoKeys
	}
	db, err := engine.OpenSQLite(ctx, path, migrationsOf("sqlite"))
	if err != nil {
		return nil, err
	}
	return &Store{db, seal.Sealer{Keys: keys}}, nil
}

// OpenPostgres opens the database at a URL such as
// postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full and brings it to this
// program's version. It refuses a newer one. What the URL leaves out comes from
// the variables and files of PostgreSQL's own programs (PGPASSWORD, PGSSLROOTCERT,
// ~/.pgpass). No error contains the password.
func OpenPostgres(ctx context.Context, url string, keys auth.Keyring) (*Store, error) {
	if len(keys.All(auth.KeySeal)) == 0 {
		return nil, errNoKeys
	}
	db, err := engine.OpenPostgres(ctx, url, migrationsOf("postgres"))
	if err != nil {
		return nil, err
	}
	return &Store{db, seal.Sealer{Keys: keys}}, nil
}

// Errors of [InitPostgres] and [InspectPostgres].
var (
	ErrInitialized    = errors.New("database is already initialized")
	ErrNotInitialized = errors.New("database is empty")
)

// InitPostgres initializes an empty database with the keyring that newKeys
// returns. Of several nodes that start at the same time on an empty database, one
// creates the keys, and the others wait and get [ErrInitialized]. If it fails
// after the keys were created, starting again with those keys completes it.
func InitPostgres(ctx context.Context, url string, newKeys func() (auth.Keyring, error)) error {
	db, err := engine.ConnectPostgres(ctx, url, migrationsOf("postgres"))
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	err = db.Exclusive(ctx, func(ctx context.Context) error {
		version, err := db.Version(ctx)
		if err != nil {
			return err
		}
		if version > 0 {
			return ErrInitialized
		}
		keys, err := newKeys()
		if err != nil {
			return err
		}
		if err := db.Migrate(ctx); err != nil {
			return err
		}
		return (&Store{db, seal.Sealer{Keys: keys}}).addCheckValue(ctx)
	})
	if err != nil && !errors.Is(err, ErrInitialized) {
		err = fmt.Errorf("open database: %w", db.Explain(err))
	}
	return errors.Join(err, db.Close())
}

// CheckPostgresURL returns what is wrong with a URL for [OpenPostgres], without
// any part of it that could be a password. It does not connect.
func CheckPostgresURL(url string) error { return engine.CheckPostgresURL(url) }

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Ping implements [auth.Store].
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Pools returns the state of the connections by their use: "read" and "write",
// or "all".
func (s *Store) Pools() map[string]engine.Pool { return s.db.Pools() }

// ErrLocked is returned by [Lock] while another process holds the lock.
var ErrLocked = engine.ErrLocked

// Lock locks the file at path for this process, or returns [ErrLocked]. It
// protects what takes longer than a write, such as a restore while a server is
// running. The system releases the lock when the process ends.
func Lock(path string) (unlock func() error, err error) { return engine.Lock(path) }

// ChownToFolder gives a file that root has just created to the owner of its
// folder, so that an unprivileged server can open it.
func ChownToFolder(file *os.File) { engine.ChownToFolder(file) }
