package views

import (
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

// TestOverviewPage_Weekly: a bar is about the last day of its week on which there were
// accounts.
func TestOverviewPage_Weekly(t *testing.T) {
	p := OverviewPage{Page: Page{Now: now}}
	for _, day := range []struct{ ago, accounts, without int }{{21, 4, 4}, {15, 4, 3}, {14, 4, 2}, {6, 4, 1}, {5, 0, 0}} {
		p.Days = append(p.Days, auth.DayCounts{
			Day: now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -day.ago), Counts: map[auth.Counter]int{auth.CountAccounts: day.accounts, auth.CountNoMFA: day.without},
		})
	}
	want := []bar{{"11 April", 0, "0 %"}, {"18 April", 50, "50 %"}, {"25 April", 0, "not counted"}, {"2 May", 75, "75 %"}}
	got := p.weekly()
	if got = got[len(got)-len(want):]; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
