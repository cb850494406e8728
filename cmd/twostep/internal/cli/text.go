package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
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

// Table returns a writer that aligns columns, which are separated by tabs.
func Table(out io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(out, 0, 0, 2, ' ', 0) }

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
