package db

import (
	"context"
	"errors"
	"strings"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/db/internal/engine"
)

// activeGrant is the condition under which a grant is active, the only text of it. Ending
// a session in any way therefore ends its tokens. One dated in the future is not active: its
// age is unknown. Its arguments are those of [activeArgs], $1 to $3. PostgreSQL could hash
// an EXISTS after OR, which reads every session of the site.
const activeGrant = `app_grants.ended_at IS NULL
				AND app_grants.created_at <= $3
				AND EXISTS (SELECT 1 FROM apps WHERE apps.id = app_grants.app_id AND apps.disabled_at IS NULL)
				AND EXISTS (SELECT 1 FROM users WHERE users.id = app_grants.user_id AND users.disabled_at IS NULL)
				AND (
					app_grants.offline = 1
					OR (
						SELECT sessions.seen_at BETWEEN $1 AND $3 AND sessions.started_at BETWEEN $2 AND $3
						FROM sessions
						WHERE sessions.id = app_grants.session_id
					)
				)`

func activeArgs(bounds auth.SessionBounds, more ...any) []any {
	return append([]any{engine.Millis(bounds.SeenFrom), engine.Millis(bounds.StartedFrom), engine.Millis(bounds.Until)}, more...)
}

// FindGrant implements [oidc.Store].
func (s *Store) FindGrant(ctx context.Context, id string, bounds auth.SessionBounds) (g oidc.Grant, err error) {
	var scope, amr string
	err = s.find(ctx, "find grant", engine.Row{
		&g.ID, &g.App, &g.User, &g.Session, &scope, &g.Nonce, engine.Time(&g.AuthTime), &g.ACR, &amr, &g.Offline,
		engine.Time(&g.CreatedAt), engine.Time(&g.ExpiresAt), &g.Email, &g.Name,
		engine.Time(&g.UpdatedAt),
	}, `
		SELECT
			app_grants.id,
			app_grants.app_id,
			app_grants.user_id,
			COALESCE(app_grants.session_id, ''),
			app_grants.scope,
			app_grants.nonce,
			app_grants.auth_time,
			app_grants.acr,
			app_grants.amr,
			app_grants.offline,
			app_grants.created_at,
			app_grants.expires_at,
			users.email,
			users.name,
			users.updated_at
		FROM app_grants
		JOIN users ON users.id = app_grants.user_id
		WHERE app_grants.id = $4 AND `+activeGrant, activeArgs(bounds, id)...)
	g.Scopes, g.AMR = splitScopes(scope), strings.Fields(amr)
	return g, err
}

// FindGrantOfCode implements [oidc.Store].
func (s *Store) FindGrantOfCode(ctx context.Context, app, hash string) (id string, user auth.UserID, err error) {
	err = s.find(ctx, "find grant of code", engine.Row{&id, &user}, `
		SELECT app_grants.id, app_grants.user_id
		FROM app_codes
		JOIN app_grants ON app_grants.id = app_codes.grant_id
		WHERE app_codes.hash = $1 AND app_codes.app_id = $2`, hash, app)
	return id, user, err
}

// FindRefreshToken implements [oidc.Store].
func (s *Store) FindRefreshToken(ctx context.Context, app, hash string) (t oidc.FoundRefreshToken, err error) {
	err = s.find(ctx, "find refresh token", engine.Row{&t.Grant, &t.User, engine.Time(&t.ExpiresAt), &t.Spent}, `
		SELECT
			app_grants.id,
			app_grants.user_id,
			app_refresh_tokens.expires_at,
			app_refresh_tokens.spent_at IS NOT NULL OR app_refresh_tokens.replaced_at IS NOT NULL
		FROM app_refresh_tokens
		JOIN app_grants ON app_grants.id = app_refresh_tokens.grant_id
		WHERE app_refresh_tokens.hash = $1 AND app_refresh_tokens.app_id = $2`, hash, app)
	return t, err
}

// SpendCode implements [oidc.Store].
func (s *Store) SpendCode(ctx context.Context, user auth.UserID, use oidc.CodeUse, bounds auth.SessionBounds, first oidc.RefreshToken, changes auth.ChangeSet) (result oidc.Use, err error) {
	_, err = s.write(ctx, "spend code", user, func(tx *tx) (bool, error) {
		var grant string
		err := tx.Find(ctx, engine.Row{&grant}, `
			UPDATE app_codes SET spent_at = $4
			WHERE hash = $5 AND app_id = $6 AND redirect_uri = $7 AND challenge = $8 AND spent_at IS NULL AND expires_at > $4
				AND EXISTS (SELECT 1 FROM app_grants WHERE app_grants.id = app_codes.grant_id AND `+activeGrant+`)
			RETURNING grant_id`,
			activeArgs(bounds, engine.Millis(changes.At), use.Hash, use.App, use.RedirectURI, use.Challenge)...)
		if err == nil {
			result = oidc.Used
			return true, tx.useGrant(ctx, grant, use.App, first, nil, changes.At)
		}
		if !errors.Is(err, auth.ErrNotFound) {
			return false, err
		}
		err = tx.Find(ctx, engine.Row{&grant}, `
			SELECT grant_id
			FROM app_codes
			WHERE hash = $1 AND app_id = $2 AND redirect_uri = $3 AND challenge = $4 AND spent_at IS NOT NULL`,
			use.Hash, use.App, use.RedirectURI, use.Challenge)
		result, err = tx.reused(ctx, grant, err, changes)
		return result == oidc.Reused, err
	})
	return result, err
}

