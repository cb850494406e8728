package db

import (
	"context"
	"database/sql"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// maxEventID sorts after every event's id, because ids begin with a digit.
const maxEventID = "z"

// FindEmails implements [auth.Store].
func (s *Store) FindEmails(ctx context.Context, user auth.UserID) ([]string, error) {
	var email string
	var notices sql.Null[string]
	err := s.find(ctx, "find email addresses", engine.Row{&email, &notices}, `
		SELECT users.email, notice_emails.email
		FROM users
		LEFT JOIN notice_emails ON notice_emails.user_id = users.id
		WHERE users.id = $1`, user)
	if err != nil {
		return nil, err
	}
	if notices.Valid {
		return []string{email, notices.V}, nil
	}
	return []string{email}, nil
}

// FindActivity implements [auth.Store].
func (s *Store) FindActivity(ctx context.Context, user auth.UserID, before string, limit int) (events []auth.Event, err error) {
	if before == "" {
		before = maxEventID
	}
	e := auth.Event{User: user}
	err = s.each(ctx, "find audit events", engine.Row{
		&e.ID, engine.Time(&e.At), &e.Type, &e.Factor, &e.IP, &e.UserAgent, &e.Phone, &e.Email, &e.Name, &e.BackupCodesLeft,
		&e.Actor, &e.Reason,
	}, func() { events = append(events, e) }, `
		SELECT
			id,
			occurred_at,
			type,
			factor,
			ip,
			user_agent,
			phone,
			email,
			name,
			backup_codes_left,
			actor,
			reason
		FROM audit_events
		WHERE user_id = $1 AND id < $2
		ORDER BY id DESC
		LIMIT $3`, user, before, limit)
	return events, err
}

// addEvent records an audit event of an account, unless that does not exist, or of the
// whole site.
func (t *tx) addEvent(ctx context.Context, user auth.UserID, e auth.Event) error {
	query := `
		INSERT INTO audit_events
			(id, user_id, occurred_at, type, factor, ip, user_agent, phone, email, name, backup_codes_left, actor, reason, stop_hash)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14`
	if user != "" {
		query += `
		FROM users
		WHERE id = $2`
	}
	_, err := t.Exec(ctx, query,
		e.ID, user, engine.Millis(e.At), e.Type, e.Factor, e.IP, e.UserAgent, e.Phone, e.Email, e.Name, e.BackupCodesLeft, e.Actor, e.Reason,
		sql.Null[string]{V: e.StopHash, Valid: e.StopHash != ""})
	return err
}

// eraseEvents erases what is personal in the events of an account. That they happened
// stays in the audit log (OP-15).
func (t *tx) eraseEvents(ctx context.Context, user auth.UserID) error {
	_, err := t.Exec(ctx, `
		UPDATE audit_events SET ip = '', user_agent = '', phone = '', email = '', stop_hash = NULL
		WHERE user_id = $1`, user)
	return err
}
