package db

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"twostep/auth"
)

// ReplacePassword sets an account's password and takes the mark away that it
// must be changed. An account that the operator has disabled stays as it is.
func (s *Store) ReplacePassword(ctx context.Context, user auth.UserID, hash string, grant auth.ChangeSet) (replaced bool, err error) {
	sealed, err := s.seals.sealHash(passwordHash(user), hash)
	if err != nil {
		return false, fmt.Errorf("replace a password: %w", err)
	}
	return s.spend(ctx, "replace a password", user, grant, `
		UPDATE users SET password_hash = '', password_sealed = $1, must_change = 0
		WHERE id = $2 AND disabled_at IS NULL`, orNull(sealed), user)
}

// SpendPassword writes a grant on condition that the account still has this
// password hash and is not disabled; rehash takes its place unless it is empty.
//
// A hash is sealed otherwise each time, so what stands is opened and compared,
// and then spent as it was read: who changed it in between has won.
func (s *Store) SpendPassword(ctx context.Context, user auth.UserID, hash, rehash string, grant auth.ChangeSet) (spent bool, err error) {
	return s.write(ctx, "spend a password", user, func(tx *tx) (bool, error) {
		stands, err := tx.findHash(ctx, user)
		if errors.Is(err, auth.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		was, err := tx.seals.openHash(passwordHash(user), stands)
		if err != nil || subtle.ConstantTimeCompare([]byte(was), []byte(hash)) == 0 {
			return false, err
		}
		next := stands.sealed
		if rehash != "" || next == nil {
			if next, err = tx.seals.sealHash(passwordHash(user), cmp.Or(rehash, hash)); err != nil {
				return false, err
			}
		}
		rows, err := tx.Exec(ctx, `
			UPDATE users SET password_hash = '', password_sealed = $1
			WHERE id = $2 AND password_hash = $3 AND password_sealed IS NOT DISTINCT FROM $4 AND disabled_at IS NULL`,
			orNull(next), user, stands.open, orNull(stands.sealed))
		if err != nil || rows == 0 {
			return false, err
		}
		return tx.apply(ctx, grant)
	})
}
