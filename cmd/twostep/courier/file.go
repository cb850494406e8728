package courier

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// File appends messages to a file, one line of JSON each, for a test or another
// program to read.
type File struct {
	mu   sync.Mutex
	path string
}

// NewFile returns a courier that appends to the file at path, creating it with
// mode 0600 if necessary. The folder must exist, so a mistyped path fails at
// startup and not when the first user waits for a code.
func NewFile(path string) (*File, error) {
	f := &File{path: filepath.Clean(path)}
	file, err := f.open()
	if err != nil {
		return nil, err
	}
	return f, file.Close()
}

// Send appends one line and syncs the file. A lock keeps the lines of concurrent
// writers apart, in other processes too. After an incomplete line, left by a
// killed process or a full disk, the message starts on a new line. The file is
// opened for each message, so that it can be moved away and read.
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
	// Closing the file releases the lock. A file that cannot be locked, such as a
	// pipe on some systems, relies on the single write.
	_ = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
	if endsMidLine(file) {
		line = append([]byte("\n"), line...)
	}
	_, err = file.Write(line)
	if err == nil {
		err = syncFile(file)
	}
	return errors.Join(err, file.Close())
}

func (f *File) open() (*os.File, error) {
	return os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

// endsMidLine reports whether the last line of a file lacks its newline. It
// returns false if the file cannot be read, such as a pipe or a file that was
// just moved.
func endsMidLine(file *os.File) bool {
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

// syncFile flushes a file to disk. Pipes and terminals return EINVAL.
func syncFile(file *os.File) error {
	if err := file.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
