package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"twostep/auth"
)

// overKept is how long the bare fact stays that a message was sent or refused.
const overKept = 24 * time.Hour

type messageRow struct {
	id    string
	tries int
	body  []byte
}

// ClaimMessages hands out messages of a channel that are due, or put off past
// furthest, and holds them back from every other worker until the time given,
// the oldest first. A body that does not open is an error that names the
// message; then nothing is handed out, and that one alone is put off, so that it
// does not stand in the way of the rest.
func (s *Store) ClaimMessages(ctx context.Context, channel auth.Channel, now, until, furthest time.Time, most int) ([]auth.Message, error) {
	var messages []auth.Message
	var broken error
	_, err := s.write(ctx, "claim messages", "", func(tx *tx) (bool, error) {
		messages, broken = nil, nil
		rows, err := tx.claim(ctx, s.skipLocked, channel, now, until, furthest, most)
		if err != nil {
			return false, err
		}
		for _, row := range rows {
			m, err := tx.openMessage(row)
			if err != nil {
				broken = errors.Join(broken, fmt.Errorf("claim message %s: %w", row.id, err))
				continue
			}
			messages = append(messages, m)
		}
		if broken == nil {
			return true, nil
		}
		for _, m := range messages {
			if _, err := tx.Exec(ctx, `UPDATE messages SET due_at = $1 WHERE id = $2`, Millis(now), m.ID); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	if err = errors.Join(err, broken); err != nil {
		return nil, err
	}
	slices.SortStableFunc(messages, func(a, b auth.Message) int { return a.At.Compare(b.At) })
	return messages, nil
}

// claim takes messages in one write, once it has made due what a wrong clock has
// put off, which is seldom anything. Where several workers write, each passes
// over the rows that another is taking, or they would wait for one another in
// turn; so that this end of the query alone differs between the databases.
func (t *tx) claim(ctx context.Context, skipLocked string, channel auth.Channel, now, until, furthest time.Time, most int) (rows []messageRow, err error) {
	_, err = t.Exec(ctx, `
		UPDATE messages SET due_at = $1
		WHERE channel = $2 AND due_at > $3 AND body IS NOT NULL`, Millis(now), channel, Millis(furthest))
	if err != nil {
		return nil, err
	}
	var row messageRow
	err = t.Each(ctx, Row{&row.id, &row.tries, &row.body}, func() { rows = append(rows, row) }, `
		WITH due AS MATERIALIZED (
			SELECT id
			FROM messages
			WHERE channel = $3 AND due_at <= $2 AND body IS NOT NULL AND expires_at > $2
			ORDER BY due_at
			LIMIT $4`+skipLocked+`
		)
		UPDATE messages SET due_at = $1
		WHERE id IN (SELECT id FROM due)
		RETURNING id, tries, body`, Millis(until), Millis(now), channel, most)
	return rows, err
}

func (t *tx) openMessage(row messageRow) (m auth.Message, err error) {
	plain, err := t.seals.open(messageBody(row.id), row.body)
	if err == nil {
		err = json.Unmarshal(plain, &m)
	}
	m.ID, m.Failures = row.id, row.tries
	return m, err
}

// SpendMessage says that a message was sent; its body is forgotten.
func (s *Store) SpendMessage(ctx context.Context, id string, now time.Time) (spent bool, err error) {
	return s.write(ctx, "note that a message was sent", "", func(tx *tx) (bool, error) {
		changed, err := tx.Exec(ctx, `
			UPDATE messages SET sent_at = $1, body = NULL
			WHERE id = $2 AND body IS NOT NULL`, Millis(now), id)
		return changed > 0, err
	})
}

// RejectMessage says that a message was refused for good; its body is forgotten,
// and it is never handed out again.
func (s *Store) RejectMessage(ctx context.Context, id string, now time.Time) (refused bool, err error) {
	return s.write(ctx, "note that a message was refused", "", func(tx *tx) (bool, error) {
		changed, err := tx.Exec(ctx, `
			UPDATE messages SET refused_at = $1, failed_at = $1, tries = tries + 1, body = NULL
			WHERE id = $2 AND body IS NOT NULL`, Millis(now), id)
		return changed > 0, err
	})
}

// RescheduleMessage puts a message off after sending failed.
func (s *Store) RescheduleMessage(ctx context.Context, id string, tries int, now, due time.Time) error {
	_, err := s.write(ctx, "put a message off", "", func(tx *tx) (bool, error) {
		_, err := tx.Exec(ctx, `
			UPDATE messages SET tries = $1, failed_at = $2, due_at = $3
			WHERE id = $4 AND body IS NOT NULL`, tries, Millis(now), Millis(due), id)
		return true, err
	})
	return err
}

// FindStalledChannels answers whether a channel is stalled, by the messages that have a
// holder: so many of them wait that could not be sent, and none has gone since.
func (s *Store) FindStalledChannels(ctx context.Context, channel auth.Channel, least int) (stalled bool, err error) {
	var failed int
	err = s.find(ctx, "find a stalled channel", Row{&failed}, `
		SELECT count(*)
		FROM (
			SELECT id
			FROM messages
			WHERE channel = $1 AND holder IS NOT NULL AND body IS NOT NULL AND failed_at > COALESCE((
				SELECT max(sent_at)
				FROM messages
				WHERE channel = $1 AND holder IS NOT NULL AND sent_at IS NOT NULL
			), 0)
			LIMIT $2
		) AS failed`, channel, least)
	return failed >= least, err
}

// RemoveMessages forgets messages that have expired unsent, and those sent or
// refused more than a day before; removed counts the former.
func (s *Store) RemoveMessages(ctx context.Context, expiredBy time.Time) (removed int, err error) {
	removed, _, err = s.removeMessages(ctx, expiredBy)
	return removed, err
}

func (s *Store) removeMessages(ctx context.Context, expiredBy time.Time) (unsent, over int, err error) {
	_, err = s.write(ctx, "remove messages", "", func(tx *tx) (bool, error) {
		expired, err := tx.Exec(ctx, `
			DELETE FROM messages
			WHERE body IS NOT NULL AND expires_at <= $1`, Millis(expiredBy))
		if err != nil {
			return false, err
		}
		old, err := tx.Exec(ctx, `
			DELETE FROM messages
			WHERE body IS NULL AND COALESCE(sent_at, refused_at) < $1`, Millis(expiredBy.Add(-overKept)))
		unsent, over = int(expired), int(old)
		return true, err
	})
	return unsent, over, err
}

// addMessage queues a message, due at once.
func (t *tx) addMessage(ctx context.Context, m auth.Message, now time.Time) error {
	plain, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sealed, err := t.seals.seal(messageBody(m.ID), plain)
	if err != nil {
		return err
	}
	if m.Holder != "" {
		if err := t.expireMessage(ctx, m.Holder, now); err != nil {
			return err
		}
	}
	_, err = t.Exec(ctx, `
		INSERT INTO messages (id, channel, holder, due_at, expires_at, tries, body)
		VALUES ($1, $2, NULLIF($3, ''), $4, $5, $6, $7)`,
		m.ID, m.Channel, m.Holder, Millis(now), Millis(m.ExpiresAt), m.Failures, sealed)
	return err
}

// expireMessage ends the message that a holder had: a new code cancels the old
// one (SM-06), which is not sent any more unless it has gone already.
func (t *tx) expireMessage(ctx context.Context, holder string, now time.Time) error {
	_, err := t.Exec(ctx, `
		UPDATE messages SET holder = NULL, expires_at = $1
		WHERE holder = $2`, Millis(now), holder)
	return err
}
