package db

import (
	"context"
	"fmt"
	"time"

	"twostep/auth"
)

// FindTOTPEnrolment reads the set-up under way in a session.
func (s *Store) FindTOTPEnrolment(ctx context.Context, session auth.SessionID, now time.Time) (auth.TOTPEnrolment, error) {
	e := auth.TOTPEnrolment{Session: session}
	var sealed []byte
	err := s.find(ctx, "find the set-up of an app", Row{
		&e.ID, &e.User, &sealed, Time(&e.ScannedAt), Time(&e.VerifiedAt), &e.MadeCodes, Time(&e.ExpiresAt), &e.CodesUnseen,
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
		WHERE session_id = $1 AND expires_at > $2`, session, Millis(now))
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
	_, err := s.write(ctx, "begin the set-up of an app", e.User, func(tx *tx) (bool, error) {
		sealed, err := tx.seals.seal(enrolmentSecret(e.ID), e.Secret)
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
			e.Session, e.ID, sealed, Millis(e.ScannedAt), Millis(e.ExpiresAt), e.User, Millis(now))
		return true, err
	})
	return err
}

// ReplaceTOTPEnrolment puts next in place of the set-up with the key id that
// was seen, unless that has gone on in the meantime. One that is verified gives
// way to another key alone, and only after the codes that came with it were seen.
func (s *Store) ReplaceTOTPEnrolment(ctx context.Context, seen string, next auth.TOTPEnrolment) (replaced bool, err error) {
	return s.write(ctx, "go on with the set-up of an app", next.User, func(tx *tx) (bool, error) {
		sealed, err := tx.seals.seal(enrolmentSecret(next.ID), next.Secret)
		if err != nil {
			return false, err
		}
		changed, err := tx.Exec(ctx, `
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
			next.ID, sealed, Millis(next.ScannedAt), Millis(next.ExpiresAt), next.Session, seen)
		return changed > 0, err
	})
}

// SpendTOTPEnrolment marks the set-up with that key id as verified, once; its
// copy of the key is emptied.
func (s *Store) SpendTOTPEnrolment(ctx context.Context, e auth.TOTPEnrolment, grant auth.ChangeSet) (spent bool, err error) {
	return s.spend(ctx, "finish the set-up of an app", e.User, grant, `
		UPDATE totp_enrolments SET verified_at = $1, made_codes = CASE WHEN $2 THEN 1 ELSE 0 END, secret = NULL
		WHERE session_id = $3 AND id = $4 AND verified_at IS NULL`,
		Millis(e.VerifiedAt), e.MadeCodes, e.Session, e.ID)
}
