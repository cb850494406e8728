package views

import (
	"testing"
	"time"

	"twostep/auth"
)

func TestMFADeadline(t *testing.T) {
	past, future, later := now.AddDate(0, 0, -1), now.AddDate(0, 0, 1), now.AddDate(0, 0, 2)
	for _, c := range []struct {
		policy, exempt time.Time
		want           string
	}{
		{time.Time{}, time.Time{}, ""},
		{time.Time{}, future, ""},
		{past, time.Time{}, "Since 1 May 2026"},
		{future, time.Time{}, "From 3 May 2026"},
		{future, past, "From 3 May 2026"},
		{past, future, "Exempt until 3 May 2026"},
		{future, later, "Exempt until 4 May 2026"},
		{past.AddDate(0, 0, -1), past, "Since 1 May 2026"},
	} {
		if got := mfaDeadline(now, auth.MFADeadline{Policy: c.policy, Exempt: c.exempt}); got != c.want {
			t.Errorf("policy %v, exempt %v: %q, want %q", c.policy, c.exempt, got, c.want)
		}
	}
}
