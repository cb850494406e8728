package db

import (
	"context"

	"twostep/auth"
)

// ReplacePassword sets an account's password and takes the mark away that it
// must be changed. An account that the operator has disabled stays as it is.
func (s *Store) ReplacePassword(ctx context.Context, user auth.UserID, hash string, grant auth.Grant) (replaced bool, err error) {
	return s.spend(ctx, "replace a password", user, grant, `
		UPDATE users SET password_hash = $1, must_change = 0
		WHERE id = $2 AND disabled_at IS NULL`, hash, user)
}
