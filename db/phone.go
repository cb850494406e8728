package db

import (
	"context"
	"time"

	"twostep/auth"
)

// FindPhoneEnrolment reads the enrolment under way in a session.
func (s *Store) FindPhoneEnrolment(ctx context.Context, session auth.SessionID, now time.Time) (auth.PhoneEnrolment, error) {
	e := auth.PhoneEnrolment{Session: session}
	err := s.find(ctx, "find the adding of a phone", Row{&e.ID, &e.User, &e.Number, Time(&e.ExpiresAt)}, `
		SELECT id, user_id, number, expires_at
		FROM phone_enrolments
		WHERE session_id = $1 AND expires_at > $2`, session, Millis(now))
	if err != nil {
		return auth.PhoneEnrolment{}, err
	}
	return e, nil
}

// ReplacePhoneEnrolment puts one in place of the session's, with its code. It
// answers auth.ErrNotFound where the session has ended.
func (s *Store) ReplacePhoneEnrolment(ctx context.Context, e auth.PhoneEnrolment, grant auth.ChangeSet) error {
	return s.add(ctx, "begin to add a phone", e.User, func(tx *tx) (bool, error) {
		if err := tx.removePhoneEnrolment(ctx, e.Session); err != nil {
			return false, err
		}
		added, err := tx.Exec(ctx, `
			INSERT INTO phone_enrolments (session_id, id, user_id, number, expires_at)
			SELECT id, $2, user_id, $3, $4
			FROM sessions
			WHERE id = $1 AND user_id = $5`, e.Session, e.ID, e.Number, Millis(e.ExpiresAt), e.User)
		if err != nil || added == 0 {
			return false, err
		}
		return tx.apply(ctx, grant)
	})
}

// ReplacePhoneCode puts a new code in place of an enrolment's that still waits.
func (s *Store) ReplacePhoneCode(ctx context.Context, id string, grant auth.ChangeSet) (replaced bool, err error) {
	return s.spend(ctx, "send a phone another code", grant.User, grant, `
		UPDATE phone_enrolments SET number = number
		WHERE id = $1 AND expires_at > $2`, id, Millis(grant.At))
}

// RemovePhoneEnrolment forgets the session's enrolment and its code.
func (s *Store) RemovePhoneEnrolment(ctx context.Context, session auth.SessionID) error {
	_, err := s.write(ctx, "forget the adding of a phone", "", func(tx *tx) (bool, error) {
		return true, tx.removePhoneEnrolment(ctx, session)
	})
	return err
}

// ReservePhone makes a number a second factor, once.
func (s *Store) ReservePhone(ctx context.Context, user auth.UserID, phone auth.PhoneID, grant auth.ChangeSet) (reserved bool, err error) {
	return s.spend(ctx, "reserve a phone", user, grant, `
		UPDATE phones SET reserved_at = $1
		WHERE id = $2 AND user_id = $3 AND reserved_at IS NULL`, Millis(grant.At), phone, user)
}

// ReleasePhone makes it none again; the backup codes go with the last factor.
func (s *Store) ReleasePhone(ctx context.Context, user auth.UserID, phone auth.PhoneID, grant auth.ChangeSet) (released bool, err error) {
	return s.dropPhone(ctx, "release a phone", user, grant, `
		UPDATE phones SET reserved_at = NULL, default_at = NULL
		WHERE id = $1 AND user_id = $2 AND reserved_at IS NOT NULL`, phone, user)
}

// RemovePhone takes the number from the account; likewise. reserved is how it
// was seen: where that has changed, nothing is removed.
func (s *Store) RemovePhone(ctx context.Context, user auth.UserID, phone auth.PhoneID, reserved bool, grant auth.ChangeSet) (removed bool, err error) {
	query := `
		DELETE FROM phones
		WHERE id = $1 AND user_id = $2 AND reserved_at IS NULL`
	if reserved {
		query = `
		DELETE FROM phones
		WHERE id = $1 AND user_id = $2 AND reserved_at IS NOT NULL`
	}
	return s.dropPhone(ctx, "remove a phone", user, grant, query, phone, user)
}

// dropPhone carries out a conditional write that may take the last factor.
func (s *Store) dropPhone(ctx context.Context, doing string, user auth.UserID, grant auth.ChangeSet, query string, args ...any) (dropped bool, err error) {
	return s.write(ctx, doing, user, func(tx *tx) (bool, error) {
		changed, err := tx.Exec(ctx, query, args...)
		if err != nil || changed == 0 {
			return false, err
		}
		return tx.dropFactor(ctx, user, grant)
	})
}

// ReplaceDefaultPhone makes a reserved number the first one asked.
func (s *Store) ReplaceDefaultPhone(ctx context.Context, user auth.UserID, phone auth.PhoneID, grant auth.ChangeSet) (replaced bool, err error) {
	return s.write(ctx, "put a phone first", user, func(tx *tx) (bool, error) {
		_, err := tx.Exec(ctx, `
			UPDATE phones SET default_at = NULL
			WHERE user_id = $1 AND default_at IS NOT NULL`, user)
		if err != nil {
			return false, err
		}
		changed, err := tx.Exec(ctx, `
			UPDATE phones SET default_at = $1
			WHERE id = $2 AND user_id = $3 AND reserved_at IS NOT NULL`, Millis(grant.At), phone, user)
		if err != nil || changed == 0 {
			return false, err
		}
		return tx.apply(ctx, grant)
	})
}

// addPhone gives an account a number, and ends the enrolment that proved it.
// It answers false where the account has the number already, or as many as it
// can have: the account's row is held, so of those that are added at the same
// time none is one too many.
func (t *tx) addPhone(ctx context.Context, user auth.UserID, p auth.AddPhone) (added bool, err error) {
	rows, err := t.Exec(ctx, `
		INSERT INTO phones (id, user_id, number, verified_at, reserved_at)
		SELECT $1, id, $3, $4, $5
		FROM users
		WHERE id = $2 AND (SELECT count(*) FROM phones WHERE user_id = $2) < $6
		ON CONFLICT (user_id, number) DO NOTHING`,
		p.ID, user, p.Number, Millis(p.VerifiedAt), Millis(p.ReservedAt), auth.PhonesMax)
	if err != nil || rows == 0 {
		return false, err
	}
	return true, t.removePhoneEnrolment(ctx, p.Session)
}

func (t *tx) removePhoneEnrolment(ctx context.Context, session auth.SessionID) error {
	_, err := t.Exec(ctx, `
		DELETE FROM sent_codes
		WHERE holder IN (SELECT id FROM phone_enrolments WHERE session_id = $1)`, session)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `DELETE FROM phone_enrolments WHERE session_id = $1`, session)
	return err
}
