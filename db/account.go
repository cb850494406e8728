package db

import (
	"context"
	"fmt"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

const userColumns = `
		SELECT id, email, email_key, name, password_hash, disabled_at IS NOT NULL, updated_at, passkey_handle
		FROM users`

// FindUser implements [auth.Store].
func (s *Store) FindUser(ctx context.Context, user auth.UserID) (auth.User, error) {
	return s.findUser(ctx, userColumns+`
		WHERE id = $1`, user)
}

// FindUserByEmail implements [auth.Store].
func (s *Store) FindUserByEmail(ctx context.Context, emailKey string) (auth.User, error) {
	return s.findUser(ctx, userColumns+`
		WHERE email_key = $1`, emailKey)
}

func (s *Store) findUser(ctx context.Context, query string, key any) (u auth.User, err error) {
	var sealed []byte
	row := engine.Row{&u.ID, &u.Email.Typed, &u.Email.Key, &u.Name, &sealed, &u.Disabled, engine.Time(&u.UpdatedAt), &u.PasskeyHandle}
	if err = s.find(ctx, "find account", row, query, key); err != nil {
		return auth.User{}, err
	}
	if u.PasswordHash, err = openHash(s.seals, passwordHash.place(string(u.ID)), sealed); err != nil {
		return auth.User{}, fmt.Errorf("find account: %w", err)
	}
	return u, nil
}

// addUser adds an account, or returns auth.ErrEmailTaken. Of concurrent sign-ups
// with the same email address, only one succeeds.
func (t *tx) addUser(ctx context.Context, u auth.AddUser) error {
	sealed, err := sealHash(t.seals, passwordHash.place(string(u.ID)), u.PasswordHash)
	if err != nil {
		return err
	}
	added, err := t.Exec(ctx, `
		INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at, passkey_handle)
		VALUES ($1, $2, $3, $4, $5, $5, $6)
		ON CONFLICT (email_key) DO NOTHING`,
		u.ID, u.Email.Typed, u.Email.Key, sealed, engine.Millis(u.CreatedAt), u.PasskeyHandle)
	if err == nil && added == 0 {
		err = auth.ErrEmailTaken
	}
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `DELETE FROM invitations WHERE email_key = $1`, u.Email.Key)
	return err
}

// replaceName sets the account's display name.
func (t *tx) replaceName(ctx context.Context, user auth.UserID, name string, now time.Time) (replaced bool, err error) {
	return t.change(ctx, `UPDATE users SET name = $1, updated_at = $2 WHERE id = $3`, name, engine.Millis(now), user)
}

// RemoveUser implements [auth.Store]. Sent codes and rate limits have no foreign
// key, because their holders are of several kinds, and are removed first. The changes
// are applied before, so that the removal itself is recorded.
func (s *Store) RemoveUser(ctx context.Context, user auth.UserID, changes auth.ChangeSet) (removed bool, err error) {
	return s.write(ctx, "remove account", user, func(tx *tx) (bool, error) {
		if applied, err := tx.apply(ctx, changes); err != nil || !applied {
			return false, err
		}
		for _, query := range []string{
			removeCodesOf(`
				SELECT token_hash FROM attempts WHERE user_id = $1
				UNION ALL
				SELECT id FROM phone_enrolments WHERE user_id = $1
				UNION ALL
				SELECT id FROM email_enrolments WHERE user_id = $1`),
			`DELETE FROM rate_limits
			WHERE account IN (
				SELECT id FROM users WHERE id = $1
				UNION ALL
				SELECT token_hash FROM attempts WHERE user_id = $1
			)`,
			`UPDATE audit_events SET email = '' -- who was invited
			WHERE user_id = '' AND email = (SELECT email_key FROM users WHERE id = $1)`,
		} {
			if _, err := tx.Exec(ctx, query, user); err != nil {
				return false, err
			}
		}
		if err := tx.queueLogouts(ctx, endAccount, changes.At, user); err != nil {
			return false, err
		}
		changed, err := tx.Exec(ctx, `DELETE FROM users WHERE id = $1`, user)
		if err != nil || changed == 0 {
			return false, err
		}
		return true, tx.eraseEvents(ctx, user)
	})
}
