package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"twostep/auth"
	"twostep/db"
)

// parseKeysFlag reads the value of --keys: a keyring as text, or file: and the
// path of a file that holds one, which keeps it out of process lists. It
// returns nil for an empty value. Errors never quote the keyring.
func parseKeysFlag(value string) (*auth.Keyring, error) {
	if value == "" {
		return nil, nil
	}
	var keys auth.Keyring
	var err error
	if path, isFile := strings.CutPrefix(value, "file:"); isFile {
		keys, err = WatchKeyFile(path)
	} else {
		keys, err = ParseKeyring(value)
	}
	if err != nil {
		return nil, err
	}
	return &keys, nil
}

// ParseKeyring parses a keyring as text, with spaces, commas or line breaks
// between the keys.
func ParseKeyring(text string) (auth.Keyring, error) {
	return auth.ParseKeyring(strings.ReplaceAll(text, ",", " "))
}

// WatchKeyFile returns the keyring in a file. Its Reload method reads the file
// again.
func WatchKeyFile(path string) (auth.Keyring, error) {
	return auth.LoadKeyring(func() (auth.Keyring, error) {
		content, err := os.ReadFile(path)
		if err != nil {
			return auth.Keyring{}, fmt.Errorf("read the key file: %w", err)
		}
		keys, err := ParseKeyring(string(content))
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
		return keys, err
	})
}

// Keyring returns the keyring of the data. It creates one if neither the key
// file nor the database exists. A database without its keys is an error: with
// new ones nothing encrypted in it could ever be read (ST-05).
func (d Dir) Keyring(ctx context.Context) (auth.Keyring, error) {
	if d.Keys != nil {
		return *d.Keys, nil
	}
	path := d.KeyFile()
	keys, err := WatchKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if _, err := os.Stat(d.SQLitePath()); !errors.Is(err, fs.ErrNotExist) {
		return auth.Keyring{}, fmt.Errorf("%s is missing although %s exists: put the key file back, or give its keys with --keys", path, databaseName)
	}
	if d.Database != "" {
		return d.postgresKeyring(ctx, path)
	}
	return createKeyring(path)
}

// postgresKeyring creates the keyring of an empty PostgreSQL database at path.
// A database in use already has one, on another server.
func (d Dir) postgresKeyring(ctx context.Context, path string) (auth.Keyring, error) {
	var keys auth.Keyring
	err := db.InitPostgres(ctx, d.Database, func() (created auth.Keyring, err error) {
		keys, err = createKeyring(path)
		return keys, err
	})
	if !errors.Is(err, db.ErrInitialized) {
		return keys, err
	}
	keys, err = WatchKeyFile(path) // another process may have created it here meanwhile
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s is missing although the PostgreSQL database is in use: copy the first server's key file there, or give its keys with --keys", path)
	}
	return keys, err
}

func createKeyring(path string) (auth.Keyring, error) {
	if err := createKeyFile(path); err != nil {
		return auth.Keyring{}, fmt.Errorf("create the key file: %w", err)
	}
	return WatchKeyFile(path)
}

// createKeyFile writes a new keyring to path. It never replaces a file: if
// another process has created one meanwhile, that one stays.
func createKeyFile(path string) error {
	return writeFile(path, auth.NewKeyring().String(), func(temporary, path string) error {
		if err := os.Link(temporary, path); !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}
