package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"twostep/db"
)

// What stands in the data folder.
const (
	databaseFile = "twostep.db"
	keyFile      = "keys"
	lockFile     = "lock" // empty; who holds it serves
)

// What access(2) is asked for.
const (
	mayWrite = 2
	mayEnter = 1
)

// folder reads the path of the data folder as one that keeps its meaning.
func folder(given string) (string, error) {
	if given == "" {
		return "", errors.New("give the path of a folder")
	}
	return filepath.Abs(given)
}

// makeFolder makes the data folder, for its owner alone, where it is missing.
// SQLite must be able to put its files there; the keys of a PostgreSQL database
// may lie in a folder that is only to be read.
func (p places) makeFolder() error {
	if err := os.MkdirAll(p.data, 0o700); err != nil {
		return &badFlag{"--data", fmt.Errorf("make the folder: %w", err)}
	}
	if p.database != "" {
		return nil
	}
	if err := syscall.Access(p.data, mayWrite|mayEnter); err != nil {
		return &badFlag{"--data", fmt.Errorf("%s cannot be written to by the user who runs this: %w", p.data, err)}
	}
	return nil
}

// writeWhole writes a file of which nobody sees anything before it is whole and
// safe on the disk: as a draft beside path, for its owner alone, which publish
// gives its name ([os.Rename], or [os.Link] where nothing may be replaced). It
// belongs to the owner of the folder, unless dress sees to something else.
func writeWhole(path, content string, publish func(draft, path string) error, dress ...func(draft *os.File) error) error {
	folder, name := filepath.Split(path)
	draft, err := os.CreateTemp(filepath.Clean(folder), "."+name+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) // does nothing once it has the other name
	db.ChownToFolder(draft)
	_, err = draft.WriteString(content)
	for _, dress := range dress {
		if err == nil {
			err = dress(draft)
		}
	}
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := publish(draft.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder waits until the disk has the names in a folder.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
