package db

import (
	"context"
	"database/sql"
	"fmt"

	"twostep/auth"
)

// afterEveryID sorts after the id of every event, for those begin with a digit.
const afterEveryID = "z"

// FindEmails reads where an account's notices go: its address and, where
// there is one, the second address.
func (s *Store) FindEmails(ctx context.Context, user auth.UserID) ([]string, error) {
	var own string
	var second sql.Null[string]
	err := s.find(ctx, "find the addresses of an account", Row{&own, &second}, `
		SELECT users.email, notice_addresses.email
		FROM users
		LEFT JOIN notice_addresses ON notice_addresses.user_id = users.id
		WHERE users.id = $1`, user)
	if err != nil {
		return nil, err
	}
	if second.Valid {
		return []string{own, second.V}, nil
	}
	return []string{own}, nil
}

// FindActivity reads a page of the history, newest first: events older than
// the one with the id given, or the newest where it is empty.
func (s *Store) FindActivity(ctx context.Context, user auth.UserID, before string, most int) (events []auth.Event, err error) {
	if before == "" {
		before = afterEveryID
	}
	e := auth.Event{User: user}
	err = s.reader.Each(ctx, Row{
		&e.ID, Time(&e.At), &e.Type, &e.Factor, &e.IP, &e.UserAgent, &e.Number, &e.Email, &e.Left,
	}, func() { events = append(events, e) }, `
		SELECT
			id,
			at,
			what,
			kind,
			address,
			browser,
			number,
			email,
			backup_left
		FROM activity
		WHERE user_id = $1 AND id < $2
		ORDER BY id DESC
		LIMIT $3`, user, before, most)
	if err != nil {
		return nil, fmt.Errorf("find the history of an account: %w", err)
	}
	return events, nil
}

// addEvents writes lines of histories. An account that is gone has none.
func (t *tx) addEvent(ctx context.Context, user auth.UserID, e auth.Event) error {
	_, err := t.Exec(ctx, `
		INSERT INTO activity
			(id, user_id, at, what, kind, address, browser, number, email, backup_left)
		SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10
		FROM users
		WHERE id = $2`,
		e.ID, user, Millis(e.At), e.Type, e.Factor, e.IP, e.UserAgent, e.Number, e.Email, e.Left)
	return err
}
