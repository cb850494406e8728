package db

import (
	"errors"
	"syscall"
)

// ErrLocked is the answer of [Lock] while another process holds the file.
var ErrLocked = errors.New("another process holds the lock")

// Lock takes the file at path for this process, and makes it where there is
// none. It never waits. The system takes the lock back when the process ends,
// however it ends, so that nobody has to clean up after a kill; the file itself
// stays, for who removed it could remove the one that another has just taken.
//
// SQLite guards each write by itself. This is for what is longer than a write:
// two servers on one file, or a restore under a server that runs.
func Lock(path string) (unlock func() error, err error) {
	file, err := openOwn(path)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil
}
