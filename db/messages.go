package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// doneRetention is how long the row of a sent or rejected message is kept.
const doneRetention = 24 * time.Hour

type messageRow struct {
	id       string
	failures int
	body     []byte
}

// ClaimMessage implements [auth.Store]. If the body does not decrypt, the error names
// the message, which stays hidden until then, so that the next call returns another.
func (s *Store) ClaimMessage(ctx context.Context, channel auth.Channel, now, until, furthest time.Time) (m auth.Message, err error) {
	var row messageRow
	found, err := s.write(ctx, "claim message", "", func(tx *tx) (bool, error) {
		row, err = tx.claim(ctx, channel, now, until, furthest)
		return row.id != "", err
	})
	if err == nil && !found {
		err = auth.ErrNotFound
	}
	if err != nil {
		return m, err
	}
	if m, err = s.openMessage(row); err != nil {
		err = fmt.Errorf("claim message %s: %w", row.id, err)
	}
	return m, err
}

// claim takes the message that expires first, so that codes, which expire within
// minutes, are sent before any number of notices, which keep for a day. It postpones the
// message it returns, after making those due that a wrong clock has postponed too far.
// Concurrent workers skip a row that another is claiming, otherwise they would wait for
// each other. The row is zero if no message is due.
func (t *tx) claim(ctx context.Context, channel auth.Channel, now, until, furthest time.Time) (row messageRow, err error) {
	if err := t.Queue(ctx, `
		UPDATE messages SET due_at = $1
		WHERE channel = $2 AND due_at > $3 AND body IS NOT NULL`, engine.Millis(now), channel, engine.Millis(furthest)); err != nil {
		return row, err
	}
	skipLocked := ""
	if t.concurrent {
		skipLocked = `
			FOR UPDATE SKIP LOCKED`
	}
	err = t.Each(ctx, engine.Row{&row.id, &row.failures, &row.body}, func() {}, `
		WITH due AS MATERIALIZED (
			SELECT id
			FROM messages
			WHERE channel = $3 AND due_at <= $2 AND body IS NOT NULL AND expires_at > $2
			ORDER BY expires_at
			LIMIT 1`+skipLocked+`
		)
		UPDATE messages SET due_at = $1
		WHERE id IN (SELECT id FROM due)
		RETURNING id, failures, body`, engine.Millis(until), engine.Millis(now), channel)
	return row, err
}

func (s *Store) openMessage(row messageRow) (m auth.Message, err error) {
	plain, err := s.seals.Open(messageBody.place(row.id), row.body)
	if err == nil {
		err = json.Unmarshal(plain, &m)
	}
	m.ID, m.Failures = row.id, row.failures
	return m, err
}

// ReleaseMessages makes the messages due that a killed server has claimed, unless
// sending them has failed before. It is for a server that is the only one on its
// database, before it sends: another one could be sending them.
func (s *Store) ReleaseMessages(ctx context.Context, now time.Time) error {
	_, err := s.change(ctx, "release messages", "", `
		UPDATE messages SET due_at = $1
		WHERE due_at > $1 AND failures = 0`, engine.Millis(now))
	return err
}

// SpendMessage implements [auth.Store].
func (s *Store) SpendMessage(ctx context.Context, id string, now time.Time) (spent bool, err error) {
	return s.change(ctx, "mark message as sent", "", `
		UPDATE messages SET sent_at = $1, body = NULL
		WHERE id = $2 AND body IS NOT NULL`, engine.Millis(now), id)
}

// RejectMessage implements [auth.Store].
func (s *Store) RejectMessage(ctx context.Context, id string, now time.Time) (rejected bool, err error) {
	return s.change(ctx, "mark message as rejected", "", `
		UPDATE messages SET rejected_at = $1, failed_at = $1, failures = failures + 1, body = NULL
		WHERE id = $2 AND body IS NOT NULL`, engine.Millis(now), id)
}

// RescheduleMessage implements [auth.Store].
func (s *Store) RescheduleMessage(ctx context.Context, id string, failures int, now, due time.Time) error {
	_, err := s.change(ctx, "reschedule message", "", `
		UPDATE messages SET failures = $1, failed_at = $2, due_at = $3
		WHERE id = $4 AND body IS NOT NULL`, failures, engine.Millis(now), engine.Millis(due), id)
	return err
}

