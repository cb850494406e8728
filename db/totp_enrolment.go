package db

import (
	"context"
	"fmt"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindTOTPEnrolment implements [auth.Store].
func (s *Store) FindTOTPEnrolment(ctx context.Context, session auth.SessionID, now time.Time) (auth.TOTPEnrolment, error) {
	e := auth.TOTPEnrolment{Session: session}
	var sealed []byte
	err := s.find(ctx, "find TOTP enrolment", engine.Row{
		&e.ID, &e.User, &sealed, engine.Time(&e.ScannedAt), engine.Time(&e.VerifiedAt), &e.MadeCodes, engine.Time(&e.ExpiresAt), &e.CodesUnseen,
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
		WHERE session_id = $1 AND expires_at > $2`, session, engine.Millis(now))
	if err != nil {
		return auth.TOTPEnrolment{}, err
	}
	if e.VerifiedAt.IsZero() { // otherwise the secret has been erased
		if e.Secret, err = s.seals.Open(enrolmentSecret.place(e.ID), sealed); err != nil {
			return auth.TOTPEnrolment{}, fmt.Errorf("find TOTP enrolment: %w", err)
		}
	}
	return e, nil
}

// AddTOTPEnrolment implements [auth.Store].
func (s *Store) AddTOTPEnrolment(ctx context.Context, e auth.TOTPEnrolment, now time.Time) error {
	_, err := s.write(ctx, "begin TOTP enrolment", e.User, func(tx *tx) (bool, error) {
		sealed, err := tx.seals.Seal(enrolmentSecret.place(e.ID), e.Secret)
		if err != nil {
			return false, err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO totp_enrolments
				(session_id, id, user_id, secret, scanned_at, made_codes, expires_at)
			SELECT id, $2, user_id, $3, $4, 0, $5
			FROM sessions
			WHERE id = $1 AND user_id = $6
			ON CONFLICT (session_id) DO UPDATE SET
				id = excluded.id,
				secret = excluded.secret,
				scanned_at = excluded.scanned_at,
				verified_at = NULL,
				made_codes = excluded.made_codes,
				expires_at = excluded.expires_at
			WHERE totp_enrolments.expires_at <= $7`,
			e.Session, e.ID, sealed, engine.Millis(e.ScannedAt), engine.Millis(e.ExpiresAt), e.User, engine.Millis(now))
		return true, err
	})
	return err
}

// ReplaceTOTPEnrolment implements [auth.Store]. A verified enrolment is replaced
// only by one with another secret, and only after the user has seen the backup
// codes that it created.
func (s *Store) ReplaceTOTPEnrolment(ctx context.Context, seen string, next auth.TOTPEnrolment) (replaced bool, err error) {
	return s.write(ctx, "replace TOTP enrolment", next.User, func(tx *tx) (bool, error) {
		sealed, err := tx.seals.Seal(enrolmentSecret.place(next.ID), next.Secret)
		if err != nil {
			return false, err
		}
		return tx.change(ctx, `
			UPDATE totp_enrolments SET
				id = $1,
				secret = $2,
				scanned_at = $3,
				verified_at = NULL,
				made_codes = 0,
				expires_at = $4
			WHERE session_id = $5 AND id = $6 AND (
				verified_at IS NULL
				OR $1 <> $6 AND NOT (made_codes = 1 AND EXISTS (
					SELECT 1 FROM backup_code_sets
					WHERE backup_code_sets.user_id = totp_enrolments.user_id AND unseen IS NOT NULL
				))
			)`,
			next.ID, sealed, engine.Millis(next.ScannedAt), engine.Millis(next.ExpiresAt), next.Session, seen)
	})
}

// SpendTOTPEnrolment implements [auth.Store]. It erases the enrolment's copy of the
// secret.
func (s *Store) SpendTOTPEnrolment(ctx context.Context, e auth.TOTPEnrolment, changes auth.ChangeSet) (spent bool, err error) {
	return s.spend(ctx, "verify TOTP enrolment", e.User, changes, `
		UPDATE totp_enrolments SET verified_at = $1, made_codes = $2, secret = NULL
		WHERE session_id = $3 AND id = $4 AND verified_at IS NULL`,
		engine.Millis(e.VerifiedAt), flag(e.MadeCodes), e.Session, e.ID)
}
