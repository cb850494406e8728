package engine

import (
	"testing"
)

func TestPlaceholders(t *testing.T) {
	for want, got := range map[string]string{
		"($1)":                   Placeholders(1, 1),
		"($1, $2), ($3, $4)":     Placeholders(2, 2),
		"($1, $2, $3, $4, $5)":   Placeholders(1, 5),
		"($1), ($2), ($3), ($4)": Placeholders(4, 1),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
