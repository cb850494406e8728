package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"twostep/db"
)

// lockKeys takes the key ring for this process: of two rotations at the same
// time each would undo what the other writes. Servers do not need it.
func (p places) lockKeys() (unlock func() error, err error) {
	if err := p.makeFolder(); err != nil {
		return nil, err
	}
	unlock, err = db.Lock(filepath.Join(p.data, keyFile+".lock"))
	switch {
	case errors.Is(err, db.ErrLocked):
		return nil, errors.New("another rotation of the keys is at work already")
	case err != nil:
		return nil, &badFlag{"--data", fmt.Errorf("the folder cannot be taken: %w", err)}
	}
	return unlock, nil
}

// served reports whether a server may be at work on the data. One that starts
// later reads the key file as it is then.
func (p places) served() (bool, error) {
	if p.database != "" {
		return true, nil // on any machine
	}
	unlock, err := db.Lock(filepath.Join(p.data, lockFile))
	if errors.Is(err, db.ErrLocked) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, unlock()
}

// keyFile is the path of the file that holds the ring, or empty.
func (p place) keyFile(where places) string {
	if p.Keys == "" {
		return filepath.Join(where.data, keyFile)
	}
	path, inFile := strings.CutPrefix(p.Keys, "file:")
	if !inFile {
		return ""
	}
	return path
}

// replaceKeyFile writes another ring into the key file, whole or not at all, and
// safe on the disk when it returns: what is sealed by a key that a power cut took
// away would be lost. The file keeps its owner and mode, or the server that it
// belongs to could not read it. A ring that is not the one expected stays.
func replaceKeyFile(path, from, to string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("the key file was not changed: %w", err)
		}
	}()
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if now, err := parseRing(string(content)); err != nil || now.String() != from {
		return errors.Join(errors.New("somebody else has changed it meanwhile"), err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return writeWhole(path, to, os.Rename, func(draft *os.File) error {
		var err error
		if owner, known := info.Sys().(*syscall.Stat_t); known {
			err = draft.Chown(int(owner.Uid), int(owner.Gid))
		}
		return errors.Join(err, draft.Chmod(info.Mode().Perm()))
	})
}
