package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"twostep/auth"
	"twostep/db"
)

// keyRing reads a ring as it is given to --keys: its text, or file: and the
// path of a file that holds it, which is the way that no list of processes
// shows. It answers nil for an empty text. The text is never repeated.
func keyRing(given string) (*auth.Keyring, error) {
	if given == "" {
		return nil, nil
	}
	var keys auth.Keyring
	var err error
	if path, isFile := strings.CutPrefix(given, "file:"); isFile {
		keys, err = followKeyFile(path)
	} else {
		keys, err = parseRing(given)
	}
	if err != nil {
		return nil, err
	}
	return &keys, nil
}

func parseRing(text string) (auth.Keyring, error) {
	return auth.ParseKeyring(strings.ReplaceAll(text, ",", " "))
}

// followKeyFile returns the ring in a file, which can change while we run.
func followKeyFile(path string) (auth.Keyring, error) {
	return auth.LoadKeyring(func() (auth.Keyring, error) {
		content, err := os.ReadFile(path)
		if err != nil {
			return auth.Keyring{}, fmt.Errorf("read the key file: %w", err)
		}
		keys, err := parseRing(string(content))
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
		return keys, err
	})
}

// ring returns the ring of a place, and draws one where there is neither key file
// nor database yet. A database without its keys is refused: with new ones
// nothing sealed in it could ever be read again (ST-05).
func (p places) ring(ctx context.Context) (auth.Keyring, error) {
	if p.keys != nil {
		return *p.keys, nil
	}
	path := filepath.Join(p.data, keyFile)
	keys, err := followKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if _, err := os.Stat(filepath.Join(p.data, databaseFile)); !errors.Is(err, fs.ErrNotExist) {
		return auth.Keyring{}, fmt.Errorf("%s is missing although %s is there: put the key file back, or give its ring by --keys", path, databaseFile)
	}
	if p.database != "" {
		return p.sharedRing(ctx, path)
	}
	return drawRing(path)
}

// sharedRing draws the ring of an empty PostgreSQL database into the key file at
// path, and refuses to draw another for one that is begun.
func (p places) sharedRing(ctx context.Context, path string) (auth.Keyring, error) {
	var keys auth.Keyring
	err := db.InitPostgres(ctx, p.database, func() (drawn auth.Keyring, err error) {
		keys, err = drawRing(path)
		return keys, err
	})
	if !errors.Is(err, db.ErrInitialized) {
		return keys, err
	}
	keys, err = followKeyFile(path) // by a start in the same folder, perhaps
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s is missing although the PostgreSQL database is begun: copy the first server's key file there, or give its ring by --keys", path)
	}
	return keys, err
}

func drawRing(path string) (auth.Keyring, error) {
	if err := makeKeyFile(path); err != nil {
		return auth.Keyring{}, fmt.Errorf("make the key file: %w", err)
	}
	return followKeyFile(path)
}

// makeKeyFile writes a new ring to path, whole or not at all, and safe on the
// disk when it returns. It never replaces a file: where another start was
// quicker, that one's ring stands.
func makeKeyFile(path string) error {
	return writeWhole(path, auth.NewKeyring().String(), func(draft, path string) error {
		if err := os.Link(draft, path); !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}
