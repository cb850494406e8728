package db

import (
	"context"
	"slices"

	"twostep/auth"
)

// FindUserByEmail finds an account by the key of its address.
func (s *Store) FindUserByEmail(ctx context.Context, emailKey string) (u auth.User, err error) {
	err = s.find(ctx, "find an account", userRow(&u), `
		SELECT id, email, email_key, password_hash, disabled_at IS NOT NULL
		FROM users
		WHERE email_key = $1`, emailKey)
	return u, err
}

// SpendPassword writes a grant on condition that the account still has this
// password hash and is not disabled; rehash takes its place unless it is empty.
// The mark that the password must be changed goes with a change alone, which
// the grant's history tells from a stronger hash of the same password.
func (s *Store) SpendPassword(ctx context.Context, user auth.UserID, hash, rehash string, grant auth.Grant) (spent bool, err error) {
	if rehash == "" {
		rehash = hash
	}
	changed := slices.ContainsFunc(grant.Events, func(e auth.Event) bool { return e.What == auth.PasswordChanged })
	return s.spend(ctx, "spend a password", user, grant, `
		UPDATE users SET password_hash = $1, must_change = CASE WHEN $4 THEN 0 ELSE must_change END
		WHERE id = $2 AND password_hash = $3 AND disabled_at IS NULL`, rehash, user, hash, changed)
}

// addUser begins an account, or answers auth.ErrAddressTaken: of two who
// proved the same address at the same time, one has it.
func (t *tx) addUser(ctx context.Context, u auth.NewUser) error {
	added, err := t.exec(ctx, `
		INSERT INTO users (id, email, email_key, password_hash, created_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (email_key) DO NOTHING`,
		u.ID, u.Email.Typed, u.Email.Key, u.PasswordHash, millis(u.CreatedAt))
	if err == nil && added == 0 {
		err = auth.ErrAddressTaken
	}
	return err
}
