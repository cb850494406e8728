package db

import (
	"context"

	"twostep/auth"
)

// FindSentCode reads a holder's code, and how the message with it fares.
func (s *Store) FindSentCode(ctx context.Context, holder string) (c auth.SentCode, err error) {
	d := &c.Delivery
	err = s.find(ctx, "find a sent code", append(sentCodeRow(&c), &d.Failures, Time(&d.SentAt), Time(&d.RejectedAt)), `
		SELECT
			code.holder,
			code.mac,
			code.sent_to,
			code.sent_at,
			code.expires_at,
			COALESCE(message.tries, 0),
			message.sent_at,
			message.refused_at
		FROM sent_codes AS code
		LEFT JOIN messages AS message ON message.holder = code.holder
		WHERE code.holder = $1`, holder)
	return c, err
}

// AllowSentCodeAttempt counts one try on a holder's code and returns it, or
// auth.ErrNotFound where it has had most tries or there is none.
func (s *Store) AllowSentCodeAttempt(ctx context.Context, holder string, most int) (c auth.SentCode, err error) {
	_, err = s.write(ctx, "count a try on a sent code", "", func(tx *tx) (bool, error) {
		return true, tx.Find(ctx, sentCodeRow(&c), `
			UPDATE sent_codes SET tries = tries + 1
			WHERE holder = $1 AND tries < $2
			RETURNING holder, mac, sent_to, sent_at, expires_at`, holder, most)
	})
	return c, err
}

// SpendSentCode uses a code up: it is gone, and what it earns is written. One
// that was sent in its place meanwhile is another code and stays.
func (s *Store) SpendSentCode(ctx context.Context, code auth.SentCode, grant auth.ChangeSet) (spent bool, err error) {
	return s.spend(ctx, "spend a sent code", grant.User, grant, `
		DELETE FROM sent_codes
		WHERE holder = $1 AND mac = $2`, code.Holder, code.MAC)
}

func sentCodeRow(c *auth.SentCode) Row {
	return Row{&c.Holder, &c.MAC, &c.To, Time(&c.SentAt), Time(&c.ExpiresAt)}
}

// putSentCode cancels the holder's earlier code. The tries begin anew, for
// they bound guesses at one code; guesses at the factor are counted by the
// brakes, which go on (SM-06).
func (t *tx) putSentCode(ctx context.Context, c auth.SentCode) error {
	_, err := t.Exec(ctx, `
		INSERT INTO sent_codes (holder, mac, sent_to, sent_at, expires_at, tries)
		VALUES ($1, $2, $3, $4, $5, 0)
		ON CONFLICT (holder) DO UPDATE SET
			mac = excluded.mac,
			sent_to = excluded.sent_to,
			sent_at = excluded.sent_at,
			expires_at = excluded.expires_at,
			tries = 0`, c.Holder, c.MAC, c.To, Millis(c.SentAt), Millis(c.ExpiresAt))
	return err
}

func (t *tx) removeSentCode(ctx context.Context, holder string) error {
	_, err := t.Exec(ctx, `DELETE FROM sent_codes WHERE holder = $1`, holder)
	return err
}
