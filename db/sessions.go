package db

import (
	"context"
	"time"

	"twostep/auth"
)

// FindSession reads a session with its account's address.
func (s *Store) FindSession(ctx context.Context, handle string) (auth.Session, error) {
	var f auth.Session
	err := s.find(ctx, "find a session", into{
		&f.ID, &f.Handle, &f.User, &f.Email, at(&f.StartedAt), at(&f.SeenAt), at(&f.FirstAt), at(&f.SecondAt),
		&f.Address, &f.Browser,
	}, `
		SELECT
			sessions.id,
			sessions.handle,
			sessions.user_id,
			users.email,
			sessions.started_at,
			sessions.seen_at,
			sessions.first_at,
			sessions.second_at,
			sessions.address,
			sessions.browser
		FROM sessions
		JOIN users ON users.id = sessions.user_id
		WHERE sessions.handle = $1`, handle)
	return f, err
}

// ReplaceSeen writes when a session was last seen. Of requests that overtake
// one another the latest counts.
func (s *Store) ReplaceSeen(ctx context.Context, id auth.SessionID, now time.Time) error {
	_, err := s.write(ctx, "note that a session was seen", func(tx *tx) (bool, error) {
		_, err := tx.exec(ctx, `
			UPDATE sessions SET seen_at = $1
			WHERE id = $2 AND seen_at < $1`, millis(now), id)
		return true, err
	})
	return err
}

// RemoveSession ends a session and what was under way in it.
func (s *Store) RemoveSession(ctx context.Context, handle string) error {
	_, err := s.write(ctx, "end a session", func(tx *tx) (bool, error) {
		_, err := tx.exec(ctx, `
			DELETE FROM sent_codes
			WHERE holder IN (
				SELECT phone_enrolments.id
				FROM sessions
				JOIN phone_enrolments ON phone_enrolments.session_id = sessions.id
				WHERE sessions.handle = $1
			)`, handle)
		if err != nil {
			return false, err
		}
		_, err = tx.exec(ctx, `DELETE FROM sessions WHERE handle = $1`, handle)
		return true, err
	})
	return err
}

func (t *tx) addSession(ctx context.Context, s auth.Session) error {
	_, err := t.exec(ctx, `
		INSERT INTO sessions
			(id, handle, user_id, started_at, seen_at, first_at, second_at, address, browser)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		s.ID, s.Handle, s.User, millis(s.StartedAt), millis(s.SeenAt), millis(s.FirstAt), millis(s.SecondAt),
		s.Address, s.Browser)
	return err
}

// endSessions ends an account's sessions but one, and every attempt to begin
// one. Codes go by name: their holders are of two kinds, so no key ties them.
func (t *tx) endSessions(ctx context.Context, end auth.EndSessions) error {
	_, err := t.exec(ctx, `
		DELETE FROM sent_codes
		WHERE holder IN (SELECT handle FROM attempts WHERE user_id = $1)
			OR holder IN (SELECT id FROM phone_enrolments WHERE user_id = $1 AND session_id <> $2)`,
		end.User, end.Except)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, `DELETE FROM attempts WHERE user_id = $1`, end.User); err != nil {
		return err
	}
	_, err = t.exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, end.User, end.Except)
	return err
}
