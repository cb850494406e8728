package auth

import (
	"context"
	"maps"
	"slices"
	"time"
)

// A Counter is a number that the overview of the site shows for each day.
type Counter string

// The counters. Those of a day's events are final when the day, in UTC, has ended; those
// of accounts are what they were when they were last counted.
const (
	CountSignIns  Counter = "sign_ins"
	CountFailures Counter = "failures" // at the second step, or locked
	CountSignUps  Counter = "sign_ups" // also by an operator

	CountAccounts  Counter = "accounts"
	CountSeenDay   Counter = "seen_day"   // in the last 24 hours
	CountSeenMonth Counter = "seen_month" // in the last 30 days
	CountPasskey   Counter = "passkey"    // accounts with a passkey
	CountTOTP      Counter = "totp"       // with an app and no passkey
	CountSMSOnly   Counter = "sms"        // with SMS and nothing else
	CountNoMFA     Counter = "no_mfa"
	CountLockedNow Counter = "locked"
	CountDisabled  Counter = "disabled"
)

// countedEvents are the events of the counters of a day.
var countedEvents = map[EventType]Counter{
	SignedIn: CountSignIns, SignedInNewDevice: CountSignIns, SignedInRemembered: CountSignIns,
	SecondFactorFailed: CountFailures, SignInLocked: CountFailures, ResetLocked: CountFailures,
	SignedUp: CountSignUps, OperatorAdded: CountSignUps,
}

// A DayCounts has the counters of one day.
type DayCounts struct {
	Day    time.Time // its beginning, in UTC
	Counts map[Counter]int
}

// CountDays counts today and yesterday again. Several servers may do so at once: each
// writes what it has counted, so nothing is added twice.
func (r *Rules) CountDays(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, CountTimeout)
	defer cancel()
	now := r.now()
	today := dayOf(now)
	for _, day := range []time.Time{today.Add(-oneDay), today} {
		events, err := r.store.CountEvents(ctx, day, day.Add(oneDay), slices.Sorted(maps.Keys(countedEvents)))
		if err != nil {
			return err
		}
		counts := map[Counter]int{}
		for event, n := range events {
			counts[countedEvents[event]] += n
		}
		if day == today {
			accounts, err := r.store.CountAccounts(ctx, now)
			if err != nil {
				return err
			}
			for counter, n := range accounts {
				counts[counter] = n
			}
		}
		if err := r.store.ReplaceDay(ctx, DayCounts{day, counts}); err != nil {
			return err
		}
	}
	return nil
}

// Outbox counts the messages that wait to be sent, and those of them that have failed.
func (r *Rules) Outbox(ctx context.Context) (waiting, failing int, err error) {
	waiting, failing, _, err = r.store.CountMessages(ctx)
	return waiting, failing, err
}

// Days returns the counters of the last days, from the first. Days that were not counted
// are missing.
func (r *Rules) Days(ctx context.Context, days int) ([]DayCounts, error) {
	today := dayOf(r.now())
	return r.store.FindDays(ctx, today.Add(-24*time.Hour*time.Duration(days-1)))
}
