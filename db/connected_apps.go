package db

import (
	"context"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/db/internal/engine"
)

// FindConnectedApps implements [oidc.Store].
func (s *Store) FindConnectedApps(ctx context.Context, user auth.UserID, bounds auth.SessionBounds) (all []oidc.ConnectedApp, err error) {
	var id, scope string
	granted := map[string]map[oidc.Scope]bool{}
	err = s.each(ctx, "find connected apps", engine.Row{&id, &scope}, func() {
		if granted[id] == nil {
			granted[id] = map[oidc.Scope]bool{}
		}
		for _, s := range splitScopes(scope) {
			granted[id][s] = true
		}
	}, `
		SELECT app_grants.app_id, app_grants.scope
		FROM app_grants
		WHERE app_grants.user_id = $4 AND `+activeGrant, activeArgs(bounds, user)...)
	if err != nil {
		return nil, err
	}
	var a oidc.ConnectedApp
	err = s.each(ctx, "find connected apps", engine.Row{&a.ID, &a.Name, engine.Time(&a.Since), engine.Time(&a.UsedAt)}, func() {
		a.Scopes = nil
		for _, scope := range oidc.Scopes {
			if granted[a.ID][scope] {
				a.Scopes = append(a.Scopes, scope)
			}
		}
		all = append(all, a)
	}, `
		SELECT
			apps.id,
			apps.name,
			app_consents.agreed_at,
			(SELECT max(used_at) FROM app_grants WHERE app_grants.user_id = $1 AND app_grants.app_id = apps.id)
		FROM app_consents
		JOIN apps ON apps.id = app_consents.app_id
		WHERE app_consents.user_id = $1 AND app_consents.scope = ''
		ORDER BY apps.name, apps.id`, user)
	return all, err
}

// FindSessionApps implements [oidc.Store].
func (s *Store) FindSessionApps(ctx context.Context, user auth.UserID, bounds auth.SessionBounds) (names map[auth.SessionID][]string, err error) {
	names = map[auth.SessionID][]string{}
	var session auth.SessionID
	var name string
	err = s.each(ctx, "find apps of sessions", engine.Row{&session, &name}, func() { names[session] = append(names[session], name) }, `
		SELECT DISTINCT app_grants.session_id, named.name
		FROM app_grants
		JOIN apps AS named ON named.id = app_grants.app_id
		WHERE app_grants.user_id = $4 AND app_grants.session_id IS NOT NULL AND `+activeGrant+`
		ORDER BY named.name`, activeArgs(bounds, user)...)
	return names, err
}

// Disconnect implements [oidc.Store].
func (s *Store) Disconnect(ctx context.Context, user auth.UserID, app string, changes auth.ChangeSet) error {
	return s.add(ctx, "disconnect app", user, func(tx *tx) (bool, error) {
		if err := tx.queueLogouts(ctx, endAccess, changes.At, user, app); err != nil {
			return false, err
		}
		// Without its session, none of the grants notifies the app again.
		if err := tx.Queue(ctx, `
			UPDATE app_grants SET ended_at = $3, session_id = NULL
			WHERE user_id = $1 AND app_id = $2`, user, app, engine.Millis(changes.At)); err != nil {
			return false, err
		}
		if err := tx.Require(ctx, `DELETE FROM app_consents WHERE user_id = $1 AND app_id = $2`, user, app); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}
