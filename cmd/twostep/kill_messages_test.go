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

	"twostep/auth"
	"twostep/cmd/twostep/courier"
)

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// A messageFile reads the messages that a file courier has written, line by line.
type messageFile struct {
	path string

	mu     sync.Mutex
	offset int64 // of the first line that was not read
	all    []courier.Message
	torn   int // lines begun by a killed server and ended by another one
}

// update reads new messages.
func (l *messageFile) update() error {
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
	if _, err := file.Seek(l.offset, io.SeekStart); err != nil {
		return err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	for {
		line, rest, complete := bytes.Cut(text, []byte("\n"))
		if !complete {
			return nil
		}
		l.offset, text = l.offset+int64(len(line))+1, rest
		var m courier.Message
		if err := json.Unmarshal(line, &m); err != nil {
			l.torn++
			continue
		}
		l.all = append(l.all, m)
	}
}

// sentTo returns the messages to a recipient.
func (l *messageFile) sentTo(recipient string) (got []courier.Message, err error) {
	if err := l.update(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.all {
		if m.To == recipient {
			got = append(got, m)
		}
	}
	return got, nil
}

// code waits for a code that was not tried yet.
func (u *user) code(messages *messageFile, to string) string {
	return u.sentText(messages, to, sixDigits)
}

// sentText waits for a message with a text that was not tried yet.
func (u *user) sentText(messages *messageFile, to string, text *regexp.Regexp) string {
	u.k.release() // other users can act meanwhile
	defer u.k.acquire()
	for end := time.Now().Add(3 * auth.MessageClaimTime); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		got, err := messages.sentTo(to)
		if err != nil {
			u.fatalf("%v", err)
		}
		for _, m := range got {
			if found := text.FindString(m.Body); found != "" && !slices.Contains(u.tried, found) {
				return found
			}
		}
	}
	u.fatalf("no message with %s was sent to %s", text, to)
	return ""
}
