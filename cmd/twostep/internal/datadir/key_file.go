package datadir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// KeyFile returns the path of the file that holds the keyring, or an empty
// string if --keys gives the keyring as text.
func (d Dir) KeyFile() string {
	if d.Keys == nil {
		return filepath.Join(d.Path, keysName)
	}
	return d.keysPath
}

// ReplaceKeyFile replaces the keyring from in a key file with the keyring to.
// It is atomic, and durable when it returns: a value encrypted with a key that
// a power failure took away would be lost. The file keeps its owner and mode,
// so that the server can still read it. A file with any other keyring than from
// is left alone.
func ReplaceKeyFile(path, from, to string) (err error) {
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
	if now, err := ParseKeyring(string(content)); err != nil || now.String() != from {
		return errors.Join(errors.New("another process has changed it"), err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return writeFile(path, to, os.Rename, func(file *os.File) error {
		var err error
		if owner, ok := info.Sys().(*syscall.Stat_t); ok {
			err = file.Chown(int(owner.Uid), int(owner.Gid))
		}
		return errors.Join(err, file.Chmod(info.Mode().Perm()))
	})
}

// KeyNames lists the IDs of keys: "key 1" or "keys 2, 1".
func KeyNames(ids []byte) string {
	var numbers []string
	for _, id := range ids {
		numbers = append(numbers, strconv.Itoa(int(id)))
	}
	noun := "key "
	if len(numbers) > 1 {
		noun = "keys "
	}
	return noun + strings.Join(numbers, ", ")
}
