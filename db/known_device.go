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

func (t *tx) rememberDevice(ctx context.Context, user auth.UserID, tokenHash string, now time.Time) error {
	_, err := t.Exec(ctx, `
		INSERT INTO known_devices (user_id, token_hash, seen_at)
		VALUES ($1, $2, $3)
		ON CONFLICT (user_id, token_hash) DO UPDATE SET seen_at = excluded.seen_at`,
		user, tokenHash, engine.Millis(now))
	return err
}
