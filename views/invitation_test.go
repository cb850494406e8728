package views

import (
	"testing"

	"twostep/auth"
)

func TestBadLines_Max(t *testing.T) {
	for n, want := range map[int]string{20: "Line 20, ben: not an email address", 21: "And 1 more", 30: "And 10 more"} {
		var bad []auth.BadLine
		for i := range n {
			bad = append(bad, auth.BadLine{Number: i + 1, Text: "ben", Reason: auth.EmailInvalid})
		}
		got := badLines(bad)
		if last := got[len(got)-1]; len(got) > 21 || last != want {
			t.Errorf("of %d lines %d are shown, and the last is %q, want %q", n, len(got), last, want)
		}
	}
}
