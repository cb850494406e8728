package main

import (
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// logHandler writes text for eyes and JSON for machines. Both put what a visitor
// has sent on one line, whatever is in it (LG-03).
func logHandler(out io.Writer, text bool) slog.Handler {
	if text {
		return slog.NewTextHandler(out, nil)
	}
	return slog.NewJSONHandler(out, nil)
}

func onTerminal(out io.Writer) bool {
	file, isFile := out.(*os.File)
	if !isFile {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// A siteLog is the log of a site that serves. Each line of it costs a call of
// the system, which takes a sixth of the time of a page. So the lines of
// requests in which nothing happened are written together, a moment later; all
// others, about accounts, refusals and faults, are written at once and behind
// them. A process that is killed loses no other line than those of that moment.
type siteLog struct {
	atOnce, later *slog.Logger

	out     io.Writer
	alone   sync.Mutex
	waiting []byte
	due     bool // somebody will write what waits
}

// How long a line waits at most, and how many bytes of them do.
const (
	logLater = 10 * time.Millisecond
	logMost  = 32 << 10
)

func newSiteLog(out io.Writer) *siteLog {
	l, text := &siteLog{out: out}, onTerminal(out)
	l.atOnce = slog.New(logHandler(writer(l.write), text))
	l.later = slog.New(logHandler(writer(l.writeLater), text))
	return l
}

type writer func(line []byte) error

func (w writer) Write(line []byte) (int, error) { return len(line), w(line) }

func (l *siteLog) write(line []byte) error {
	l.alone.Lock()
	defer l.alone.Unlock()
	l.waiting = append(l.waiting, line...)
	return l.drain()
}

func (l *siteLog) writeLater(line []byte) error {
	l.alone.Lock()
	defer l.alone.Unlock()
	l.waiting = append(l.waiting, line...)
	if len(l.waiting) >= logMost {
		return l.drain()
	}
	if !l.due {
		l.due = true
		time.AfterFunc(logLater, l.finish)
	}
	return nil
}

// finish writes what waits.
func (l *siteLog) finish() {
	l.alone.Lock()
	defer l.alone.Unlock()
	l.due = false
	_ = l.drain() // a log that cannot be written has no place to say so
}

func (l *siteLog) drain() error {
	if len(l.waiting) == 0 {
		return nil
	}
	_, err := l.out.Write(l.waiting)
	l.waiting = l.waiting[:0]
	return err
}
