package db

import (
	"context"
	"errors"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// A session is read with its account's email address. The sessions of a disabled
// account are not found.
const (
	sessionColumns = `
			sessions.id,
			sessions.token_hash,
			sessions.user_id,
			users.email,
			users.name,
			sessions.started_at,
			sessions.seen_at,
			sessions.password_at,
			sessions.first_kind,
			sessions.mfa_at,
			sessions.second_kind,
			sessions.first_syncable,
			sessions.second_syncable,
			sessions.next,
			users.must_change,
			users.role,` + mfaColumns
	sessionJoin = `
		FROM sessions
		JOIN users ON users.id = sessions.user_id`
	sessionEnabled = `users.disabled_at IS NULL`
)

func sessionRow(s *auth.Session) engine.Row {
	return engine.Row{
		&s.ID, &s.TokenHash, &s.User, &s.Email, &s.Name, engine.Time(&s.StartedAt), engine.Time(&s.SeenAt),
		engine.Time(&s.PasswordAt), &s.FirstKind, engine.Time(&s.MFAAt), &s.SecondKind, &s.FirstSyncable, &s.SecondSyncable, &s.Next, &s.MustChange, &s.Role,
		engine.Time(&s.MFA.Policy), engine.Time(&s.MFA.Exempt),
	}
}

// FindSessionFactors implements [auth.Store] with one query, because every
// signed-in page needs both.
func (s *Store) FindSessionFactors(ctx context.Context, tokenHash string, now time.Time) (session auth.Session, has auth.Factors, err error) {
	var rows factorRows
	err = s.each(ctx, "find session and factors", append(sessionRow(&session), rows.row()...), rows.keep, `
		SELECT`+sessionColumns+`,`+factorColumns+sessionJoin+factorJoins+`
		WHERE `+sessionEnabled+` AND sessions.token_hash = $1`, tokenHash, engine.Millis(now))
	if err != nil {
		return session, has, err
	}
	if session.ID == "" {
		return session, has, auth.ErrNotFound
	}
	return session, rows.factors(), nil
}

// FindSessions implements [auth.Store].
func (s *Store) FindSessions(ctx context.Context, user auth.UserID) (all []auth.Session, err error) {
	var session auth.Session
	row := append(sessionRow(&session), engine.Time(&session.CreatedAt), &session.IP, &session.UserAgent)
	err = s.each(ctx, "find sessions", row, func() { all = append(all, session) }, `
		SELECT`+sessionColumns+`,
			sessions.created_at,
			sessions.ip,
			sessions.user_agent`+sessionJoin+`
		WHERE `+sessionEnabled+` AND sessions.user_id = $1`, user)
	return all, err
}

// TouchSession implements [auth.Store]. Of concurrent requests the latest counts.
func (s *Store) TouchSession(ctx context.Context, user auth.UserID, id auth.SessionID, now time.Time) error {
	_, err := s.write(ctx, "touch session", user, func(tx *tx) (bool, error) {
		if err := tx.touchUser(ctx, user, now); err != nil {
			return false, err
		}
		return true, tx.Queue(ctx, `
			UPDATE sessions SET seen_at = $1
			WHERE id = $2 AND seen_at < $1`, engine.Millis(now), id)
	})
	return err
}

// ReplaceNext implements [auth.Store].
func (s *Store) ReplaceNext(ctx context.Context, id auth.SessionID, next string) error {
	_, err := s.change(ctx, "store next page of session", "", `UPDATE sessions SET next = $1 WHERE id = $2`, next, id)
	return err
}

// touchUser sets when an account was last seen, which is kept longer than its sessions.
func (t *tx) touchUser(ctx context.Context, user auth.UserID, now time.Time) error {
	return t.Queue(ctx, `
		UPDATE users SET seen_at = $1
		WHERE id = $2 AND (seen_at IS NULL OR seen_at < $1)`, engine.Millis(now), user)
}

// RemoveSession implements [auth.Store].
func (s *Store) RemoveSession(ctx context.Context, tokenHash string, now time.Time) error {
	_, err := s.write(ctx, "end session", "", func(tx *tx) (bool, error) {
		_, err := tx.end(ctx, endToken, now, tokenHash)
		return true, err
	})
	return err
}

// RemoveSessionOf implements [auth.Store].
func (s *Store) RemoveSessionOf(ctx context.Context, user auth.UserID, id auth.SessionID, changes auth.ChangeSet) (removed bool, err error) {
	return s.write(ctx, "end another session", user, func(tx *tx) (bool, error) {
		if err := tx.forgetDeviceOf(ctx, user, id); err != nil {
			return false, err
		}
		if err := tx.Queue(ctx, `
			UPDATE app_grants SET ended_at = $3
			WHERE session_id = $1 AND user_id = $2`, id, user, engine.Millis(changes.At)); err != nil {
			return false, err
		}
		ended, err := tx.end(ctx, endOne, changes.At, id, user)
		if err != nil || ended == 0 {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}

// Apply implements [auth.Store].
func (s *Store) Apply(ctx context.Context, changes auth.ChangeSet) error {
	return s.add(ctx, "apply changes", changes.User, func(tx *tx) (bool, error) { return tx.apply(ctx, changes) })
}

// addSession adds a session unless its account does not exist or is disabled, or
// has a second factor and the session requires none: a password verified before
// the first factor was added does not sign in after it (SE-09).
func (t *tx) addSession(ctx context.Context, user auth.UserID, s auth.BeginSession) (added bool, err error) {
	if err := t.Require(ctx, `
		INSERT INTO sessions
			(id, token_hash, user_id, created_at, started_at, seen_at, password_at, first_kind, mfa_at, second_kind, ip, user_agent, next, device_id, first_syncable, second_syncable)
		SELECT $1, $2, users.id, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', known_devices.id, $16, $17
		FROM users
		LEFT JOIN known_devices ON known_devices.user_id = users.id AND known_devices.token_hash = $13
		WHERE users.id = $3 AND users.disabled_at IS NULL
			AND NOT ($14 AND EXISTS (SELECT 1 FROM mfa_accounts WHERE user_id = $3))
			AND NOT ($15 AND known_devices.remembered_at IS NULL)
		ON CONFLICT (token_hash) DO NOTHING`,
		s.ID, s.TokenHash, user, engine.Millis(s.CreatedAt), engine.Millis(s.StartedAt), engine.Millis(s.SeenAt),
		engine.Millis(s.PasswordAt), s.FirstKind, engine.Millis(s.MFAAt), s.SecondKind, s.IP, s.UserAgent,
		s.Device, s.RequireNoMFA, s.RequireRemembered, flag(s.FirstSyncable), flag(s.SecondSyncable)); err != nil {
		return false, err
	}
	return true, t.touchUser(ctx, user, s.SeenAt)
}

// renewSession records a re-authentication unless the session has ended. With a
// new token its lifetime starts again (SE-06).
func (t *tx) renewSession(ctx context.Context, user auth.UserID, r auth.RenewSession, now time.Time) (renewed bool, err error) {
	return t.change(ctx, `
		UPDATE sessions SET
			token_hash = CASE WHEN $1 = '' THEN token_hash ELSE $1 END,
			started_at = CASE WHEN $1 = '' THEN started_at ELSE $2 END,
			seen_at = CASE WHEN $1 = '' THEN seen_at ELSE $2 END,
			password_at = COALESCE($3, password_at),
			first_kind = CASE WHEN $3 IS NULL THEN first_kind ELSE $4 END,
			mfa_at = COALESCE($5, mfa_at),
			second_kind = CASE WHEN $5 IS NULL THEN second_kind ELSE $6 END,
			first_syncable = CASE WHEN $3 IS NULL THEN first_syncable ELSE $9 END,
			second_syncable = CASE WHEN $5 IS NULL THEN second_syncable ELSE $10 END
		WHERE id = $7 AND user_id = $8`,
		r.TokenHash, engine.Millis(now), engine.Millis(r.First.At), r.First.Factor, engine.Millis(r.Second.At), r.Second.Factor, r.Session, user,
		flag(r.First.Syncable), flag(r.Second.Syncable))
}

// endSessions ends all of an account's sessions but one, all its attempts, and the
// grants of apps, also those that have outlived a session (OI-26). It forgets the
// account's devices. An app with such a grant is notified that all sessions have ended, but
// only if they have.
func (t *tx) endSessions(ctx context.Context, user auth.UserID, except auth.SessionID, now time.Time) error {
	if err := errors.Join(t.endAttempts(ctx, user), t.forgetDevices(ctx, user)); err != nil {
		return err
	}
	if except == "" {
		if err := t.queueLogouts(ctx, endOutlived, now, user); err != nil {
			return err
		}
	}
	if err := t.Queue(ctx, `
		UPDATE app_grants SET ended_at = $3
		WHERE user_id = $1 AND (session_id IS NULL OR session_id <> $2)`, user, except, engine.Millis(now)); err != nil {
		return err
	}
	_, err := t.end(ctx, endAllBut, now, user, except)
	return err
}
