package db

import (
	"context"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindHostSession implements [auth.Store] with one query, because every request to an app
// needs it (FA-22).
func (s *Store) FindHostSession(ctx context.Context, host, tokenHash string, now time.Time) (session auth.Session, has auth.Factors, groups []string, err error) {
	var rows factorRows
	var list string
	row := append(sessionRow(&session), rows.row()...)
	err = s.each(ctx, "find session of a host", append(row, &list), rows.keep, `
		SELECT`+sessionColumns+`,`+factorColumns+`,`+groupsColumn+`
		FROM host_tokens
		JOIN sessions ON sessions.id = host_tokens.session_id
		JOIN users ON users.id = sessions.user_id`+factorJoins+`
		WHERE `+sessionEnabled+` AND host_tokens.token_hash = $1 AND host_tokens.host = $3`, tokenHash, engine.Millis(now), host)
	if err == nil && session.ID == "" {
		err = auth.ErrNotFound
	}
	return session, rows.factors(), splitGroups(list), err
}

// AddHandover implements [auth.Store].
func (s *Store) AddHandover(ctx context.Context, h auth.Handover) error {
	return s.add(ctx, "add handover", h.User, func(tx *tx) (bool, error) {
		return tx.change(ctx, `
			INSERT INTO handovers (code_hash, session_id, host, begin_hash, target, expires_at)
			SELECT $1, id, $2, $3, $4, $5
			FROM sessions
			WHERE id = $6 AND user_id = $7`,
			h.CodeHash, h.Host, h.BeginHash, h.Target, engine.Millis(h.ExpiresAt), h.Session, h.User)
	})
}

// FindHandover implements [auth.Store].
func (s *Store) FindHandover(ctx context.Context, codeHash string, now time.Time) (h auth.Handover, err error) {
	row := engine.Row{&h.CodeHash, &h.Session, &h.User, &h.Host, &h.BeginHash, &h.Target, engine.Time(&h.ExpiresAt), &h.FirstUse}
	err = s.find(ctx, "find handover", row, `
		SELECT
			handovers.code_hash,
			handovers.session_id,
			sessions.user_id,
			handovers.host,
			handovers.begin_hash,
			handovers.target,
			handovers.expires_at,
			NOT EXISTS (SELECT 1 FROM host_uses WHERE user_id = sessions.user_id AND host = handovers.host)
		FROM handovers
		JOIN sessions ON sessions.id = handovers.session_id
		WHERE handovers.code_hash = $1 AND handovers.expires_at > $2`, codeHash, engine.Millis(now))
	return h, err
}

// SpendHandover implements [auth.Store].
func (s *Store) SpendHandover(ctx context.Context, h auth.Handover, changes auth.ChangeSet) (spent bool, err error) {
	return s.spend(ctx, "spend handover", h.User, changes, `DELETE FROM handovers WHERE code_hash = $1`, h.CodeHash)
}

// putHostToken adds a token unless the session has ended. Older tokens of the session for
// this host end, except those that another tab may have got at the same time.
func (t *tx) putHostToken(ctx context.Context, user auth.UserID, c auth.PutHostToken, now time.Time) (added bool, err error) {
	_, err = t.Exec(ctx, `
		DELETE FROM host_tokens
		WHERE session_id = $1 AND host = $2 AND created_at < $3`, c.Session, c.Host, engine.Millis(now.Add(-auth.HandoverLifetime)))
	if err != nil {
		return false, err
	}
	return t.change(ctx, `
		INSERT INTO host_tokens (token_hash, session_id, host, created_at)
		SELECT $1, id, $2, $3
		FROM sessions
		WHERE id = $4 AND user_id = $5`, c.TokenHash, c.Host, engine.Millis(now), c.Session, user)
}

func (t *tx) putHostUse(ctx context.Context, user auth.UserID, host string, now time.Time) error {
	_, err := t.Exec(ctx, `
		INSERT INTO host_uses (user_id, host, first_at, used_at)
		SELECT id, $2, $3, $3
		FROM users
		WHERE id = $1
		ON CONFLICT (user_id, host) DO UPDATE SET used_at = excluded.used_at`, user, host, engine.Millis(now))
	return err
}

// FindHostUses implements [auth.Store].
func (s *Store) FindHostUses(ctx context.Context, user auth.UserID) (all []auth.HostUse, err error) {
	var use auth.HostUse
	var session auth.SessionID
	row := engine.Row{&use.Host, engine.Time(&use.Since), engine.Time(&use.UsedAt), &session}
	err = s.each(ctx, "find used hosts", row, func() {
		if len(all) == 0 || all[len(all)-1].Host != use.Host {
			all = append(all, use)
		}
		if last := &all[len(all)-1]; session != "" {
			last.Sessions = append(last.Sessions, session)
		}
	}, `
		SELECT DISTINCT
			host_uses.host,
			host_uses.first_at,
			host_uses.used_at,
			COALESCE(open.session_id, '')
		FROM host_uses
		LEFT JOIN (
			SELECT host_tokens.host, host_tokens.session_id
			FROM host_tokens
			JOIN sessions ON sessions.id = host_tokens.session_id
			WHERE sessions.user_id = $1
		) AS open ON open.host = host_uses.host
		WHERE host_uses.user_id = $1
		ORDER BY 1, 4`, user)
	return all, err
}

// RemoveHostUse implements [auth.Store].
func (s *Store) RemoveHostUse(ctx context.Context, user auth.UserID, host string, changes auth.ChangeSet) (removed bool, err error) {
	return s.write(ctx, "remove used host", user, func(tx *tx) (bool, error) {
		_, err := tx.Exec(ctx, `
			DELETE FROM host_tokens
			WHERE host = $2 AND session_id IN (SELECT id FROM sessions WHERE user_id = $1)`, user, host)
		if err != nil {
			return false, err
		}
		removed, err := tx.Exec(ctx, `DELETE FROM host_uses WHERE user_id = $1 AND host = $2`, user, host)
		if err != nil || removed == 0 {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}
