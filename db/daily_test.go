package db

import (
	"maps"
	"testing"
	"time"

	"twostep/auth"
)

// Accounts are counted once each, by their strongest factor.
func TestCountAccounts(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		want := map[auth.Counter]int{}
		for _, a := range db.addPeople(t) {
			want[auth.CountAccounts]++
			switch {
			case a.Passkeys > 0:
				want[auth.CountPasskey]++
			case a.TOTP:
				want[auth.CountTOTP]++
			case a.Phones > 0:
				want[auth.CountSMSOnly]++
			default:
				want[auth.CountNoMFA]++
			}
			if a.Disabled {
				want[auth.CountDisabled]++
			}
			if a.Locked {
				want[auth.CountLockedNow]++
			}
			if !a.SeenAt.Before(noon.Add(10 * time.Minute)) {
				want[auth.CountSeenDay]++
			}
			want[auth.CountSeenMonth]++
		}
		got, err := db.CountAccounts(t.Context(), noon.Add(24*time.Hour+10*time.Minute))
		must(t, err)
		if !maps.Equal(got, want) || want[auth.CountPasskey]*want[auth.CountTOTP]*want[auth.CountSMSOnly]*want[auth.CountNoMFA] == 0 {
			t.Errorf("counted %v, want %v", got, want)
		}
	})
}

// Counting a day again replaces what was counted.
func TestReplaceDay(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		day := noon.Truncate(24 * time.Hour)
		for i, e := range []auth.Event{
			{At: day.Add(-time.Millisecond), Type: auth.SignedIn},
			{At: day, Type: auth.SignedIn},
			{At: day.Add(24*time.Hour - time.Millisecond), Type: auth.SignedIn},
			{At: day.Add(24 * time.Hour), Type: auth.SignedIn},
			{At: noon, Type: auth.SignInLocked},
		} {
			e.ID = eventsFrom(e.At) + "-" + string(rune('a'+i))
			db.apply(t, "ann", auth.RecordEvent{Event: e})
		}
		counted, err := db.CountEvents(t.Context(), day, day.Add(24*time.Hour), []auth.EventType{auth.SignedIn, auth.SignedUp, auth.SignInLocked})
		must(t, err)
		if want := (map[auth.EventType]int{auth.SignedIn: 2, auth.SignedUp: 0, auth.SignInLocked: 1}); !maps.Equal(counted, want) {
			t.Errorf("events are %v, want %v", counted, want)
		}
		for _, n := range []int{3, 5} {
			for _, d := range []time.Time{day.Add(-24 * time.Hour), day, day.Add(24 * time.Hour)} {
				must(t, db.ReplaceDay(t.Context(), auth.DayCounts{Day: d, Counts: map[auth.Counter]int{auth.CountSignIns: n, auth.CountSignUps: 1}}))
			}
			days, err := db.FindDays(t.Context(), day)
			must(t, err)
			want := map[auth.Counter]int{auth.CountSignIns: n, auth.CountSignUps: 1}
			if len(days) != 2 || !days[0].Day.Equal(day) || !maps.Equal(days[0].Counts, want) || !maps.Equal(days[1].Counts, want) {
				t.Errorf("days are %+v", days)
			}
		}
	})
}
