package courier

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// File appends messages to a file, one line of JSON each, for whatever the
// operator lets read it: a test, or a program that sends them on.
type File struct {
	mu   sync.Mutex
	path string
}

// NewFile returns a courier that appends to the file at path, which it makes
// if need be (0600). The folder must exist: a mistyped path is an error at the
// start and not when the first person waits for a code.
func NewFile(path string) (*File, error) {
	f := &File{path: filepath.Clean(path)}
	file, err := f.open()
	if err != nil {
		return nil, err
	}
	return f, file.Close()
}

// Send appends one line and waits until the disk has it. Writers take turns, in
// this process and in others, so lines do not mix. Where one was killed in the
// middle of a line, or the disk was full, the next line begins anew. The file is
// opened anew each time, so that it can be moved away and read.
func (f *File) Send(_ context.Context, m Message) error {
	line, err := m.encode()
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	file, err := f.open()
	if err != nil {
		return err
	}
	// Closing the file ends the turn. What cannot be locked, like a pipe of some
	// systems, takes one write as a whole.
	_ = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
	if endsWithin(file) {
		line = append([]byte("\n"), line...)
	}
	_, err = file.Write(line)
	if err == nil {
		err = toDisk(file)
	}
	return errors.Join(err, file.Close())
}

func (f *File) open() (*os.File, error) {
	return os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

// endsWithin tells whether a file ends within a line. What cannot be looked at,
// like a pipe or a file that was moved away just now, does not.
func endsWithin(file *os.File) bool {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	reader, err := os.Open(file.Name())
	if err != nil {
		return false
	}
	defer reader.Close()
	last := make([]byte, 1)
	_, err = reader.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}

// toDisk waits for the disk where there is one: a pipe or a terminal answers
// that the call is invalid.
func toDisk(file *os.File) error {
	if err := file.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
