package db

import (
	"context"
	"fmt"
	"time"

	"twostep/auth"
)

// FindTOTP reads the account's key.
func (s *Store) FindTOTP(ctx context.Context, user auth.UserID) (auth.TOTPKey, error) {
	key := auth.TOTPKey{User: user}
	var sealed []byte
	err := s.find(ctx, "find an app", into{&sealed, &key.LastStep, at(&key.AddedAt)}, `
		SELECT secret, last_step, added_at
		FROM totp
		WHERE user_id = $1`, user)
	if err != nil {
		return auth.TOTPKey{}, err
	}
	if key.Secret, err = s.seals.open(totpSecret(user), sealed); err != nil {
		return auth.TOTPKey{}, fmt.Errorf("find an app: %w", err)
	}
	return key, nil
}

// SpendTOTPStep burns a step. Steps only move forward, so an older code cannot
// follow a newer one.
func (s *Store) SpendTOTPStep(ctx context.Context, user auth.UserID, step int64, grant auth.Grant) (spent bool, err error) {
	return s.spend(ctx, "spend a TOTP step", grant, `
		UPDATE totp SET last_step = $1, last_used_at = $2
		WHERE user_id = $3 AND last_step < $1`, step, millis(grant.At), user)
}

// RemoveTOTP removes the app and every set-up of one that is under way, and the
// backup codes too where no second factor is left.
func (s *Store) RemoveTOTP(ctx context.Context, user auth.UserID, grant auth.Grant) (removed bool, err error) {
	return s.write(ctx, "remove an app", func(tx *tx) (bool, error) {
		gone, err := tx.exec(ctx, `DELETE FROM totp WHERE user_id = $1`, user)
		if err != nil || gone == 0 {
			return false, err
		}
		if _, err := tx.exec(ctx, `DELETE FROM totp_enrolments WHERE user_id = $1`, user); err != nil {
			return false, err
		}
		return tx.dropFactor(ctx, user, grant)
	})
}

// FindTOTPEnrolment reads the set-up under way in a session.
func (s *Store) FindTOTPEnrolment(ctx context.Context, session auth.SessionID, now time.Time) (auth.TOTPEnrolment, error) {
	e := auth.TOTPEnrolment{Session: session}
	var sealed []byte
	err := s.find(ctx, "find the set-up of an app", into{
		&e.ID, &e.User, &sealed, at(&e.ScannedAt), at(&e.VerifiedAt), &e.MadeCodes, at(&e.ExpiresAt), &e.CodesUnseen,
	}, `
		SELECT
			id,
			user_id,
			secret,
			scanned_at,
			verified_at,
			made_codes,
			expires_at,
			EXISTS (
				SELECT 1 FROM backup_code_sets
				WHERE backup_code_sets.user_id = totp_enrolments.user_id AND unseen IS NOT NULL AND unseen_until > $2
			)
		FROM totp_enrolments
		WHERE session_id = $1 AND expires_at > $2`, session, millis(now))
	if err != nil {
		return auth.TOTPEnrolment{}, err
	}
	if e.VerifiedAt.IsZero() { // after that the key is no longer here
		if e.Secret, err = s.seals.open(enrolmentSecret(e.ID), sealed); err != nil {
			return auth.TOTPEnrolment{}, fmt.Errorf("find the set-up of an app: %w", err)
		}
	}
	return e, nil
}

// AddTOTPEnrolment begins a set-up, unless one is under way. One that has
// expired gives way.
func (s *Store) AddTOTPEnrolment(ctx context.Context, e auth.TOTPEnrolment, now time.Time) error {
	_, err := s.write(ctx, "begin the set-up of an app", func(tx *tx) (bool, error) {
		sealed, err := tx.seals.seal(enrolmentSecret(e.ID), e.Secret)
		if err != nil {
			return false, err
		}
		_, err = tx.exec(ctx, `
			INSERT INTO totp_enrolments
				(session_id, id, user_id, secret, scanned_at, made_codes, expires_at)
			SELECT id, $2, user_id, $3, $4, $5, $6
			FROM sessions
			WHERE id = $1 AND user_id = $7
			ON CONFLICT (session_id) DO UPDATE SET
				id = excluded.id,
				secret = excluded.secret,
				scanned_at = excluded.scanned_at,
				verified_at = NULL,
				made_codes = excluded.made_codes,
				expires_at = excluded.expires_at
			WHERE totp_enrolments.expires_at <= $8`,
			e.Session, e.ID, sealed, millis(e.ScannedAt), false, millis(e.ExpiresAt), e.User, millis(now))
		return true, err
	})
	return err
}

// ReplaceTOTPEnrolment puts next in place of the set-up with the key id that
// was seen, unless that has gone on in the meantime. One that is verified gives
// way to another key alone, and only after the codes that came with it were seen.
func (s *Store) ReplaceTOTPEnrolment(ctx context.Context, seen string, next auth.TOTPEnrolment) (replaced bool, err error) {
	return s.write(ctx, "go on with the set-up of an app", func(tx *tx) (bool, error) {
		sealed, err := tx.seals.seal(enrolmentSecret(next.ID), next.Secret)
		if err != nil {
			return false, err
		}
		changed, err := tx.exec(ctx, `
			UPDATE totp_enrolments SET
				id = $1,
				secret = $2,
				scanned_at = $3,
				verified_at = NULL,
				made_codes = $7,
				expires_at = $4
			WHERE session_id = $5 AND id = $6 AND (
				verified_at IS NULL
				OR $1 <> $6 AND NOT (made_codes = 1 AND EXISTS (
					SELECT 1 FROM backup_code_sets
					WHERE backup_code_sets.user_id = totp_enrolments.user_id AND unseen IS NOT NULL
				))
			)`,
			next.ID, sealed, millis(next.ScannedAt), millis(next.ExpiresAt), next.Session, seen, false)
		return changed > 0, err
	})
}

// SpendTOTPEnrolment marks the set-up with that key id as verified, once; its
// copy of the key is emptied.
func (s *Store) SpendTOTPEnrolment(ctx context.Context, e auth.TOTPEnrolment, grant auth.Grant) (spent bool, err error) {
	return s.spend(ctx, "finish the set-up of an app", grant, `
		UPDATE totp_enrolments SET verified_at = $1, made_codes = $2, secret = NULL
		WHERE session_id = $3 AND id = $4 AND verified_at IS NULL`,
		millis(e.VerifiedAt), e.MadeCodes, e.Session, e.ID)
}

func (t *tx) putTOTP(ctx context.Context, key auth.TOTPKey) error {
	sealed, err := t.seals.seal(totpSecret(key.User), key.Secret)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `
		INSERT INTO totp (user_id, secret, last_step, added_at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id) DO UPDATE SET
			secret = excluded.secret,
			last_step = excluded.last_step,
			added_at = excluded.added_at,
			last_used_at = NULL`, key.User, sealed, key.LastStep, millis(key.AddedAt))
	return err
}
