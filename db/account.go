package db

import (
	"context"

	"twostep/auth"
)

// FindUser reads an account.
func (s *Store) FindUser(ctx context.Context, user auth.UserID) (auth.User, error) {
	return s.findUser(ctx, `
		SELECT id, email, email_key, password_hash, password_sealed, disabled_at IS NOT NULL
		FROM users
		WHERE id = $1`, user)
}

// RemoveUser deletes an account and everything that hangs on it, and writes
// the messages of the grant. Most goes by its foreign key; what hangs on a
// name alone, codes and counts, goes before it.
func (s *Store) RemoveUser(ctx context.Context, user auth.UserID, grant auth.ChangeSet) (removed bool, err error) {
	return s.write(ctx, "delete an account", user, func(tx *tx) (bool, error) {
		for _, query := range []string{
			codesHeldBy(`
				SELECT handle FROM attempts WHERE user_id = $1
				UNION ALL
				SELECT id FROM phone_enrolments WHERE user_id = $1
				UNION ALL
				SELECT id FROM address_enrolments WHERE user_id = $1`),
			`DELETE FROM tries
			WHERE owner IN (
				SELECT id FROM users WHERE id = $1
				UNION ALL
				SELECT handle FROM attempts WHERE user_id = $1
			)`,
		} {
			if _, err := tx.Exec(ctx, query, user); err != nil {
				return false, err
			}
		}
		gone, err := tx.Exec(ctx, `DELETE FROM users WHERE id = $1`, user)
		if err != nil || gone == 0 {
			return false, err
		}
		return tx.apply(ctx, grant)
	})
}
