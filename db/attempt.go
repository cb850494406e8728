package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindAttempt implements [auth.Store].
func (s *Store) FindAttempt(ctx context.Context, tokenHash string, now time.Time) (auth.Attempt, error) {
	var (
		a        auth.Attempt
		sealed   []byte
		factor   sql.Null[auth.FactorKind]
		verified auth.VerifiedFactor
	)
	err := s.each(ctx, "find attempt", engine.Row{
		&a.TokenHash, &a.Purpose, &a.User, &a.Email, &sealed, &a.Invitation, &a.Chosen.Factor, &a.Chosen.Phone.ID,
		&a.Next, &a.Session, &a.Demand.AllFactors, engine.Time(&a.Demand.NotBefore), (*int)(&a.Demand.Level), engine.Time(&a.ExpiresAt), &factor, engine.Time(&verified.At),
	}, func() {
		if factor.Valid {
			verified.Factor = factor.V
			a.Verified = append(a.Verified, verified)
		}
	}, `
		SELECT
			attempts.token_hash,
			attempts.purpose,
			COALESCE(attempts.user_id, ''),
			attempts.email,
			attempts.new_password_hash,
			attempts.invitation,
			attempts.chosen_factor,
			attempts.chosen_phone,
			attempts.next,
			COALESCE(attempts.session_id, ''),
			attempts.demand_all,
			attempts.demand_since,
			attempts.demand_level,
			attempts.expires_at,
			attempt_factors.factor,
			attempt_factors.verified_at
		FROM attempts
		LEFT JOIN attempt_factors ON attempt_factors.attempt_hash = attempts.token_hash
		WHERE attempts.token_hash = $1 AND attempts.expires_at > $2
		ORDER BY attempt_factors.position`, tokenHash, engine.Millis(now))
	if err != nil {
		return auth.Attempt{}, err
	}
	if a.TokenHash == "" {
		return auth.Attempt{}, auth.ErrNotFound
	}
	if a.NewPasswordHash, err = openHash(s.seals, newPasswordHash.place(a.TokenHash), sealed); err != nil {
		return auth.Attempt{}, fmt.Errorf("find attempt: %w", err)
	}
	return a, nil
}

// AddAttempt implements [auth.Store].
func (s *Store) AddAttempt(ctx context.Context, changes auth.ChangeSet) error {
	return s.add(ctx, "add attempt", changes.User, func(tx *tx) (bool, error) { return tx.apply(ctx, changes) })
}

// AllowAttempt implements [auth.Store].
func (s *Store) AllowAttempt(ctx context.Context, limits []auth.RateLimit, changes auth.ChangeSet) (refused int, count auth.Count, err error) {
	return s.addAllowed(ctx, "allow attempt", changes.User, changes.At, limits, func(tx *tx) (bool, error) { return tx.apply(ctx, changes) })
}

// ReplaceMethod implements [auth.Store].
func (s *Store) ReplaceMethod(ctx context.Context, tokenHash string, chosen auth.Method, changes auth.ChangeSet) (changed bool, err error) {
	return s.spend(ctx, "choose method", changes.User, changes, `
		UPDATE attempts SET chosen_factor = $1, chosen_phone = $2
		WHERE token_hash = $3 AND expires_at > $4`, chosen.Factor, chosen.Phone.ID, tokenHash, engine.Millis(changes.At))
}

// RemoveAttempt implements [auth.Store].
func (s *Store) RemoveAttempt(ctx context.Context, tokenHash string) error {
	_, err := s.write(ctx, "remove attempt", "", func(tx *tx) (bool, error) {
		if _, err := tx.Exec(ctx, `DELETE FROM attempts WHERE token_hash = $1`, tokenHash); err != nil {
			return false, err
		}
		return true, tx.removeSentCode(ctx, tokenHash)
	})
	return err
}

// endAttempt removes an attempt and reports whether it had not expired. Of
// concurrent responses that would complete it, only one succeeds.
func (t *tx) endAttempt(ctx context.Context, tokenHash string, now time.Time) (open bool, err error) {
	removed, err := t.Exec(ctx, `
		DELETE FROM attempts
		WHERE token_hash = $1 AND expires_at > $2`, tokenHash, engine.Millis(now))
	if err != nil || removed == 0 {
		return false, err
	}
	return true, t.removeSentCode(ctx, tokenHash)
}

