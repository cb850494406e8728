package db

import (
	"context"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// accountColumns are what an administrator sees of an account. Instead of EXISTS it counts:
// PostgreSQL would read whole tables for that.
var accountColumns = `
		SELECT
			users.id,
			users.email,
			users.email_key,
			users.name,
			users.created_at,
			users.disabled_at IS NOT NULL,
			users.must_change <> 0,
			users.password_hash IS NULL,
			` + isLocked + `,
			(SELECT count(*) FROM totp WHERE totp.user_id = users.id) > 0,
			(SELECT count(*) FROM passkeys WHERE passkeys.user_id = users.id),
			(SELECT count(*) FROM phones WHERE phones.user_id = users.id AND phones.reserved_at IS NOT NULL),
			(SELECT count(*) FROM sessions WHERE sessions.user_id = users.id),
			users.seen_at,
			users.role,` + groupsColumn + `,` + mfaColumns

// findAccounts runs a query of accountColumns.
func (s *Store) findAccounts(ctx context.Context, query string, args ...any) (all []auth.Account, err error) {
	var (
		a      auth.Account
		groups string
	)
	err = s.each(ctx, "find accounts", engine.Row{
		&a.ID, &a.Email.Typed, &a.Email.Key, &a.Name, engine.Time(&a.CreatedAt), &a.Disabled, &a.MustChange, &a.Invited, &a.Locked,
		&a.TOTP, &a.Passkeys, &a.Phones, &a.Sessions, engine.Time(&a.SeenAt), &a.Role, &groups,
		engine.Time(&a.MFA.Policy), engine.Time(&a.MFA.Exempt),
	}, func() {
		a.Groups = splitGroups(groups)
		all = append(all, a)
	}, query, args...)
	return all, err
}

// FindAccount implements [auth.Store].
func (s *Store) FindAccount(ctx context.Context, user auth.UserID) (auth.Account, error) {
	return first(s.findAccounts(ctx, accountColumns+`
		FROM users
		WHERE users.id = $1`, user))
}

// ReplaceDisabled implements [auth.Store].
func (s *Store) ReplaceDisabled(ctx context.Context, user auth.UserID, disabled bool, changes auth.ChangeSet) (replaced bool, err error) {
	return s.spend(ctx, "disable or enable account", user, changes, `
		UPDATE users SET disabled_at = CASE WHEN $3 THEN CAST($2 AS BIGINT) END
		WHERE id = $1 AND (disabled_at IS NULL) = $3`, user, engine.Millis(changes.At), disabled)
}

// ReplaceMustChange implements [auth.Store].
func (s *Store) ReplaceMustChange(ctx context.Context, user auth.UserID, changes auth.ChangeSet) (replaced bool, err error) {
	return s.spend(ctx, "require password change", user, changes, `
		UPDATE users SET must_change = 1
		WHERE id = $1 AND must_change = 0`, user)
}

// RemoveFactors implements [auth.Store].
func (s *Store) RemoveFactors(ctx context.Context, user auth.UserID, changes auth.ChangeSet) (removed bool, err error) {
	return s.write(ctx, "remove factors", user, func(tx *tx) (bool, error) {
		if removed, err := tx.removeFactors(ctx, user); err != nil || !removed {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}

// removeFactors removes all second factors with what belongs to them, if there are any.
func (t *tx) removeFactors(ctx context.Context, user auth.UserID) (removed bool, err error) {
	for _, query := range []string{
		`DELETE FROM totp WHERE user_id = $1`,
		`DELETE FROM passkeys WHERE user_id = $1`,
		`UPDATE phones SET reserved_at = NULL, default_at = NULL WHERE user_id = $1 AND reserved_at IS NOT NULL`,
	} {
		changed, err := t.Exec(ctx, query, user)
		if err != nil {
			return false, err
		}
		removed = removed || changed > 0
	}
	if !removed {
		return false, nil
	}
	for _, query := range []string{
		`DELETE FROM backup_code_sets WHERE user_id = $1`,
		`DELETE FROM totp_enrolments WHERE user_id = $1`,
	} {
		if _, err := t.Exec(ctx, query, user); err != nil {
			return false, err
		}
	}
	return true, nil
}
