package db

import (
	"context"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// sweepBatch is the number of rows per transaction, so that other writers wait
// for milliseconds at most.
const sweepBatch = 200

// A sweep removes one kind of expired rows. $1 is the cutoff and $2 the limit.
type sweep struct {
	codes string // removes the sent codes that belong to the rows
	rows  string
}

// Subqueries for the rows of a sweep. They are sorted, so that both of its
// queries get the same rows.
const (
	expiredAttempts = `SELECT token_hash FROM attempts WHERE expires_at <= $1 ORDER BY expires_at, token_hash LIMIT $2`
	expiredPhones   = `SELECT id FROM phone_enrolments WHERE expires_at <= $1 ORDER BY expires_at, session_id LIMIT $2`
	expiredEmails   = `SELECT id FROM email_enrolments WHERE expires_at <= $1 ORDER BY expires_at, user_id LIMIT $2`
	idleSessions    = `SELECT id FROM sessions WHERE seen_at < $1 ORDER BY seen_at, id LIMIT $2`
	oldSessions     = `SELECT id FROM sessions WHERE started_at < $1 ORDER BY started_at, id LIMIT $2`
)

// Sweeps of rows that have an expiry. A retired signing key is erased an hour later: the
// clock of another server may be behind.
var sweepExpired = []sweep{
	{removeCodesOf(expiredAttempts), `DELETE FROM attempts WHERE token_hash IN (` + expiredAttempts + `)`},
	{removeCodesOf(expiredPhones), `DELETE FROM phone_enrolments WHERE id IN (` + expiredPhones + `)`},
	{removeCodesOf(expiredEmails), `DELETE FROM email_enrolments WHERE id IN (` + expiredEmails + `)`},
	{rows: `
		DELETE FROM handovers
		WHERE code_hash IN (SELECT code_hash FROM handovers WHERE expires_at <= $1 LIMIT $2)`},
	{rows: `
		DELETE FROM sent_codes
		WHERE holder IN (SELECT holder FROM sent_codes WHERE expires_at <= $1 LIMIT $2)`},
	sweepCounts,
	{rows: `
		DELETE FROM totp_enrolments
		WHERE session_id IN (SELECT session_id FROM totp_enrolments WHERE expires_at <= $1 LIMIT $2)`},
	{rows: `
		DELETE FROM passkey_spent
		WHERE challenge_hash IN (SELECT challenge_hash FROM passkey_spent WHERE expires_at <= $1 LIMIT $2)`},
	{rows: `
		DELETE FROM approvals
		WHERE id IN (SELECT id FROM approvals WHERE expires_at <= $1 LIMIT $2)`},
	{rows: `
		UPDATE backup_code_sets SET unseen = NULL
		WHERE user_id IN (
			SELECT user_id
			FROM backup_code_sets
			WHERE unseen IS NOT NULL AND unseen_until <= $1
			LIMIT $2
		)`},
	{rows: `
		DELETE FROM mfa_exemptions
		WHERE user_id IN (SELECT user_id FROM mfa_exemptions WHERE until_day <= $1 LIMIT $2)`},
	{rows: `
		DELETE FROM app_requests
		WHERE hash IN (SELECT hash FROM app_requests WHERE expires_at <= $1 LIMIT $2)`},
	{rows: `
		DELETE FROM app_refresh_tokens
		WHERE hash IN (SELECT hash FROM app_refresh_tokens WHERE expires_at <= $1 LIMIT $2)`},
}

// Sweeps of rows whose retention the rules give.
var (
	endIdle = endOf(idleSessions)
	endOld  = endOf(oldSessions)

	sweepSigningKeys = sweep{rows: `
		UPDATE signing_keys SET private = NULL
		WHERE id IN (SELECT id FROM signing_keys WHERE private IS NOT NULL AND retired_at <= $1 LIMIT $2)`}

	// Grants that have ended for good. A used one is kept until its session ends:
	// then its app is notified.
	sweepEndedGrants = sweep{rows: `
		DELETE FROM app_grants
		WHERE id IN (
			SELECT id
			FROM app_grants
			WHERE created_at <= $1
				AND (session_id IS NULL AND (ended_at IS NOT NULL OR offline = 0) OR used_at IS NULL)
			LIMIT $2
		)`}
	sweepOfflineGrants = sweep{rows: `
		DELETE FROM app_grants
		WHERE id IN (SELECT id FROM app_grants WHERE expires_at <= $1 AND session_id IS NULL LIMIT $2)`}

	sweepEvents = sweep{rows: `
		DELETE FROM audit_events
		WHERE (user_id, id) IN (SELECT user_id, id FROM audit_events WHERE occurred_at < $1 LIMIT $2)`}
	sweepInvitations = sweep{rows: `
		DELETE FROM invitations
		WHERE id IN (SELECT id FROM invitations WHERE expires_at <= $1 LIMIT $2)`}
	sweepReminders = sweep{rows: `
		DELETE FROM mfa_reminders
		WHERE (user_id, day, days_before) IN (SELECT user_id, day, days_before FROM mfa_reminders WHERE day < $1 LIMIT $2)`}
	sweepDevices = sweep{rows: `
		DELETE FROM known_devices
		WHERE (user_id, token_hash) IN (SELECT user_id, token_hash FROM known_devices WHERE seen_at < $1 LIMIT $2)`}
	sweepRecoveries = sweep{rows: `
		DELETE FROM recoveries
		WHERE user_id IN (SELECT user_id FROM recoveries WHERE ended_at IS NOT NULL AND ended_at < $1 LIMIT $2)`}
)

// sweepCounts and sweepTyped are for rate limits, the only table that strangers can fill
// without an email address: PostgreSQL scans it without the order. sweepTyped is for
// failure counts of email addresses, see [auth.FailuresMax].
var (
	sweepCounts = sweep{rows: `
		DELETE FROM rate_limits
		WHERE key IN (SELECT key FROM rate_limits WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`}
	sweepTyped = sweep{rows: `
		DELETE FROM rate_limits
		WHERE key IN (SELECT key FROM rate_limits WHERE typed = 1 AND expires_at <= $1 ORDER BY expires_at LIMIT $2)`}
)

// typedCutoff returns the expiry of the last failure count that is past the maximum,
// or zero, which removes nothing. So does a zero maximum.
func (s *Store) typedCutoff(ctx context.Context, now time.Time, max int) (cutoff time.Time, err error) {
	if max == 0 {
		return cutoff, nil
	}
	err = s.each(ctx, "find oldest failures", engine.Row{engine.Time(&cutoff)}, func() {}, `
		SELECT expires_at FROM rate_limits
		WHERE typed = 1 AND expires_at > $1
		ORDER BY expires_at DESC
		LIMIT 1 OFFSET $2`, engine.Millis(now), max)
	return cutoff, err
}

// RemoveExpired implements [auth.Store]. Sent codes that belong to removed rows
// are not counted.
func (s *Store) RemoveExpired(ctx context.Context, now time.Time, cutoffs auth.Cutoffs) (removed int, err error) {
	for _, sweep := range sweepExpired {
		if err := s.sweep(ctx, sweep, now, &removed); err != nil {
			return removed, err
		}
	}
	typed, err := s.typedCutoff(ctx, now, cutoffs.FailuresMax)
	if err != nil {
		return removed, err
	}
	if err := s.sweepSessions(ctx, endIdle, now, cutoffs.SessionsSeen, &removed); err != nil {
		return removed, err
	}
	if err := s.sweepSessions(ctx, endOld, now, cutoffs.SessionsStarted, &removed); err != nil {
		return removed, err
	}
	for _, kind := range []struct {
		sweep  sweep
		cutoff time.Time
	}{
		{sweepSigningKeys, now.Add(-auth.SigningKeyErased)},
		{sweepEndedGrants, now.Add(-auth.AppGrantUnused)}, // after the sessions
		{sweepOfflineGrants, now},
		{sweepReminders, now.Add(-auth.ClockSkew)}, // another server may still send the last one
		{sweepEvents, cutoffs.Activity},
		{sweepDevices, cutoffs.KnownDevices},
		{sweepInvitations, now.Add(-auth.InvitationRetention)},
		{sweepRecoveries, now.Add(-auth.RecoveryPause)},
		{sweepTyped, typed},
	} {
		if err := s.sweep(ctx, kind.sweep, kind.cutoff, &removed); err != nil {
			return removed, err
		}
	}
	unsent, done, err := s.removeMessages(ctx, now)
	return removed + unsent + done, err
}

// sweep removes rows. A zero cutoff removes nothing.
func (s *Store) sweep(ctx context.Context, sweep sweep, cutoff time.Time, removed *int) error {
	return s.inBatches(ctx, removed, func(tx *tx) (int64, error) {
		if sweep.codes != "" {
			if _, err := tx.Exec(ctx, sweep.codes, engine.Millis(cutoff), sweepBatch); err != nil {
				return 0, err
			}
		}
		return tx.Exec(ctx, sweep.rows, engine.Millis(cutoff), sweepBatch)
	})
}

func (s *Store) sweepSessions(ctx context.Context, e sessionEnd, now, cutoff time.Time, removed *int) error {
	return s.inBatches(ctx, removed, func(tx *tx) (int64, error) { return tx.end(ctx, e, now, engine.Millis(cutoff), sweepBatch) })
}

// inBatches calls remove until a batch is not full.
func (s *Store) inBatches(ctx context.Context, removed *int, remove func(*tx) (int64, error)) error {
	for n := int64(sweepBatch); n == sweepBatch; {
		_, err := s.write(ctx, "remove expired rows", "", func(tx *tx) (done bool, err error) {
			n, err = remove(tx)
			return true, err
		})
		if err != nil {
			return err
		}
		*removed += int(n)
	}
	return nil
}
