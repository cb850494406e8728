package db

import (
	"context"
	"time"

	"twostep/auth"
)

// FindKnownDevice reads when an account last signed in with a browser.
func (s *Store) FindKnownDevice(ctx context.Context, user auth.UserID, marker string) (known auth.KnownDevice, err error) {
	err = s.find(ctx, "find a browser", Row{&known.User, &known.TokenHash, Time(&known.SeenAt)}, `
		SELECT user_id, marker, seen_at
		FROM known_browsers
		WHERE user_id = $1 AND marker = $2`, user, marker)
	return known, err
}

func (t *tx) rememberDevice(ctx context.Context, user auth.UserID, tokenHash string, now time.Time) error {
	_, err := t.Exec(ctx, `
		INSERT INTO known_browsers (user_id, marker, seen_at)
		VALUES ($1, $2, $3)
		ON CONFLICT (user_id, marker) DO UPDATE SET seen_at = excluded.seen_at`,
		user, tokenHash, Millis(now))
	return err
}
