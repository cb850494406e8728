package db

import (
	"context"

	"twostep/auth"
)

// SignOutSession implements [oidc.Store].
func (s *Store) SignOutSession(ctx context.Context, user auth.UserID, id auth.SessionID) error {
	_, err := s.write(ctx, "sign out session", user, func(tx *tx) (bool, error) {
		if _, err := tx.Exec(ctx, removeCodesInSession, id, user); err != nil {
			return false, err
		}
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE id = $1 AND user_id = $2`, id, user)
		return true, err
	})
	return err
}
