package db

import (
	"context"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindKnownDevice implements [auth.Store].
func (s *Store) FindKnownDevice(ctx context.Context, user auth.UserID, tokenHash string) (known auth.KnownDevice, err error) {
	err = s.find(ctx, "find known device", engine.Row{&known.User, &known.TokenHash, engine.Time(&known.SeenAt)}, `
		SELECT user_id, token_hash, seen_at
		FROM known_devices
		WHERE user_id = $1 AND token_hash = $2`, user, tokenHash)
	return known, err
}

// putKnownDevice moves the device's rows to its new token, also those of other accounts,
// and adds or updates the account's. Every sign-in can add a row, so an account and a
// token keep only the last seen ones.
func (t *tx) putKnownDevice(ctx context.Context, user auth.UserID, c auth.PutKnownDevice, now time.Time) error {
	if c.Replaces != "" {
		_, err := t.Exec(ctx, `UPDATE known_devices SET token_hash = $1 WHERE token_hash = $2`, c.TokenHash, c.Replaces)
		if err != nil {
			return err
		}
	}
	_, err := t.Exec(ctx, `
		INSERT INTO known_devices (user_id, token_hash, seen_at)
		VALUES ($1, $2, $3)
		ON CONFLICT (user_id, token_hash) DO UPDATE SET seen_at = excluded.seen_at`,
		user, c.TokenHash, engine.Millis(now))
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `
		DELETE FROM known_devices
		WHERE user_id = $1 AND token_hash IN (
			SELECT token_hash FROM known_devices WHERE user_id = $1 ORDER BY seen_at DESC, token_hash LIMIT 1000 OFFSET $2
		)`, user, auth.KnownDevicesMax)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `
		DELETE FROM known_devices
		WHERE token_hash = $1 AND user_id IN (
			SELECT user_id FROM known_devices WHERE token_hash = $1 ORDER BY seen_at DESC, user_id LIMIT 1000 OFFSET $2
		)`, c.TokenHash, auth.KnownDevicesMax)
	return err
}
