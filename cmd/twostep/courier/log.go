package courier

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// Log prints messages, including their codes, to the terminal. It is for trying
// the program out and not for a site with real users.
type Log struct {
	mu  sync.Mutex
	out io.Writer
}

// NewLog returns a courier that prints to out, usually standard error.
func NewLog(out io.Writer) *Log { return &Log{out: out} }

// Send prints the message as a block. Every line but the first begins with a
// bar, so no text in the message can be mistaken for a log line. A code is
// repeated on the last line, where it is easy to find.
func (l *Log) Send(_ context.Context, m Message) error {
	var block strings.Builder
	fmt.Fprintf(&block, "── %s to %s ──\n", printable(m.Channel), printable(m.To))
	if m.Subject != "" {
		fmt.Fprintf(&block, "│ %s\n│\n", printable(m.Subject))
	}
	for line := range strings.SplitSeq(strings.TrimRight(m.Body, "\r\n"), "\n") {
		text := printable(strings.TrimSuffix(line, "\r"))
		fmt.Fprintln(&block, strings.TrimRight("│ "+text, " "))
	}
	if m.Code != "" {
		fmt.Fprintf(&block, "│\n│ Code: %s\n", printable(m.Code))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := io.WriteString(l.out, block.String())
	return err
}

// printable escapes control characters, which could move the cursor or start a
// new line: messages quote the user agent, which can be any text.
func printable(text string) string {
	var safe strings.Builder
	for _, r := range text {
		if unicode.IsGraphic(r) {
			safe.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		safe.WriteString(quoted[1 : len(quoted)-1])
	}
	return safe.String()
}
