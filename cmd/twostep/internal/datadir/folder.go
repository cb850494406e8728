package datadir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"twostep/cmd/twostep/internal/cli"
	"twostep/db"
)

// Modes of access(2).
const (
	writeAccess  = 2
	searchAccess = 1
)

func absolute(path string) (string, error) {
	if path == "" {
		return "", errors.New("give the path of a folder")
	}
	return filepath.Abs(path)
}

// Create makes the data folder, private to its owner, if it does not exist.
// SQLite must be able to create files in it; with PostgreSQL it may be
// read-only.
func (d Dir) Create() error {
	if err := os.MkdirAll(d.Path, 0o700); err != nil {
		return &cli.FlagError{Flag: "--data", Err: fmt.Errorf("create the folder: %w", err)}
	}
	if d.Database != "" {
		return nil
	}
	if err := CheckWritable(d.Path); err != nil {
		return &cli.FlagError{Flag: "--data", Err: fmt.Errorf("this user cannot write to %s: %w", d.Path, err)}
	}
	return nil
}

// CheckWritable returns an error if this process may not create files in a folder.
func CheckWritable(folder string) error { return syscall.Access(folder, writeAccess|searchAccess) }

// writeFile writes a file atomically and durably: a private temporary file
// next to path, which publish then gives its name ([os.Rename], or [os.Link] to
// replace nothing). The file belongs to the owner of the folder, unless prepare
// changes that.
func writeFile(path, content string, publish func(temporary, path string) error, prepare ...func(*os.File) error) error {
	folder, name := filepath.Split(path)
	file, err := os.CreateTemp(filepath.Clean(folder), "."+name+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // does nothing after a rename
	db.ChownToFolder(file)
	_, err = file.WriteString(content)
	for _, prepare := range prepare {
		if err == nil {
			err = prepare(file)
		}
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := publish(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
