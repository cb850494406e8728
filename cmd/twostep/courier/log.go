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

// Log prints messages where the operator looks, codes included. It lets a
// newcomer sign up within a minute, and it is not for a site with real people.
type Log struct {
	mu  sync.Mutex
	out io.Writer
}

// NewLog returns a courier that prints to out, usually standard error.
func NewLog(out io.Writer) *Log { return &Log{out: out} }

// Send prints the message as a block of its own. Every line of it but the
// first begins with a bar, so that no text in it passes for a line of the log.
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
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := io.WriteString(l.out, block.String())
	return err
}

// printable escapes what would move the cursor or start a new line: a mail
// quotes the name of the visitor's browser, which can be anything.
func printable(text string) string {
	var safe strings.Builder
	for _, sign := range text {
		if unicode.IsGraphic(sign) {
			safe.WriteRune(sign)
			continue
		}
		quoted := strconv.QuoteRune(sign)
		safe.WriteString(quoted[1 : len(quoted)-1])
	}
	return safe.String()
}
