package db

import "testing"

func TestValues(t *testing.T) {
	for want, got := range map[string]string{
		"($1)":                   values(1, 1),
		"($1, $2), ($3, $4)":     values(2, 2),
		"($1, $2, $3, $4, $5)":   values(1, 5),
		"($1), ($2), ($3), ($4)": values(4, 1),
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
