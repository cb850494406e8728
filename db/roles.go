package db

import (
	"context"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// ReplaceRole implements [auth.Store].
func (s *Store) ReplaceRole(ctx context.Context, user auth.UserID, role auth.Role, changes auth.ChangeSet) (replaced bool, err error) {
	return s.spend(ctx, "change role", user, changes, `
		UPDATE users SET role = $1
		WHERE id = $2 AND role <> $1`, role, user)
}

// requireOperator returns auth.ErrNotAllowed unless a session may act on an account.
func (t *tx) requireOperator(ctx context.Context, user auth.UserID, c auth.RequireOperator) error {
	allowed := false
	err := t.Each(ctx, engine.Row{&allowed}, func() {}, `
		SELECT operator.disabled_at IS NULL
			AND operator.role >= $1
			AND operator.role >= COALESCE((SELECT role FROM users WHERE id = $2), 0)
			AND operator.id <> $2
			AND COALESCE(sessions.mfa_at, 0) >= $3
		FROM sessions
		JOIN users AS operator ON operator.id = sessions.user_id
		WHERE sessions.id = $4`, c.Role, user, engine.Millis(c.VerifiedFrom), c.Session)
	if err == nil && !allowed {
		err = auth.ErrNotAllowed
	}
	return err
}

// keepAdmin returns auth.ErrLastAdmin if the account is an admin and no other one is
// enabled.
func (t *tx) keepAdmin(ctx context.Context, user auth.UserID) error {
	if err := t.serialize(ctx, adminLock); err != nil {
		return err
	}
	last := false
	err := t.Each(ctx, engine.Row{&last}, func() {}, `
		SELECT NOT EXISTS (SELECT 1 FROM users AS other WHERE other.role = $1 AND other.id <> $2 AND other.disabled_at IS NULL)
		FROM users
		WHERE id = $2 AND role = $1`, auth.RoleAdmin, user)
	if err == nil && last {
		err = auth.ErrLastAdmin
	}
	return err
}
