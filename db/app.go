package db

import (
	"context"
	"slices"
	"strings"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/db/internal/engine"
)

var _ oidc.Store = (*Store)(nil)

const appColumns = `
		SELECT
			id,
			name,
			kind,
			alg,
			trusted,
			require_mfa,
			require_par,
			without_pkce,
			claims_in_id_token,
			backchannel_uri,
			refresh_idle,
			refresh_lifetime,
			created_at,
			disabled_at IS NOT NULL,
			version,
			COALESCE((SELECT string_agg(uri, '|') FROM app_uris WHERE app_id = apps.id AND usage = 'redirect'), ''),
			COALESCE((SELECT string_agg(uri, '|') FROM app_uris WHERE app_id = apps.id AND usage = 'post_logout'), ''),
			COALESCE((SELECT string_agg(name, '|') FROM app_groups WHERE app_id = apps.id), ''),
			COALESCE((SELECT string_agg(hash, '|') FROM app_secrets WHERE app_id = apps.id), '')
		FROM apps`

// An appRow is the destination of appColumns. No URI, group or hash has a vertical bar.
type appRow struct {
	oidc.App
	idle, lifetime                         int64 // milliseconds
	redirects, postLogouts, groups, hashes string
}

func (r *appRow) row() engine.Row {
	return engine.Row{
		&r.ID, &r.Name, &r.Kind, &r.Alg, &r.Trusted, &r.RequireMFA, &r.RequirePAR, &r.WithoutPKCE, &r.ClaimsInIDToken,
		&r.BackchannelURI, &r.idle, &r.lifetime, engine.Time(&r.CreatedAt), &r.Disabled, &r.Version, &r.redirects, &r.postLogouts, &r.groups, &r.hashes,
	}
}

func (r *appRow) app() oidc.App {
	app := r.App
	app.RefreshIdle, app.RefreshLifetime = millisecond(r.idle), millisecond(r.lifetime)
	app.RedirectURIs, app.PostLogoutURIs = sortedFields(r.redirects), sortedFields(r.postLogouts)
	app.Groups, app.SecretHashes = sortedFields(r.groups), sortedFields(r.hashes)
	return app
}

func sortedFields(text string) []string {
	if text == "" {
		return nil
	}
	fields := strings.Split(text, "|")
	slices.Sort(fields)
	return fields
}

func millisecond(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// FindApp implements [oidc.Store].
func (s *Store) FindApp(ctx context.Context, id string) (oidc.App, error) {
	var r appRow
	err := s.find(ctx, "find app", r.row(), appColumns+`
		WHERE id = $1`, id)
	if err != nil {
		return oidc.App{}, err
	}
	return r.app(), nil
}

// FindApps implements [oidc.Store].
func (s *Store) FindApps(ctx context.Context) (all []oidc.App, err error) {
	var r appRow
	err = s.each(ctx, "find apps", r.row(), func() { all = append(all, r.app()) }, appColumns+`
		ORDER BY name, id`)
	return all, err
}

// AddApp implements [oidc.Store].
func (s *Store) AddApp(ctx context.Context, app oidc.App, changes auth.ChangeSet) (added bool, err error) {
	return s.write(ctx, "add app", "", func(tx *tx) (bool, error) {
		if err := tx.serialize(ctx, appLock); err != nil {
			return false, err
		}
		if err := tx.Require(ctx, `
			INSERT INTO apps (
				id, name, kind, alg, trusted, require_mfa, require_par, without_pkce, claims_in_id_token,
				backchannel_uri, refresh_idle, refresh_lifetime, created_at, version
			)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14
			WHERE (SELECT count(*) FROM apps) < $15
			ON CONFLICT DO NOTHING`, append(appArgs(app), engine.Millis(app.CreatedAt), app.Version, auth.AppsMax)...); err != nil {
			return false, err
		}
		for _, hash := range app.SecretHashes {
			if err := tx.addAppSecret(ctx, app.ID, hash, app.CreatedAt); err != nil {
				return false, err
			}
		}
		if err := tx.addAppLists(ctx, app); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}

func appArgs(app oidc.App) []any {
	return []any{
		app.ID, app.Name, app.Kind, app.Alg, flag(app.Trusted), flag(app.RequireMFA), flag(app.RequirePAR), flag(app.WithoutPKCE),
		flag(app.ClaimsInIDToken), app.BackchannelURI, app.RefreshIdle.Milliseconds(), app.RefreshLifetime.Milliseconds(),
	}
}

// flag returns a boolean as it is stored.
func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

func (t *tx) addAppLists(ctx context.Context, app oidc.App) error {
	for usage, uris := range map[string][]string{"redirect": app.RedirectURIs, "post_logout": app.PostLogoutURIs} {
		for _, uri := range uris {
			if err := t.Queue(ctx, `
				INSERT INTO app_uris (app_id, usage, uri)
				VALUES ($1, $2, $3)
				ON CONFLICT DO NOTHING`, app.ID, usage, uri); err != nil {
				return err
			}
		}
	}
	for _, group := range app.Groups {
		if err := t.Queue(ctx, `
			INSERT INTO app_groups (app_id, name)
			VALUES ($1, $2)
			ON CONFLICT DO NOTHING`, app.ID, group); err != nil {
			return err
		}
	}
	return nil
}

// ReplaceApp implements [oidc.Store].
func (s *Store) ReplaceApp(ctx context.Context, app oidc.App, changes auth.ChangeSet) (replaced bool, err error) {
	return s.write(ctx, "replace app", "", func(tx *tx) (bool, error) {
		if err := tx.Require(ctx, `
			UPDATE apps SET
				name = $2,
				kind = $3,
				alg = $4,
				trusted = $5,
				require_mfa = $6,
				require_par = $7,
				without_pkce = $8,
				claims_in_id_token = $9,
				backchannel_uri = $10,
				refresh_idle = $11,
				refresh_lifetime = $12,
				version = version + 1
			WHERE id = $1 AND version = $13`, append(appArgs(app), app.Version)...); err != nil {
			return false, err
		}
		for _, query := range []string{`DELETE FROM app_uris WHERE app_id = $1`, `DELETE FROM app_groups WHERE app_id = $1`} {
			if err := tx.Queue(ctx, query, app.ID); err != nil {
				return false, err
			}
		}
		if err := tx.addAppLists(ctx, app); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}

// ReplaceAppDisabled implements [oidc.Store].
func (s *Store) ReplaceAppDisabled(ctx context.Context, id string, disabled bool, changes auth.ChangeSet) (replaced bool, err error) {
	return s.spend(ctx, "disable or enable app", "", changes, `
		UPDATE apps SET disabled_at = CASE WHEN $3 THEN CAST($2 AS BIGINT) END
		WHERE id = $1 AND (disabled_at IS NULL) = $3`, id, engine.Millis(changes.At), disabled)
}

// RemoveApp implements [oidc.Store].
func (s *Store) RemoveApp(ctx context.Context, id string, changes auth.ChangeSet) (removed bool, err error) {
	return s.write(ctx, "remove app", "", func(tx *tx) (bool, error) {
		if err := tx.Queue(ctx, `DELETE FROM messages WHERE channel = $1 AND body IS NOT NULL`, auth.AppChannel(id)); err != nil {
			return false, err
		}
		if err := tx.Require(ctx, `DELETE FROM apps WHERE id = $1`, id); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}
