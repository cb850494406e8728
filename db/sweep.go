package db

import (
	"context"
	"time"

	"twostep/auth"
)

// sweepBatch is how many rows go in one transaction, so that people who want
// to write wait for milliseconds and no longer.
const sweepBatch = 200

// A sweep removes one kind of what is over. $1 is the time before which it is,
// $2 how many go at once.
type sweep struct {
	first string // removes the codes of the rows that go, which no key ties to them
	rows  string
}

// The rows that a sweep takes, in an order that its two writes share.
const (
	overAttempts  = `SELECT handle FROM attempts WHERE expires_at <= $1 ORDER BY expires_at, handle LIMIT $2`
	overPhones    = `SELECT id FROM phone_enrolments WHERE expires_at <= $1 ORDER BY expires_at, session_id LIMIT $2`
	overAddresses = `SELECT id FROM address_enrolments WHERE expires_at <= $1 ORDER BY expires_at, user_id LIMIT $2`
	idleSessions  = `SELECT id FROM sessions WHERE seen_at < $1 ORDER BY seen_at, id LIMIT $2`
	oldSessions   = `SELECT id FROM sessions WHERE started_at < $1 ORDER BY started_at, id LIMIT $2`
)

// The sweeps of what says itself when it is over. The rest has its own below.
var sweepExpired = []sweep{
	{codesHeldBy(overAttempts), `DELETE FROM attempts WHERE handle IN (` + overAttempts + `)`},
	{codesHeldBy(overPhones), `DELETE FROM phone_enrolments WHERE id IN (` + overPhones + `)`},
	{codesHeldBy(overAddresses), `DELETE FROM address_enrolments WHERE id IN (` + overAddresses + `)`},
	{rows: `
		DELETE FROM sent_codes
		WHERE holder IN (SELECT holder FROM sent_codes WHERE expires_at <= $1 LIMIT $2)`},
	{rows: `
		DELETE FROM totp_enrolments
		WHERE session_id IN (SELECT session_id FROM totp_enrolments WHERE expires_at <= $1 LIMIT $2)`},
	{rows: `
		UPDATE backup_code_sets SET unseen = NULL
		WHERE user_id IN (
			SELECT user_id
			FROM backup_code_sets
			WHERE unseen IS NOT NULL AND unseen_until <= $1
			LIMIT $2
		)`},
}

var (
	sweepIdleSessions = sweep{codesUnderWayIn(idleSessions), `DELETE FROM sessions WHERE id IN (` + idleSessions + `)`}
	sweepOldSessions  = sweep{codesUnderWayIn(oldSessions), `DELETE FROM sessions WHERE id IN (` + oldSessions + `)`}

	sweepActivity = sweep{rows: `
		DELETE FROM activity
		WHERE (user_id, id) IN (SELECT user_id, id FROM activity WHERE at < $1 LIMIT $2)`}
	sweepBrowsers = sweep{rows: `
		DELETE FROM known_browsers
		WHERE (user_id, marker) IN (SELECT user_id, marker FROM known_browsers WHERE seen_at < $1 LIMIT $2)`}

	sweepTries = sweep{rows: `
		DELETE FROM tries
		WHERE key IN (
			SELECT key
			FROM tries
			WHERE since < $1 AND NOT (key >= 'failures/' AND key < 'failures0')
			LIMIT $2
		)`}
	sweepFailures = sweep{rows: `
		DELETE FROM tries
		WHERE key IN (
			SELECT key
			FROM tries
			WHERE since < $1 AND key >= 'failures/' AND key < 'failures0'
			LIMIT $2
		)`}
)

func codesHeldBy(holders string) string {
	return `DELETE FROM sent_codes WHERE holder IN (` + holders + `)`
}

// codesUnderWayIn is one list of holders: two lists with OR between them would
// make PostgreSQL read every code there is.
func codesUnderWayIn(sessions string) string {
	return codesHeldBy(`
			SELECT handle FROM attempts WHERE session_id IN (` + sessions + `)
			UNION ALL
			SELECT id FROM phone_enrolments WHERE session_id IN (` + sessions + `)`)
}

// RemoveExpired removes what no rule can use any more, a few rows at a time,
// and answers how many that were; codes that go with their holder are not
// counted. Where a time of ends is zero, nothing of its kind is over.
func (s *Store) RemoveExpired(ctx context.Context, now time.Time, ends auth.Cutoffs) (removed int, err error) {
	for _, sweep := range sweepExpired {
		if err := s.sweep(ctx, sweep, now, &removed); err != nil {
			return removed, err
		}
	}
	for _, end := range []struct {
		sweep  sweep
		before time.Time
	}{
		{sweepIdleSessions, ends.SessionsSeen},
		{sweepOldSessions, ends.SessionsStarted},
		{sweepActivity, ends.Activity},
		{sweepBrowsers, ends.KnownDevices},
		{sweepTries, ends.RateLimits},
		{sweepFailures, ends.Failures},
	} {
		if err := s.sweep(ctx, end.sweep, end.before, &removed); err != nil {
			return removed, err
		}
	}
	unsent, over, err := s.removeMessages(ctx, now)
	return removed + unsent + over, err
}

// sweep goes on until a batch is not full.
func (s *Store) sweep(ctx context.Context, sweep sweep, before time.Time, removed *int) error {
	for gone := int64(sweepBatch); gone == sweepBatch; {
		_, err := s.write(ctx, "remove what is over", "", func(tx *tx) (bool, error) {
			if sweep.first != "" {
				if _, err := tx.Exec(ctx, sweep.first, Millis(before), sweepBatch); err != nil {
					return false, err
				}
			}
			var err error
			gone, err = tx.Exec(ctx, sweep.rows, Millis(before), sweepBatch)
			return true, err
		})
		if err != nil {
			return err
		}
		*removed += int(gone)
	}
	return nil
}
