package db

import (
	"context"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/db/internal/engine"
)

// ReplaceAppSecrets implements [oidc.Store].
func (s *Store) ReplaceAppSecrets(ctx context.Context, app oidc.App, hash string, keep int, changes auth.ChangeSet) (replaced bool, err error) {
	return s.write(ctx, "replace app secrets", "", func(tx *tx) (bool, error) {
		if err := tx.Require(ctx, `
			UPDATE apps SET version = version + 1
			WHERE id = $1 AND version = $2`, app.ID, app.Version); err != nil {
			return false, err
		}
		if err := tx.removeAppSecrets(ctx, app.ID, keep); err != nil {
			return false, err
		}
		if hash != "" {
			if err := tx.addAppSecret(ctx, app.ID, hash, changes.At); err != nil {
				return false, err
			}
		}
		return tx.apply(ctx, changes)
	})
}

func (t *tx) removeAppSecrets(ctx context.Context, id string, keep int) error {
	return t.Queue(ctx, `
		DELETE FROM app_secrets
		WHERE app_id = $1 AND hash NOT IN (
			SELECT hash
			FROM app_secrets
			WHERE app_id = $1
			ORDER BY created_at DESC, hash
			LIMIT $2
		)`, id, keep)
}

func (t *tx) addAppSecret(ctx context.Context, id, hash string, now time.Time) error {
	return t.Queue(ctx, `
		INSERT INTO app_secrets (app_id, hash, created_at)
		VALUES ($1, $2, $3)`, id, hash, engine.Millis(now))
}
