package db

import (
	"context"
	"crypto/subtle"
	"fmt"

	"twostep/auth"
	"twostep/db/internal/engine"
	"twostep/db/internal/seal"
)

// sealHash encrypts a password hash, or returns nil for no password. Argon2id makes
// each guess at a password expensive. Encryption makes guesses impossible for an
// attacker who has stolen the database but not the keys (ST-03).
func sealHash(s seal.Sealer, p seal.Place, hash string) (sealed any, err error) {
	if hash == "" {
		return nil, nil
	}
	return s.Seal(p, []byte(hash))
}

func openHash(s seal.Sealer, p seal.Place, sealed []byte) (hash string, err error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := s.Open(p, sealed)
	return string(plain), err
}

// orNull returns a sealed value as an argument: the drivers do not agree that a
// nil slice is NULL.
func orNull(sealed []byte) any {
	if sealed == nil {
		return nil
	}
	return sealed
}

// ReplacePassword implements [auth.Store].
func (s *Store) ReplacePassword(ctx context.Context, user auth.UserID, hash string, changes auth.ChangeSet) (replaced bool, err error) {
	sealed, err := sealHash(s.seals, passwordHash.place(string(user)), hash)
	if err != nil {
		return false, fmt.Errorf("replace password: %w", err)
	}
	return s.spend(ctx, "replace password", user, changes, `
		UPDATE users SET password_hash = $1, must_change = 0
		WHERE id = $2 AND disabled_at IS NULL`, sealed, user)
}

// SpendPassword implements [auth.Store]. The same hash encrypts to another value
// each time, so it is decrypted to compare it, and the update requires the
// encrypted value that was read.
func (s *Store) SpendPassword(ctx context.Context, user auth.UserID, hash, rehash string, changes auth.ChangeSet) (spent bool, err error) {
	return s.write(ctx, "verify password", user, func(tx *tx) (bool, error) {
		var stored []byte
		if err := tx.Each(ctx, engine.Row{&stored}, func() {}, `
			SELECT password_hash
			FROM users
			WHERE id = $1`, user); err != nil {
			return false, err
		}
		current, err := openHash(tx.seals, passwordHash.place(string(user)), stored)
		if err != nil || subtle.ConstantTimeCompare([]byte(current), []byte(hash)) == 0 {
			return false, err
		}
		next := orNull(stored)
		if rehash != "" {
			if next, err = sealHash(tx.seals, passwordHash.place(string(user)), rehash); err != nil {
				return false, err
			}
		}
		if err := tx.Require(ctx, `
			UPDATE users SET password_hash = $1
			WHERE id = $2 AND password_hash IS NOT DISTINCT FROM $3 AND disabled_at IS NULL`,
			next, user, orNull(stored)); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}
