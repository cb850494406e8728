package db

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/db/internal/engine"
)

// AddRequest implements [oidc.Store].
func (s *Store) AddRequest(ctx context.Context, r oidc.Request, limits []auth.RateLimit) (refused int, count auth.Count, err error) {
	parameters, err := json.Marshal(r.Params)
	if err != nil {
		return -1, count, fmt.Errorf("add request: %w", err)
	}
	return s.addAllowed(ctx, "add request", "", r.CreatedAt, limits, func(tx *tx) (bool, error) {
		return tx.change(ctx, `
			INSERT INTO app_requests (hash, app_id, parameters, pushed, created_at, expires_at)
			SELECT $1, id, $3, $4, $5, $6
			FROM apps
			WHERE id = $2`,
			r.Hash, r.App, string(parameters), flag(r.Pushed), engine.Millis(r.CreatedAt), engine.Millis(r.ExpiresAt))
	})
}

// FindRequest implements [oidc.Store].
func (s *Store) FindRequest(ctx context.Context, hash string) (r oidc.Request, err error) {
	r.Hash = hash
	var parameters string
	err = s.find(ctx, "find request", engine.Row{
		&r.App, &parameters, engine.Time(&r.CreatedAt), engine.Time(&r.ExpiresAt), engine.Time(&r.SteppedUpAt), &r.Done,
	}, `
		SELECT
			app_id,
			parameters,
			created_at,
			expires_at,
			stepped_up_at,
			done_at IS NOT NULL
		FROM app_requests
		WHERE hash = $1 AND pushed = 0`, hash)
	if err != nil {
		return oidc.Request{}, err
	}
	if err := json.Unmarshal([]byte(parameters), &r.Params); err != nil {
		return oidc.Request{}, fmt.Errorf("find request: %w", err)
	}
	return r, nil
}

// SpendPushedRequest implements [oidc.Store].
func (s *Store) SpendPushedRequest(ctx context.Context, app, hash string, next oidc.Request) (spent bool, err error) {
	return s.change(ctx, "spend pushed request", "", `
		UPDATE app_requests SET hash = $1, created_at = $2, expires_at = $3, pushed = 0
		WHERE hash = $4 AND app_id = $5 AND pushed = 1 AND expires_at > $2`,
		next.Hash, engine.Millis(next.CreatedAt), engine.Millis(next.ExpiresAt), hash, app)
}

// SpendStepUp implements [oidc.Store].
func (s *Store) SpendStepUp(ctx context.Context, hash string, now time.Time) (spent bool, err error) {
	return s.change(ctx, "spend step-up", "", `
		UPDATE app_requests SET stepped_up_at = $2
		WHERE hash = $1 AND stepped_up_at IS NULL`, hash, engine.Millis(now))
}

// SpendRequest implements [oidc.Store].
func (s *Store) SpendRequest(ctx context.Context, hash string, now time.Time) (spent bool, err error) {
	return s.write(ctx, "spend request", "", func(tx *tx) (bool, error) { return tx.spendRequest(ctx, hash, now) })
}

func (t *tx) spendRequest(ctx context.Context, hash string, now time.Time) (spent bool, err error) {
	return t.change(ctx, `
		UPDATE app_requests SET done_at = $2
		WHERE hash = $1 AND pushed = 0 AND done_at IS NULL AND expires_at > $2`, hash, engine.Millis(now))
}

// IssueCode implements [oidc.Store].
func (s *Store) IssueCode(ctx context.Context, limits []auth.RateLimit, issue oidc.Issue) (refused int, count auth.Count, err error) {
	changes := issue.Changes
	return s.addAllowed(ctx, "issue code", changes.User, changes.At, limits, func(tx *tx) (bool, error) {
		if issue.Request != "" {
			if spent, err := tx.spendRequest(ctx, issue.Request, changes.At); err != nil || !spent {
				return false, err
			}
		}
		if err := tx.addGrant(ctx, issue.Grant, issue.Code); err != nil {
			return false, err
		}
		for _, scope := range slices.Concat(issue.Agreed, []oidc.Scope{""}) {
			if err := tx.addConsent(ctx, issue.Grant, scope); err != nil {
				return false, err
			}
		}
		return tx.apply(ctx, changes)
	})
}

// addGrant adds a grant and its code, unless its session has ended.
func (t *tx) addGrant(ctx context.Context, g oidc.Grant, code oidc.Code) error {
	if err := t.Require(ctx, `
		INSERT INTO app_grants (id, app_id, user_id, session_id, scope, nonce, auth_time, acr, amr, offline, created_at, expires_at)
		SELECT $1, $2, users.id, sessions.id, $5, $6, $7, $8, $9, $10, $11, $12
		FROM sessions
		JOIN users ON users.id = sessions.user_id
		WHERE sessions.id = $4 AND users.id = $3 AND users.disabled_at IS NULL`,
		g.ID, g.App, g.User, g.Session, oidc.ScopeText(g.Scopes), g.Nonce, engine.Millis(g.AuthTime), g.ACR, strings.Join(g.AMR, " "),
		flag(g.Offline), engine.Millis(g.CreatedAt), engine.Millis(g.ExpiresAt)); err != nil {
		return err
	}
	return t.Queue(ctx, `
		INSERT INTO app_codes (hash, grant_id, app_id, redirect_uri, challenge, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		code.Hash, g.ID, g.App, code.RedirectURI, code.Challenge, engine.Millis(code.ExpiresAt))
}

func (t *tx) addConsent(ctx context.Context, g oidc.Grant, scope oidc.Scope) error {
	return t.Queue(ctx, `
		INSERT INTO app_consents (user_id, app_id, scope, agreed_at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, g.User, g.App, scope, engine.Millis(g.CreatedAt))
}

// FindConsent implements [oidc.Store].
func (s *Store) FindConsent(ctx context.Context, user auth.UserID, app string) (agreed []oidc.Scope, used bool, err error) {
	var scope oidc.Scope
	err = s.each(ctx, "find consent", engine.Row{&scope}, func() {
		if used = true; scope != "" {
			agreed = append(agreed, scope)
		}
	}, `
		SELECT scope
		FROM app_consents
		WHERE user_id = $1 AND app_id = $2`, user, app)
	return agreed, used, err
}

func splitScopes(text string) (scopes []oidc.Scope) {
	for _, scope := range strings.Fields(text) {
		scopes = append(scopes, oidc.Scope(scope))
	}
	return scopes
}
