package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"twostep/auth"
)

// keyRing reads a ring as it is given to --keys: its text, or file: and the
// path of a file that holds it, which is the way that no list of processes
// shows. It answers nil for an empty text. The text is never repeated.
func keyRing(given string) (*auth.Keys, error) {
	if given == "" {
		return nil, nil
	}
	text := given
	if path, isFile := strings.CutPrefix(given, "file:"); isFile {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		text = string(content)
	}
	keys, err := auth.ParseKeys(strings.ReplaceAll(text, ",", " "))
	if err != nil {
		return nil, err
	}
	return &keys, nil
}

// openKeys returns the ring of a data folder's key file, and draws one where
// there is neither key file nor database yet. A database without its keys is
// refused: with new ones nothing sealed in it could ever be read again (ST-05).
func openKeys(folder string) (auth.Keys, error) {
	path := filepath.Join(folder, keyFile)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(folder, databaseFile)); !errors.Is(err, fs.ErrNotExist) {
			return auth.Keys{}, fmt.Errorf("%s is missing although %s is there: put the key file back, or give its ring by --keys", path, databaseFile)
		}
		if err := makeKeyFile(path); err != nil {
			return auth.Keys{}, fmt.Errorf("make the key file: %w", err)
		}
		content, err = os.ReadFile(path)
	}
	if err != nil {
		return auth.Keys{}, fmt.Errorf("read the key file: %w", err)
	}
	keys, err := auth.ParseKeys(string(content))
	if err != nil {
		return auth.Keys{}, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// makeKeyFile writes a new ring to path, whole or not at all, and safe on the
// disk when it returns. It never replaces a file: where another start was
// quicker, that one's ring stands.
func makeKeyFile(path string) error {
	folder := filepath.Dir(path)
	draft, err := os.CreateTemp(folder, ".keys-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	_, err = draft.WriteString(auth.NewKeys().String())
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(folder)
}
