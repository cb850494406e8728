package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"twostep/cmd/twostep/courier"
)

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// letters are the messages that a file courier has written so far. The file is
// read as any program would read it that sends them on: line by line.
type letters struct {
	path string

	mu   sync.Mutex
	read int64 // bytes, up to the end of a line
	all  []courier.Message
	torn int // lines that a killed server has begun and another one has ended
}

// look reads what has come since.
func (l *letters) look() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	file, err := os.Open(l.path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(l.read, io.SeekStart); err != nil {
		return err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	for {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			return nil
		}
		l.read, text = l.read+int64(len(line))+1, rest
		var m courier.Message
		if err := json.Unmarshal(line, &m); err != nil {
			l.torn++
			continue
		}
		l.all = append(l.all, m)
	}
}

// to lists what somebody got.
func (l *letters) to(who string) (got []courier.Message, err error) {
	if err := l.look(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.all {
		if m.To == who {
			got = append(got, m)
		}
	}
	return got, nil
}

// code waits for a code that somebody has not tried yet. One that a killed
// server had in hand comes when its claim is over, which can take several times
// half a minute where the next ones are killed at it too.
func (g *guest) code(from *letters, to string) string {
	g.s.leave() // others have the time
	defer g.s.enter()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		got, err := from.to(to)
		if err != nil {
			g.wrong("%v", err)
		}
		for _, m := range got {
			if code := sixDigits.FindString(m.Body); code != "" && !slices.Contains(g.tried, code) {
				return code
			}
		}
	}
	g.wrong("no code has come to %s", to)
	return ""
}
