package db

import (
	"context"
	"time"

	"twostep/auth"
)

// FindNoticeEmail reads the account's second address.
func (s *Store) FindNoticeEmail(ctx context.Context, user auth.UserID) (email string, err error) {
	err = s.find(ctx, "find a second address", Row{&email}, `
		SELECT email
		FROM notice_addresses
		WHERE user_id = $1`, user)
	return email, err
}

// RemoveNoticeEmail removes it.
func (s *Store) RemoveNoticeEmail(ctx context.Context, user auth.UserID, grant auth.ChangeSet) (removed bool, err error) {
	return s.spend(ctx, "remove a second address", user, grant, `
		DELETE FROM notice_addresses
		WHERE user_id = $1`, user)
}

// FindEmailEnrolment reads the address that waits to be proved.
func (s *Store) FindEmailEnrolment(ctx context.Context, user auth.UserID, now time.Time) (e auth.EmailEnrolment, err error) {
	err = s.find(ctx, "find an address that waits", addressEnrolmentRow(&e), `
		SELECT id, user_id, purpose, email, email_key, stop_hash, expires_at
		FROM address_enrolments
		WHERE user_id = $1 AND expires_at > $2`, user, Millis(now))
	return e, err
}

// FindEmailChange reads the enrolment that a stop token belongs to.
func (s *Store) FindEmailChange(ctx context.Context, stopHash string, now time.Time) (e auth.EmailEnrolment, err error) {
	err = s.find(ctx, "find a change of address", addressEnrolmentRow(&e), `
		SELECT id, user_id, purpose, email, email_key, stop_hash, expires_at
		FROM address_enrolments
		WHERE stop_hash = $1 AND expires_at > $2`, stopHash, Millis(now))
	return e, err
}

// ReplaceEmailEnrolment puts one in place of the account's, with its code;
// the code of an earlier one goes. It answers auth.ErrNotFound where the
// account is gone.
func (s *Store) ReplaceEmailEnrolment(ctx context.Context, e auth.EmailEnrolment, grant auth.ChangeSet) error {
	return s.add(ctx, "begin a change of address", e.User, func(tx *tx) (bool, error) {
		_, err := tx.Exec(ctx, `
			DELETE FROM sent_codes
			WHERE holder IN (SELECT id FROM address_enrolments WHERE user_id = $1 AND id <> $2)`, e.User, e.ID)
		if err != nil {
			return false, err
		}
		put, err := tx.Exec(ctx, `
			INSERT INTO address_enrolments
				(user_id, id, purpose, email, email_key, stop_hash, expires_at)
			SELECT id, $2, $3, $4, $5, $6, $7
			FROM users
			WHERE id = $1
			ON CONFLICT (user_id) DO UPDATE SET
				id = excluded.id,
				purpose = excluded.purpose,
				email = excluded.email,
				email_key = excluded.email_key,
				stop_hash = excluded.stop_hash,
				expires_at = excluded.expires_at`,
			e.User, e.ID, e.Use, e.Email.Typed, e.Email.Key, e.StopHash, Millis(e.ExpiresAt))
		if err != nil || put == 0 {
			return false, err
		}
		return tx.apply(ctx, grant)
	})
}

// ReplaceEmailCode puts a new code in place of an enrolment's that still waits.
func (s *Store) ReplaceEmailCode(ctx context.Context, id string, grant auth.ChangeSet) (replaced bool, err error) {
	return s.spend(ctx, "send an address another code", grant.User, grant, `
		UPDATE address_enrolments SET email = email
		WHERE id = $1 AND expires_at > $2`, id, Millis(grant.At))
}

// SpendEmailEnrolment ends an enrolment; nothing of it can be used any more.
func (s *Store) SpendEmailEnrolment(ctx context.Context, id string, grant auth.ChangeSet) (spent bool, err error) {
	return s.write(ctx, "end a change of address", grant.User, func(tx *tx) (bool, error) {
		ended, err := tx.Exec(ctx, `DELETE FROM address_enrolments WHERE id = $1`, id)
		if err != nil || ended == 0 {
			return false, err
		}
		if err := tx.removeSentCode(ctx, id); err != nil {
			return false, err
		}
		return tx.apply(ctx, grant)
	})
}

// replaceEmail makes the address of an enrolment the account's, and ends the
// enrolment. It answers false where that was stopped or has expired, and
// auth.ErrAddressTaken where another account has the address: of two who prove
// it at the same time, one has it.
func (t *tx) replaceEmail(ctx context.Context, user auth.UserID, e auth.EmailEnrolment, now time.Time) (proved bool, err error) {
	ended, err := t.Exec(ctx, `
		DELETE FROM address_enrolments
		WHERE id = $1 AND user_id = $2 AND expires_at > $3`, e.ID, user, Millis(now))
	if err != nil || ended == 0 {
		return false, err
	}
	if err := t.removeSentCode(ctx, e.ID); err != nil {
		return false, err
	}
	if e.Use == auth.ForSignIn {
		return t.moveAccount(ctx, user, e)
	}
	_, err = t.Exec(ctx, `
		INSERT INTO notice_addresses (user_id, email, email_key, verified_at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id) DO UPDATE SET
			email = excluded.email,
			email_key = excluded.email_key,
			verified_at = excluded.verified_at`, user, e.Email.Typed, e.Email.Key, Millis(now))
	return true, err
}

// moveAccount gives an account its new address. As its second address that one
// would say nothing any more, and goes.
func (t *tx) moveAccount(ctx context.Context, user auth.UserID, e auth.EmailEnrolment) (moved bool, err error) {
	changed, err := t.Exec(ctx, `
		UPDATE users SET email = $1, email_key = $2
		WHERE id = $3 AND NOT EXISTS (SELECT 1 FROM users AS other WHERE other.email_key = $2 AND other.id <> $3)`,
		e.Email.Typed, e.Email.Key, user)
	if err == nil && changed == 0 {
		err = auth.ErrEmailTaken
	}
	if err != nil {
		return false, err
	}
	_, err = t.Exec(ctx, `
		DELETE FROM notice_addresses
		WHERE user_id = $1 AND email_key = $2`, user, e.Email.Key)
	return true, err
}

func addressEnrolmentRow(e *auth.EmailEnrolment) Row {
	return Row{&e.ID, &e.User, &e.Use, &e.Email.Typed, &e.Email.Key, &e.StopHash, Time(&e.ExpiresAt)}
}