// endOlderAttempts removes the account's other attempts for the same purpose, so
// that only the newest code sent for it is valid (RC-03).
func (t *tx) endOlderAttempts(ctx context.Context, user auth.UserID, c auth.EndOlderAttempts) error {
	_, err := t.Exec(ctx, removeCodesOf(`
			SELECT token_hash FROM attempts WHERE user_id = $1 AND purpose = $2 AND token_hash <> $3`),
		user, c.Purpose, c.Except)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `
		DELETE FROM attempts
		WHERE user_id = $1 AND purpose = $2 AND token_hash <> $3
			AND NOT EXISTS (SELECT 1 FROM attempt_factors WHERE attempt_hash = token_hash)`, user, c.Purpose, c.Except)
	return err
}

// endAttempts removes an account's attempts and their codes, and its invitation.
func (t *tx) endAttempts(ctx context.Context, user auth.UserID) error {
	_, err := t.Exec(ctx, removeCodesOf(`
			SELECT token_hash FROM attempts WHERE user_id = $1`), user)
	if err != nil {
		return err
	}
	if _, err = t.Exec(ctx, `DELETE FROM attempts WHERE user_id = $1`, user); err != nil {
		return err
	}
	_, err = t.Exec(ctx, `DELETE FROM invitations WHERE user_id = $1`, user)
	return err
}

// addAttempt adds an attempt unless its account or its session does not exist.
func (t *tx) addAttempt(ctx context.Context, user auth.UserID, a auth.Attempt) (added bool, err error) {
	sealed, err := sealHash(t.seals, newPasswordHash.place(a.TokenHash), a.NewPasswordHash)
	if err != nil {
		return false, err
	}
	rows, err := t.Exec(ctx, `
		INSERT INTO attempts
			(token_hash, purpose, user_id, email, new_password_hash, chosen_factor, chosen_phone, next, session_id,
			demand_all, demand_since, demand_level, expires_at, invitation)
		SELECT $1, $2, NULLIF($3, ''), $4, $5, $6, $7, $8, NULLIF($9, ''), $10, $11, $12, $13, $14
		WHERE ($3 = '' OR EXISTS (SELECT 1 FROM users WHERE id = $3))
			AND ($9 = '' OR EXISTS (SELECT 1 FROM sessions WHERE id = $9 AND user_id = $3))
		ON CONFLICT (token_hash) DO NOTHING`,
		a.TokenHash, a.Purpose, user, a.Email, sealed, a.Chosen.Factor, a.Chosen.Phone.ID, a.Next, a.Session,
		flag(a.Demand.AllFactors), engine.Millis(a.Demand.NotBefore), a.Demand.Level, engine.Millis(a.ExpiresAt), a.Invitation)
	if err != nil || rows == 0 {
		return false, err
	}
	for position, verified := range a.Verified {
		_, err := t.Exec(ctx, `
			INSERT INTO attempt_factors (attempt_hash, position, factor, verified_at)
			VALUES ($1, $2, $3, $4)`, a.TokenHash, position, verified.Factor, engine.Millis(verified.At))
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// replaceDemand changes what an open re-authentication attempt of the account demands.
func (t *tx) replaceDemand(ctx context.Context, user auth.UserID, a auth.Attempt) (replaced bool, err error) {
	return t.change(ctx, `
		UPDATE attempts SET demand_all = $1, demand_since = $2, demand_level = $3, next = $4, expires_at = $5
		WHERE token_hash = $6 AND user_id = $7 AND session_id = $8`,
		flag(a.Demand.AllFactors), engine.Millis(a.Demand.NotBefore), a.Demand.Level, a.Next, engine.Millis(a.ExpiresAt),
		a.TokenHash, user, a.Session)
}

// addVerifiedFactor adds a verified factor to an attempt that has not expired. The update
// changes nothing but locks the attempt: a concurrent response gets the next
// position, and one that would complete the attempt waits.
func (t *tx) addVerifiedFactor(ctx context.Context, p auth.AddVerifiedFactor, now time.Time) (open bool, err error) {
	locked, err := t.Exec(ctx, `
		UPDATE attempts SET next = next
		WHERE token_hash = $1 AND expires_at > $2`, p.Attempt, engine.Millis(now))
	if err != nil || locked == 0 {
		return false, err
	}
	_, err = t.Exec(ctx, `
		INSERT INTO attempt_factors (attempt_hash, position, factor, verified_at)
		SELECT $1, count(*), $2, $3
		FROM attempt_factors
		WHERE attempt_hash = $1`, p.Attempt, p.Factor, engine.Millis(p.At))
	return true, err
}
