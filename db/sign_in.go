package db

import (
	"context"

	"twostep/auth"
)

// FindUserByEmail finds an account by the key of its address.
func (s *Store) FindUserByEmail(ctx context.Context, emailKey string) (auth.User, error) {
	return s.findUser(ctx, `
		SELECT id, email, email_key, password_hash, password_sealed, disabled_at IS NOT NULL
		FROM users
		WHERE email_key = $1`, emailKey)
}

// addUser begins an account, or answers auth.ErrAddressTaken: of two who
// proved the same address at the same time, one has it.
func (t *tx) addUser(ctx context.Context, u auth.AddUser) error {
	sealed, err := t.seals.sealHash(passwordHash(u.ID), u.PasswordHash)
	if err != nil {
		return err
	}
	added, err := t.Exec(ctx, `
		INSERT INTO users (id, email, email_key, password_hash, password_sealed, created_at)
		VALUES ($1, $2, $3, '', $4, $5)
		ON CONFLICT (email_key) DO NOTHING`,
		u.ID, u.Email.Typed, u.Email.Key, orNull(sealed), Millis(u.CreatedAt))
	if err == nil && added == 0 {
		err = auth.ErrEmailTaken
	}
	return err
}
