package db

import (
	"context"

	"twostep/auth"
)

// FindBrowser reads when an account last signed in with a browser.
func (s *Store) FindBrowser(ctx context.Context, user auth.UserID, marker string) (known auth.KnownBrowser, err error) {
	err = s.find(ctx, "find a browser", into{&known.User, &known.Marker, at(&known.SeenAt)}, `
		SELECT user_id, marker, seen_at
		FROM known_browsers
		WHERE user_id = $1 AND marker = $2`, user, marker)
	return known, err
}

func (t *tx) putBrowser(ctx context.Context, known auth.KnownBrowser) error {
	_, err := t.exec(ctx, `
		INSERT INTO known_browsers (user_id, marker, seen_at)
		VALUES ($1, $2, $3)
		ON CONFLICT (user_id, marker) DO UPDATE SET seen_at = excluded.seen_at`,
		known.User, known.Marker, millis(known.SeenAt))
	return err
}
