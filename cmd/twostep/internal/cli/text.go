package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// OneLine returns an error's message without line breaks and other control
// characters, whatever it quotes.
func OneLine(err error) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, err.Error())
}

// Plural returns a number with its noun: "1 row", "2 rows".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Duration returns a duration without trailing zeros: "1h", not "1h0m0s".
func Duration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Progress returns a function that prints how far a long task is, after each
// tenth of it.
func Progress(out io.Writer, label string) func(done, total int) {
	printed := 0
	return func(done, total int) {
		if tenths := min(10*done/max(total, 1), 10); tenths > printed {
			printed = tenths
			fmt.Fprintf(out, "%s: %d0 %% of %d\n", label, printed, total)
		}
	}
}
