package db

import (
	"context"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindSentCode implements [auth.Store].
func (s *Store) FindSentCode(ctx context.Context, holder string) (c auth.SentCode, err error) {
	d := &c.Delivery
	err = s.find(ctx, "find sent code", append(sentCodeRow(&c), &d.Failures, engine.Time(&d.SentAt), engine.Time(&d.RejectedAt)), `
		SELECT
			code.holder,
			code.mac,
			code.sent_to,
			code.sent_at,
			code.expires_at,
			COALESCE(message.failures, 0),
			message.sent_at,
			message.rejected_at
		FROM sent_codes AS code
		LEFT JOIN messages AS message ON message.holder = code.holder
		WHERE code.holder = $1`, holder)
	return c, err
}

// AllowSentCodeAttempt implements [auth.Store].
func (s *Store) AllowSentCodeAttempt(ctx context.Context, holder string, limit int) (c auth.SentCode, err error) {
	_, err = s.write(ctx, "count response to sent code", "", func(tx *tx) (bool, error) {
		return true, tx.Find(ctx, sentCodeRow(&c), `
			UPDATE sent_codes SET attempts = attempts + 1
			WHERE holder = $1 AND attempts < $2
			RETURNING holder, mac, sent_to, sent_at, expires_at`, holder, limit)
	})
	return c, err
}

// SpendSentCode implements [auth.Store]. The MAC is compared too, because a newer
// code may have replaced the one that was read.
func (s *Store) SpendSentCode(ctx context.Context, code auth.SentCode, changes auth.ChangeSet) (spent bool, err error) {
	return s.spend(ctx, "spend sent code", changes.User, changes, `
		DELETE FROM sent_codes
		WHERE holder = $1 AND mac = $2`, code.Holder, code.MAC)
}

func sentCodeRow(c *auth.SentCode) engine.Row {
	return engine.Row{&c.Holder, &c.MAC, &c.To, engine.Time(&c.SentAt), engine.Time(&c.ExpiresAt)}
}

// putSentCode replaces the holder's code. Its attempts start at zero, because they
// limit guesses at one code. Rate limits count guesses at the factor and are not
// reset (SM-06).
func (t *tx) putSentCode(ctx context.Context, c auth.SentCode) error {
	return t.Queue(ctx, `
		INSERT INTO sent_codes (holder, mac, sent_to, sent_at, expires_at, attempts)
		VALUES ($1, $2, $3, $4, $5, 0)
		ON CONFLICT (holder) DO UPDATE SET
			mac = excluded.mac,
			sent_to = excluded.sent_to,
			sent_at = excluded.sent_at,
			expires_at = excluded.expires_at,
			attempts = 0`, c.Holder, c.MAC, c.To, engine.Millis(c.SentAt), engine.Millis(c.ExpiresAt))
}

func (t *tx) removeSentCode(ctx context.Context, holder string) error {
	return t.Queue(ctx, `DELETE FROM sent_codes WHERE holder = $1`, holder)
}

// removeCodesOf returns a query that removes the codes of holders, which is a
// subquery. No foreign key does it, because holders are of several kinds.
func removeCodesOf(holders string) string {
	return `
		DELETE FROM sent_codes
		WHERE holder IN (` + holders + `)`
}

// removeCodesIn returns a query that removes the codes of all attempts and phone
// enrolments in sessions, which is a subquery. UNION ALL lets PostgreSQL use
// indexes; with OR it would read every code.
func removeCodesIn(sessions string) string {
	return removeCodesOf(`
			SELECT token_hash FROM attempts WHERE session_id IN (` + sessions + `)
			UNION ALL
			SELECT id FROM phone_enrolments WHERE session_id IN (` + sessions + `)`)
}