// useGrant records that the app got tokens, and adds their refresh token if there is one.
func (t *tx) useGrant(ctx context.Context, grant, app string, token oidc.RefreshToken, predecessor any, now time.Time) error {
	if err := t.Queue(ctx, `UPDATE app_grants SET used_at = $2 WHERE id = $1`, grant, engine.Millis(now)); err != nil || token.Hash == "" {
		return err
	}
	return t.Queue(ctx, `
		INSERT INTO app_refresh_tokens (hash, grant_id, app_id, predecessor, expires_at)
		VALUES ($1, $2, $3, $4, $5)`, token.Hash, grant, app, predecessor, engine.Millis(token.ExpiresAt))
}

// reused ends the grant of a code or refresh token that was used before, and applies
// changes if this has ended it. err is that of finding it.
func (t *tx) reused(ctx context.Context, grant string, err error, changes auth.ChangeSet) (oidc.Use, error) {
	if errors.Is(err, auth.ErrNotFound) {
		return oidc.NotUsed, nil
	}
	if err != nil {
		return oidc.NotUsed, err
	}
	ended, err := t.endGrant(ctx, grant, changes.At)
	if err == nil && ended {
		_, err = t.apply(ctx, changes)
	}
	return oidc.Reused, err
}

func (t *tx) endGrant(ctx context.Context, grant string, now time.Time) (ended bool, err error) {
	rows, err := t.Exec(ctx, `
		UPDATE app_grants SET ended_at = $2
		WHERE id = $1 AND ended_at IS NULL`, grant, engine.Millis(now))
	return rows > 0, err
}

// SpendRefreshToken implements [oidc.Store].
func (s *Store) SpendRefreshToken(ctx context.Context, user auth.UserID, app, hash string, bounds auth.SessionBounds, next oidc.RefreshToken, changes auth.ChangeSet) (result oidc.Use, err error) {
	_, err = s.write(ctx, "spend refresh token", user, func(tx *tx) (bool, error) {
		var grant string
		err := tx.Find(ctx, engine.Row{&grant}, `
			UPDATE app_refresh_tokens AS t SET spent_at = COALESCE(spent_at, $4)
			WHERE hash = $5 AND app_id = $6 AND expires_at > $4 AND replaced_at IS NULL
				AND (
					spent_at IS NULL
					OR spent_at BETWEEN $7 AND $3
						AND NOT EXISTS (SELECT 1 FROM app_refresh_tokens AS n WHERE n.predecessor = t.hash AND n.spent_at IS NOT NULL)
				)
				AND EXISTS (SELECT 1 FROM app_grants WHERE app_grants.id = t.grant_id AND `+activeGrant+`)
			RETURNING grant_id`,
			activeArgs(bounds, engine.Millis(changes.At), hash, app, engine.Millis(changes.At.Add(time.Millisecond-auth.RefreshGrace)))...)
		if err == nil {
			result = oidc.Used
			return true, tx.replaceSuccessor(ctx, grant, app, hash, next, changes.At)
		}
		if !errors.Is(err, auth.ErrNotFound) {
			return false, err
		}
		err = tx.Find(ctx, engine.Row{&grant}, `
			SELECT grant_id
			FROM app_refresh_tokens
			WHERE hash = $1 AND app_id = $2 AND (spent_at IS NOT NULL OR replaced_at IS NOT NULL)`, hash, app)
		result, err = tx.reused(ctx, grant, err, changes)
		return result == oidc.Reused, err
	})
	return result, err
}

// replaceSuccessor adds the next token in the place of a successor that was not used,
// because its response was lost. That one is kept: if it is presented, its response was
// not lost, and somebody else has used its predecessor.
func (t *tx) replaceSuccessor(ctx context.Context, grant, app, hash string, next oidc.RefreshToken, now time.Time) error {
	if err := t.Queue(ctx, `
		UPDATE app_refresh_tokens SET replaced_at = $2
		WHERE predecessor = $1 AND spent_at IS NULL AND replaced_at IS NULL`, hash, engine.Millis(now)); err != nil {
		return err
	}
	return t.useGrant(ctx, grant, app, next, hash, now)
}

// EndGrant implements [oidc.Store].
func (s *Store) EndGrant(ctx context.Context, app, id string, now time.Time) error {
	_, err := s.change(ctx, "end grant", "", `
		UPDATE app_grants SET ended_at = $3
		WHERE id = $1 AND app_id = $2`, id, app, engine.Millis(now))
	return err
}
