package auth_test

import (
	"testing"
	"time"

	"twostep/auth"
)

// The counters of a day are counted until it has ended, and what is counted twice does
// not double.
func TestCountDays(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	f.addTOTP(client, session)
	f.signUp("bob@example.com")
	f.must(f.CountDays(f.ctx))
	_, err := f.SignIn(f.ctx, f.client(), "bob@example.com", flowPassword, "")
	f.must(err)
	f.now = f.now.Add(24 * time.Hour)
	for range 2 {
		f.must(f.CountDays(f.ctx))
	}
	days, err := f.Days(f.ctx, 2)
	f.must(err)
	if len(days) != 2 {
		t.Fatalf("days are %+v", days)
	}
	for counter, want := range map[auth.Counter][2]int{
		auth.CountSignUps: {2, 0}, auth.CountSignIns: {1, 0}, auth.CountFailures: {0, 0}, auth.CountAccounts: {2, 2}, auth.CountTOTP: {1, 1}, auth.CountNoMFA: {1, 1},
	} {
		if days[0].Counts[counter] != want[0] || days[1].Counts[counter] != want[1] {
			t.Errorf("%s: %d and %d, want %v", counter, days[0].Counts[counter], days[1].Counts[counter], want)
		}
	}
}
