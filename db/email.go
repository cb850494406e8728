package db

import (
	"context"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindNoticeEmail implements [auth.Store].
func (s *Store) FindNoticeEmail(ctx context.Context, user auth.UserID) (email string, err error) {
	err = s.find(ctx, "find notice email", engine.Row{&email}, `
		SELECT email
		FROM notice_emails
		WHERE user_id = $1`, user)
	return email, err
}

// RemoveNoticeEmail implements [auth.Store].
func (s *Store) RemoveNoticeEmail(ctx context.Context, user auth.UserID, changes auth.ChangeSet) (removed bool, err error) {
	return s.spend(ctx, "remove notice email", user, changes, `
		DELETE FROM notice_emails
		WHERE user_id = $1`, user)
}

// FindEmailEnrolment implements [auth.Store].
func (s *Store) FindEmailEnrolment(ctx context.Context, user auth.UserID, now time.Time) (e auth.EmailEnrolment, err error) {
	err = s.find(ctx, "find email enrolment", emailEnrolmentRow(&e), `
		SELECT id, user_id, purpose, email, email_key, stop_hash, expires_at
		FROM email_enrolments
		WHERE user_id = $1 AND expires_at > $2`, user, engine.Millis(now))
	return e, err
}

// FindEmailChange implements [auth.Store].
func (s *Store) FindEmailChange(ctx context.Context, stopHash string, now time.Time) (e auth.EmailEnrolment, err error) {
	err = s.find(ctx, "find email change", emailEnrolmentRow(&e), `
		SELECT id, user_id, purpose, email, email_key, stop_hash, expires_at
		FROM email_enrolments
		WHERE stop_hash = $1 AND expires_at > $2`, stopHash, engine.Millis(now))
	return e, err
}

// FindEmailChangeEnd implements [auth.Store]. The first event of these types that
// follows the request has ended the change; the first 13 characters of an id are its time.
func (s *Store) FindEmailChangeEnd(ctx context.Context, stopHash string) (end auth.EmailChangeEnd, err error) {
	err = s.find(ctx, "find end of email change", engine.Row{&end.Email, &end.By, engine.Time(&end.At)}, `
		SELECT requested.email, COALESCE(ended.type, ''), ended.occurred_at
		FROM audit_events AS requested
		LEFT JOIN audit_events AS ended ON ended.user_id = requested.user_id AND ended.id = (
			SELECT MIN(later.id)
			FROM audit_events AS later
			WHERE later.user_id = requested.user_id AND later.id > substr(requested.id, 1, 13) AND later.id <> requested.id
				AND later.type IN ($2, $3, $4, $5, $6))
		WHERE requested.stop_hash = $1`,
		stopHash, auth.EmailChanged, auth.EmailChangeStopped, auth.EmailChangeRequested, auth.PasswordReset, auth.OperatorResetPassword)
	return end, err
}

// ReplaceEmailEnrolment implements [auth.Store].
func (s *Store) ReplaceEmailEnrolment(ctx context.Context, e auth.EmailEnrolment, changes auth.ChangeSet) error {
	return s.add(ctx, "begin email enrolment", e.User, func(tx *tx) (bool, error) {
		if err := tx.Queue(ctx, removeCodesOf(`
			SELECT id FROM email_enrolments WHERE user_id = $1 AND id <> $2`), e.User, e.ID); err != nil {
			return false, err
		}
		if err := tx.Require(ctx, `
			INSERT INTO email_enrolments
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
			e.User, e.ID, e.Use, e.Email.Typed, e.Email.Key, e.StopHash, engine.Millis(e.ExpiresAt)); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}

// ReplaceEmailCode implements [auth.Store]. The update changes nothing, but reports
// whether the enrolment has not expired, and locks it.
func (s *Store) ReplaceEmailCode(ctx context.Context, id string, changes auth.ChangeSet) (replaced bool, err error) {
	return s.spend(ctx, "replace email code", changes.User, changes, `
		UPDATE email_enrolments SET email = email
		WHERE id = $1 AND expires_at > $2`, id, engine.Millis(changes.At))
}

// endEmailEnrolment removes the account's enrolment and its code.
func (t *tx) endEmailEnrolment(ctx context.Context, user auth.UserID) error {
	if err := t.Queue(ctx, removeCodesOf(`
			SELECT id FROM email_enrolments WHERE user_id = $1`), user); err != nil {
		return err
	}
	return t.Queue(ctx, `DELETE FROM email_enrolments WHERE user_id = $1`, user)
}

// SpendEmailEnrolment implements [auth.Store].
func (s *Store) SpendEmailEnrolment(ctx context.Context, id string, changes auth.ChangeSet) (spent bool, err error) {
	return s.write(ctx, "end email enrolment", changes.User, func(tx *tx) (bool, error) {
		if err := tx.Require(ctx, `DELETE FROM email_enrolments WHERE id = $1`, id); err != nil {
			return false, err
		}
		if err := tx.removeSentCode(ctx, id); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}

// replaceEmail completes an enrolment unless it was stopped or has expired. It
// returns auth.ErrEmailTaken if another account has the email address. Of accounts
// that verify it at the same time, only one gets it.
func (t *tx) replaceEmail(ctx context.Context, user auth.UserID, e auth.EmailEnrolment, now time.Time) (replaced bool, err error) {
	if err := t.Require(ctx, `
		DELETE FROM email_enrolments
		WHERE id = $1 AND user_id = $2 AND expires_at > $3`, e.ID, user, engine.Millis(now)); err != nil {
		return false, err
	}
	if err := t.removeSentCode(ctx, e.ID); err != nil {
		return false, err
	}
	if e.Use == auth.ForSignIn {
		return t.replaceSignInEmail(ctx, user, e, now)
	}
	return true, t.Queue(ctx, `
		INSERT INTO notice_emails (user_id, email, email_key, verified_at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id) DO UPDATE SET
			email = excluded.email,
			email_key = excluded.email_key,
			verified_at = excluded.verified_at`, user, e.Email.Typed, e.Email.Key, engine.Millis(now))
}

// replaceSignInEmail replaces an account's email address for sign-in. It removes an
// equal address for notices, which would get each notice twice.
func (t *tx) replaceSignInEmail(ctx context.Context, user auth.UserID, e auth.EmailEnrolment, now time.Time) (replaced bool, err error) {
	changed, err := t.Exec(ctx, `
		UPDATE users SET email = $1, email_key = $2, updated_at = $4
		WHERE id = $3 AND NOT EXISTS (SELECT 1 FROM users AS other WHERE other.email_key = $2 AND other.id <> $3)`,
		e.Email.Typed, e.Email.Key, user, engine.Millis(now))
	if err == nil && changed == 0 {
		err = auth.ErrEmailTaken
	}
	if err != nil {
		return false, err
	}
	return true, t.Queue(ctx, `
		DELETE FROM notice_emails
		WHERE user_id = $1 AND email_key = $2`, user, e.Email.Key)
}

func emailEnrolmentRow(e *auth.EmailEnrolment) engine.Row {
	return engine.Row{&e.ID, &e.User, &e.Use, &e.Email.Typed, &e.Email.Key, &e.StopHash, engine.Time(&e.ExpiresAt)}
}