// FindStalledChannels implements [auth.Store].
func (s *Store) FindStalledChannels(ctx context.Context, channel auth.Channel, threshold int) (stalled bool, err error) {
	var failed int
	err = s.find(ctx, "find stalled channel", engine.Row{&failed}, `
		SELECT count(*)
		FROM (
			SELECT id
			FROM messages
			WHERE channel = $1 AND holder IS NOT NULL AND body IS NOT NULL AND failed_at > COALESCE((
				SELECT max(sent_at)
				FROM messages
				WHERE channel = $1 AND holder IS NOT NULL
			), 0)
			LIMIT $2
		) AS failed`, channel, threshold)
	return failed >= threshold, err
}

// CountMessages implements [auth.Store].
func (s *Store) CountMessages(ctx context.Context) (waiting, failing, rejected int, err error) {
	return s.countMessages(ctx, `%`)
}

// CountLogouts is CountMessages of those to apps.
func (s *Store) CountLogouts(ctx context.Context) (waiting, failing, rejected int, err error) {
	return s.countMessages(ctx, auth.AppChannel(`%`))
}

func (s *Store) countMessages(ctx context.Context, channels auth.Channel) (waiting, failing, rejected int, err error) {
	err = s.find(ctx, "count messages", engine.Row{&waiting, &failing, &rejected}, `
		SELECT count(*), COALESCE(sum(CASE WHEN failures > 0 THEN 1 ELSE 0 END), 0), (
			SELECT count(*)
			FROM messages
			WHERE rejected_at IS NOT NULL AND channel LIKE $1
		)
		FROM messages
		WHERE body IS NOT NULL AND channel LIKE $1`, channels)
	return waiting, failing, rejected, err
}

// RemoveMessages implements [auth.Store].
func (s *Store) RemoveMessages(ctx context.Context, expiredBy time.Time) (removed int, err error) {
	removed, _, err = s.removeMessages(ctx, expiredBy)
	return removed, err
}

func (s *Store) removeMessages(ctx context.Context, expiredBy time.Time) (unsent, done int, err error) {
	_, err = s.write(ctx, "remove messages", "", func(tx *tx) (bool, error) {
		expired, err := tx.Exec(ctx, `
			DELETE FROM messages
			WHERE body IS NOT NULL AND expires_at <= $1`, engine.Millis(expiredBy))
		if err != nil {
			return false, err
		}
		old, err := tx.Exec(ctx, `
			DELETE FROM messages
			WHERE body IS NULL AND COALESCE(sent_at, rejected_at) < $1`, engine.Millis(expiredBy.Add(-doneRetention)))
		unsent, done = int(expired), int(old)
		return true, err
	})
	return unsent, done, err
}

// queueMessage adds a message to the outbox if one of its limits allows it.
func (t *tx) queueMessage(ctx context.Context, c auth.QueueMessage, now time.Time) error {
	for i := range c.Limits {
		refused, _, _, err := t.allow(ctx, now, c.Limits[i:i+1])
		if err != nil {
			return err
		}
		if refused < 0 {
			c.Summary = i > 0
			return t.addMessage(ctx, c.Message, now)
		}
	}
	switch {
	case len(c.Limits) == 0:
		return t.addMessage(ctx, c.Message, now)
	case c.Required:
		return auth.ErrNotQueued
	}
	return nil
}

// addMessage adds a message to the outbox, due now.
func (t *tx) addMessage(ctx context.Context, m auth.Message, now time.Time) error {
	plain, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sealed, err := t.seals.Seal(messageBody.place(m.ID), plain)
	if err != nil {
		return err
	}
	if m.Holder != "" {
		if err := t.expireMessage(ctx, m.Holder, now); err != nil {
			return err
		}
	}
	return t.Queue(ctx, `
		INSERT INTO messages (id, channel, holder, due_at, expires_at, failures, body)
		VALUES ($1, $2, NULLIF($3, ''), $4, $5, $6, $7)`,
		m.ID, m.Channel, m.Holder, engine.Millis(now), engine.Millis(m.ExpiresAt), m.Failures, sealed)
}

// expireMessage expires the holder's earlier message: a new code replaces the old
// one (SM-06), which is not sent any more.
func (t *tx) expireMessage(ctx context.Context, holder string, now time.Time) error {
	return t.Queue(ctx, `
		UPDATE messages SET holder = NULL, expires_at = $1
		WHERE holder = $2`, engine.Millis(now), holder)
}
