package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// What stands in the data folder.
const (
	databaseFile = "twostep.db"
	keyFile      = "keys"
	lockFile     = "lock" // empty; who holds it serves
)

// folder reads the path of the data folder as one that keeps its meaning.
func folder(given string) (string, error) {
	if given == "" {
		return "", errors.New("give the path of a folder")
	}
	return filepath.Abs(given)
}

// makeFolder makes the data folder, for its owner alone, where it is missing.
func makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return &badFlag{"--data", fmt.Errorf("make the folder: %w", err)}
	}
	return nil
}

// syncFolder waits until the disk has the names in a folder.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
