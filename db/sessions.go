package db

import (
	"context"
	"fmt"
	"time"

	"twostep/auth"
)

// A session is read with its account's address, and not at all while the
// operator has disabled the account.
const (
	sessionColumns = `
			sessions.id,
			sessions.handle,
			sessions.user_id,
			users.email,
			sessions.started_at,
			sessions.seen_at,
			sessions.first_at,
			sessions.second_at,
			users.must_change`
	sessionJoin = `
		FROM sessions
		JOIN users ON users.id = sessions.user_id`
	sessionStands = `users.disabled_at IS NULL`
)

func sessionRow(f *auth.Session) Row {
	return Row{
		&f.ID, &f.TokenHash, &f.User, &f.Email, Time(&f.StartedAt), Time(&f.SeenAt), Time(&f.PasswordAt), Time(&f.MFAAt), &f.MustChange,
	}
}

// FindSessionFactors reads a session and what its account has, by one query:
// every page of an account needs both.
func (s *Store) FindSessionFactors(ctx context.Context, handle string, now time.Time) (f auth.Session, has auth.Factors, err error) {
	var rows factorRows
	err = s.reader.Each(ctx, append(sessionRow(&f), rows.row()...), rows.keep, `
		SELECT`+sessionColumns+`,`+factorColumns+sessionJoin+factorJoins+`
		WHERE `+sessionStands+` AND sessions.handle = $1`, handle, Millis(now))
	if err != nil {
		return f, has, fmt.Errorf("find a session and its factors: %w", err)
	}
	if f.ID == "" {
		return f, has, auth.ErrNotFound
	}
	return f, rows.factors(), nil
}

// FindSessions reads all sessions of an account, live or not, with what is told
// of them.
func (s *Store) FindSessions(ctx context.Context, user auth.UserID) (all []auth.Session, err error) {
	var f auth.Session
	row := append(sessionRow(&f), Time(&f.CreatedAt), &f.IP, &f.UserAgent)
	err = s.reader.Each(ctx, row, func() { all = append(all, f) }, `
		SELECT`+sessionColumns+`,
			sessions.created_at,
			sessions.address,
			sessions.browser`+sessionJoin+`
		WHERE `+sessionStands+` AND sessions.user_id = $1`, user)
	if err != nil {
		return nil, fmt.Errorf("find the sessions of an account: %w", err)
	}
	return all, nil
}

// TouchSession writes when a session was last seen. Of requests that overtake
// one another the latest counts.
func (s *Store) TouchSession(ctx context.Context, id auth.SessionID, now time.Time) error {
	_, err := s.write(ctx, "note that a session was seen", "", func(tx *tx) (bool, error) {
		_, err := tx.Exec(ctx, `
			UPDATE sessions SET seen_at = $1
			WHERE id = $2 AND seen_at < $1`, Millis(now), id)
		return true, err
	})
	return err
}

// The codes of what is under way in a session, which no key ties to it.
var (
	removeCodesByHandle = codesUnderWayIn(`SELECT id FROM sessions WHERE handle = $1`)
	removeCodesOf       = codesUnderWayIn(`SELECT id FROM sessions WHERE id = $1 AND user_id = $2`)
)

// RemoveSession ends a session and what was under way in it.
func (s *Store) RemoveSession(ctx context.Context, handle string) error {
	_, err := s.write(ctx, "end a session", "", func(tx *tx) (bool, error) {
		_, err := tx.Exec(ctx, removeCodesByHandle, handle)
		if err != nil {
			return false, err
		}
		_, err = tx.Exec(ctx, `DELETE FROM sessions WHERE handle = $1`, handle)
		return true, err
	})
	return err
}

// RemoveSessionOf ends a session by its id, of that account alone.
func (s *Store) RemoveSessionOf(ctx context.Context, user auth.UserID, id auth.SessionID, grant auth.ChangeSet) (removed bool, err error) {
	return s.write(ctx, "end another session", user, func(tx *tx) (bool, error) {
		_, err := tx.Exec(ctx, removeCodesOf, id, user)
		if err != nil {
			return false, err
		}
		gone, err := tx.Exec(ctx, `DELETE FROM sessions WHERE id = $1 AND user_id = $2`, id, user)
		if err != nil || gone == 0 {
			return false, err
		}
		return tx.apply(ctx, grant)
	})
}

// Apply writes what hangs on no condition of its own.
func (s *Store) Apply(ctx context.Context, grant auth.ChangeSet) error {
	return s.add(ctx, "add a grant", grant.User, func(tx *tx) (bool, error) { return tx.apply(ctx, grant) })
}

// addSession begins a session. It answers false where the account is gone or
// disabled, or with RequireNoMFA if the account has a second factor: a password read before the first factor came signs nobody
// in after it (SE-09).
func (t *tx) addSession(ctx context.Context, user auth.UserID, s auth.BeginSession) (added bool, err error) {
	rows, err := t.Exec(ctx, `
		INSERT INTO sessions
			(id, handle, user_id, created_at, started_at, seen_at, first_at, second_at, address, browser)
		SELECT $1, $2, id, $4, $5, $6, $7, $8, $9, $10
		FROM users
		WHERE id = $3 AND disabled_at IS NULL AND NOT ($11 AND (
			EXISTS (SELECT 1 FROM totp WHERE user_id = $3)
			OR EXISTS (SELECT 1 FROM phones WHERE user_id = $3 AND reserved_at IS NOT NULL)
		))
		ON CONFLICT (handle) DO NOTHING`,
		s.ID, s.TokenHash, user, Millis(s.CreatedAt), Millis(s.StartedAt), Millis(s.SeenAt), Millis(s.PasswordAt),
		Millis(s.MFAAt), s.IP, s.UserAgent, s.RequireNoMFA)
	return rows > 0, err
}

// renewSession writes what a session has proved anew. With a new handle its
// time begins anew, too (SE-06). It answers false where the session has ended.
func (t *tx) renewSession(ctx context.Context, user auth.UserID, r auth.RenewSession, now time.Time) (raised bool, err error) {
	rows, err := t.Exec(ctx, `
		UPDATE sessions SET
			handle = CASE WHEN $1 = '' THEN handle ELSE $1 END,
			started_at = CASE WHEN $1 = '' THEN started_at ELSE $2 END,
			seen_at = CASE WHEN $1 = '' THEN seen_at ELSE $2 END,
			first_at = COALESCE($3, first_at),
			second_at = COALESCE($4, second_at)
		WHERE id = $5 AND user_id = $6`, r.TokenHash, Millis(now), Millis(r.PasswordAt), Millis(r.MFAAt), r.Session, user)
	return rows > 0, err
}

// endSessions ends an account's sessions but one, and every attempt to begin
// one. Codes go by name: their holders are of two kinds, so no key ties them.
func (t *tx) endSessions(ctx context.Context, user auth.UserID, except auth.SessionID) error {
	if err := t.endAttempts(ctx, user); err != nil {
		return err
	}
	_, err := t.Exec(ctx, `
		DELETE FROM sent_codes
		WHERE holder IN (SELECT id FROM phone_enrolments WHERE user_id = $1 AND session_id <> $2)`,
		user, except)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, user, except)
	return err
}

// endAttempts ends all that is under way to sign in to an account, and its codes.
func (t *tx) endAttempts(ctx context.Context, user auth.UserID) error {
	_, err := t.Exec(ctx, `
		DELETE FROM sent_codes
		WHERE holder IN (SELECT handle FROM attempts WHERE user_id = $1)`, user)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `DELETE FROM attempts WHERE user_id = $1`, user)
	return err
}
