package views

import (
	"fmt"

	"twostep/auth"
)

// badLinesMax is how many lines that cannot be invited are shown at once.
const badLinesMax = 20

// badLines says what is wrong with lines.
func badLines(bad []auth.BadLine) (all []string) {
	for i, line := range bad {
		if i == badLinesMax {
			return append(all, fmt.Sprintf("And %d more", len(bad)-i))
		}
		what := "not an email address"
		if line.Reason == auth.EmailTaken {
			what = "there is already an account with this email address"
		}
		all = append(all, fmt.Sprintf("Line %d, %s: %s", line.Number, oneLine(line.Text), what))
	}
	return all
}
