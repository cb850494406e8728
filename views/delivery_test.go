package views

import (
	"strings"
	"testing"

	"twostep/auth"
)

// TestSecondFactor_Instead: who gets no code is told of what else they have,
// and of nothing they have not (SM-09).
func TestSecondFactor_Instead(t *testing.T) {
	other := []auth.Method{{Kind: auth.TOTPCode}}
	for _, row := range []struct {
		s                      secondFactor
		another, backup, later bool
	}{
		{secondFactor{Others: other, BackupCodes: true}, true, true, false},
		{secondFactor{Others: other}, true, false, false},
		{secondFactor{BackupCodes: true}, false, true, true},
		{secondFactor{}, false, false, true},
	} {
		said := strings.ToLower(row.s.instead())
		for words, want := range map[string]bool{"another way": row.another, "backup code": row.backup, "later": row.later} {
			if strings.Contains(said, words) != want {
				t.Errorf("others %d, backup codes %v: %q", len(row.s.Others), row.s.BackupCodes, said)
			}
		}
	}
}
