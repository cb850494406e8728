package db

import (
	"context"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindPhoneEnrolment implements [auth.Store].
func (s *Store) FindPhoneEnrolment(ctx context.Context, session auth.SessionID, now time.Time) (auth.PhoneEnrolment, error) {
	e := auth.PhoneEnrolment{Session: session}
	err := s.find(ctx, "find phone enrolment", engine.Row{&e.ID, &e.User, &e.Number, engine.Time(&e.ExpiresAt)}, `
		SELECT id, user_id, number, expires_at
		FROM phone_enrolments
		WHERE session_id = $1 AND expires_at > $2`, session, engine.Millis(now))
	if err != nil {
		return auth.PhoneEnrolment{}, err
	}
	return e, nil
}

// ReplacePhoneEnrolment implements [auth.Store].
func (s *Store) ReplacePhoneEnrolment(ctx context.Context, e auth.PhoneEnrolment, changes auth.ChangeSet) error {
	return s.add(ctx, "begin phone enrolment", e.User, func(tx *tx) (bool, error) {
		if err := tx.removePhoneEnrolment(ctx, e.Session); err != nil {
			return false, err
		}
		if err := tx.Require(ctx, `
			INSERT INTO phone_enrolments (session_id, id, user_id, number, expires_at)
			SELECT id, $2, user_id, $3, $4
			FROM sessions
			WHERE id = $1 AND user_id = $5`, e.Session, e.ID, e.Number, engine.Millis(e.ExpiresAt), e.User); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}

// ReplacePhoneCode implements [auth.Store]. The update changes nothing, but reports
// whether the enrolment has not expired, and locks it.
func (s *Store) ReplacePhoneCode(ctx context.Context, id string, changes auth.ChangeSet) (replaced bool, err error) {
	return s.spend(ctx, "replace phone code", changes.User, changes, `
		UPDATE phone_enrolments SET number = number
		WHERE id = $1 AND expires_at > $2`, id, engine.Millis(changes.At))
}

// RemovePhoneEnrolment implements [auth.Store].
func (s *Store) RemovePhoneEnrolment(ctx context.Context, session auth.SessionID) error {
	_, err := s.write(ctx, "remove phone enrolment", "", func(tx *tx) (bool, error) {
		return true, tx.removePhoneEnrolment(ctx, session)
	})
	return err
}

// ReservePhone implements [auth.Store].
func (s *Store) ReservePhone(ctx context.Context, user auth.UserID, phone auth.PhoneID, changes auth.ChangeSet) (reserved bool, err error) {
	return s.spend(ctx, "reserve phone", user, changes, `
		UPDATE phones SET reserved_at = $1
		WHERE id = $2 AND user_id = $3 AND reserved_at IS NULL`, engine.Millis(changes.At), phone, user)
}

// ReleasePhone implements [auth.Store].
func (s *Store) ReleasePhone(ctx context.Context, user auth.UserID, phone auth.PhoneID, changes auth.ChangeSet) (released bool, err error) {
	return s.removeFactor(ctx, "release phone", user, changes, `
		UPDATE phones SET reserved_at = NULL, default_at = NULL
		WHERE id = $1 AND user_id = $2 AND reserved_at IS NOT NULL`, phone, user)
}

// RemovePhone implements [auth.Store].
func (s *Store) RemovePhone(ctx context.Context, user auth.UserID, phone auth.PhoneID, reserved bool, changes auth.ChangeSet) (removed bool, err error) {
	return s.removeFactor(ctx, "remove phone", user, changes, `
		DELETE FROM phones
		WHERE id = $1 AND user_id = $2 AND (reserved_at IS NOT NULL) = $3`, phone, user, reserved)
}

// removeFactor runs a query that may remove the last factor.
func (s *Store) removeFactor(ctx context.Context, doing string, user auth.UserID, changes auth.ChangeSet, query string, args ...any) (dropped bool, err error) {
	return s.write(ctx, doing, user, func(tx *tx) (bool, error) {
		if err := tx.Require(ctx, query, args...); err != nil {
			return false, err
		}
		return tx.dropFactor(ctx, user, changes)
	})
}

// ReplaceDefaultPhone implements [auth.Store].
func (s *Store) ReplaceDefaultPhone(ctx context.Context, user auth.UserID, phone auth.PhoneID, changes auth.ChangeSet) (replaced bool, err error) {
	return s.write(ctx, "replace default phone", user, func(tx *tx) (bool, error) {
		if err := tx.Queue(ctx, `
			UPDATE phones SET default_at = NULL
			WHERE user_id = $1`, user); err != nil {
			return false, err
		}
		if err := tx.Require(ctx, `
			UPDATE phones SET default_at = $1
			WHERE id = $2 AND user_id = $3 AND reserved_at IS NOT NULL`, engine.Millis(changes.At), phone, user); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}

// addPhone adds a number to an account and ends the enrolment that verified it. It
// returns false if the account has the number or the maximum of numbers. The
// account's row is locked, so concurrent additions cannot exceed the maximum.
func (t *tx) addPhone(ctx context.Context, user auth.UserID, p auth.AddPhone) (added bool, err error) {
	if err := t.Require(ctx, `
		INSERT INTO phones (id, user_id, number, verified_at, reserved_at)
		SELECT $1, id, $3, $4, $5
		FROM users
		WHERE id = $2 AND (SELECT count(*) FROM phones WHERE user_id = $2) < $6
		ON CONFLICT (user_id, number) DO NOTHING`,
		p.ID, user, p.Number, engine.Millis(p.VerifiedAt), engine.Millis(p.ReservedAt), auth.PhonesMax); err != nil {
		return false, err
	}
	return true, t.removePhoneEnrolment(ctx, p.Session)
}

func (t *tx) removePhoneEnrolment(ctx context.Context, session auth.SessionID) error {
	if err := t.Queue(ctx, removeCodesOf(`
			SELECT id FROM phone_enrolments WHERE session_id = $1`), session); err != nil {
		return err
	}
	return t.Queue(ctx, `DELETE FROM phone_enrolments WHERE session_id = $1`, session)
}
