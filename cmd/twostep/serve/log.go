package serve

import (
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// logHandler returns a handler that writes text for people or JSON for programs.
// Both keep what a client sent on one line (LG-03).
func logHandler(out io.Writer, text bool) slog.Handler {
	if text {
		return slog.NewTextHandler(out, nil)
	}
	return slog.NewJSONHandler(out, nil)
}

func isTerminal(out io.Writer) bool {
	file, isFile := out.(*os.File)
	if !isFile {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// A siteLog is a log with two loggers on one writer. A write is a system call,
// which costs a sixth of the time of a page, so lines of ordinary requests are
// buffered for a moment. All other lines, about accounts, refusals and faults,
// are written immediately, after the lines in the buffer. A process that is
// killed loses only the buffer.
type siteLog struct {
	immediate, buffered *slog.Logger

	out       io.Writer
	mu        sync.Mutex
	buffer    []byte
	scheduled bool // whether a timer will flush the buffer
}

const (
	bufferDelay = 10 * time.Millisecond
	bufferMax   = 32 << 10 // bytes
)

func newSiteLog(out io.Writer) *siteLog {
	l, text := &siteLog{out: out}, isTerminal(out)
	l.immediate = slog.New(logHandler(writer(l.write), text))
	l.buffered = slog.New(logHandler(writer(l.writeBuffered), text))
	return l
}

type writer func(line []byte) error

func (w writer) Write(line []byte) (int, error) { return len(line), w(line) }

func (l *siteLog) write(line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buffer = append(l.buffer, line...)
	return l.drain()
}

func (l *siteLog) writeBuffered(line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buffer = append(l.buffer, line...)
	if len(l.buffer) >= bufferMax {
		return l.drain()
	}
	if !l.scheduled {
		l.scheduled = true
		time.AfterFunc(bufferDelay, l.flush)
	}
	return nil
}

// flush writes the buffer.
func (l *siteLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.scheduled = false
	_ = l.drain() // a log that cannot be written cannot report it
}

func (l *siteLog) drain() error {
	if len(l.buffer) == 0 {
		return nil
	}
	_, err := l.out.Write(l.buffer)
	l.buffer = l.buffer[:0]
	return err
}
