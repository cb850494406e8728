package db

import (
	"context"
	"fmt"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindTOTP implements [auth.Store].
func (s *Store) FindTOTP(ctx context.Context, user auth.UserID) (auth.TOTPKey, error) {
	key := auth.TOTPKey{User: user}
	var sealed []byte
	err := s.find(ctx, "find TOTP secret", engine.Row{&sealed, &key.LastStep, engine.Time(&key.AddedAt)}, `
		SELECT secret, last_step, added_at
		FROM totp
		WHERE user_id = $1`, user)
	if err != nil {
		return auth.TOTPKey{}, err
	}
	if key.Secret, err = s.seals.Open(totpSecret.place(string(user)), sealed); err != nil {
		return auth.TOTPKey{}, fmt.Errorf("find TOTP secret: %w", err)
	}
	return key, nil
}

// SpendTOTPStep implements [auth.Store]. Steps only move forward, so an older code
// cannot follow a newer one, except after a clock that was ahead.
func (s *Store) SpendTOTPStep(ctx context.Context, user auth.UserID, step int64, changes auth.ChangeSet) (spent bool, err error) {
	return s.spend(ctx, "spend TOTP step", user, changes, `
		UPDATE totp SET last_step = $1, last_used_at = $2
		WHERE user_id = $3 AND (last_step < $1 OR last_step > $4)`, step, engine.Millis(changes.At), user, step+auth.TOTPAhead)
}

// RemoveTOTP implements [auth.Store].
func (s *Store) RemoveTOTP(ctx context.Context, user auth.UserID, changes auth.ChangeSet) (removed bool, err error) {
	return s.write(ctx, "remove TOTP", user, func(tx *tx) (bool, error) {
		if err := tx.Require(ctx, `DELETE FROM totp WHERE user_id = $1`, user); err != nil {
			return false, err
		}
		if err := tx.Queue(ctx, `DELETE FROM totp_enrolments WHERE user_id = $1`, user); err != nil {
			return false, err
		}
		return tx.dropFactor(ctx, user, changes)
	})
}

func (t *tx) putTOTP(ctx context.Context, user auth.UserID, key auth.TOTPKey) error {
	sealed, err := t.seals.Seal(totpSecret.place(string(user)), key.Secret)
	if err != nil {
		return err
	}
	return t.Queue(ctx, `
		INSERT INTO totp (user_id, secret, last_step, added_at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id) DO UPDATE SET
			secret = excluded.secret,
			last_step = excluded.last_step,
			added_at = excluded.added_at,
			last_used_at = NULL`, user, sealed, key.LastStep, engine.Millis(key.AddedAt))
}
