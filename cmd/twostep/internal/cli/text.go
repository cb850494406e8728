package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"twostep/auth"
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

// Duration is [auth.ShortDuration].
func Duration(d time.Duration) string { return auth.ShortDuration(d) }

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
