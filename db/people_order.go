package db

import (
	"context"
	"fmt"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// A peopleOrder is an order of the list, in which no two accounts are at the same place.
type peopleOrder struct {
	columns string
	after   func(auth.PeoplePlace) condition // the accounts after a place
	until   func(auth.PeoplePlace) condition // the others
}

var (
	orderByEmail = peopleOrder{`users.email_key`, func(p auth.PeoplePlace) condition {
		return condition{`users.email_key > ?`, []any{p.EmailKey}}
	}, func(p auth.PeoplePlace) condition {
		return condition{`users.email_key <= ?`, []any{p.EmailKey}}
	}}
	orderByNewest = peopleOrder{`users.created_at DESC, users.id DESC`, func(p auth.PeoplePlace) condition {
		return condition{`(users.created_at, users.id) < (?, ?)`, []any{engine.Millis(p.CreatedAt), p.ID}}
	}, func(p auth.PeoplePlace) condition {
		return condition{`(users.created_at, users.id) >= (?, ?)`, []any{engine.Millis(p.CreatedAt), p.ID}}
	}}
)

// findPlace returns the place of an account, or [auth.ErrNotFound].
func (s *Store) findPlace(ctx context.Context, id auth.UserID) (p auth.PeoplePlace, err error) {
	err = s.find(ctx, "find place in list", engine.Row{&p.ID, &p.EmailKey, engine.Time(&p.CreatedAt)}, `
		SELECT id, email_key, created_at
		FROM users
		WHERE id = $1`, id)
	return p, err
}

// scanEnd returns the last place that a search reads under conditions; zero if that is the last
// of all.
func (s *Store) scanEnd(ctx context.Context, conditions []condition, o peopleOrder, scan int) (end auth.PeoplePlace, err error) {
	following, args := where(conditions)
	err = s.each(ctx, "find people", engine.Row{&end.ID, &end.EmailKey, engine.Time(&end.CreatedAt)}, func() {}, fmt.Sprintf(`
		SELECT users.id, users.email_key, users.created_at
		FROM users%s
		ORDER BY %s
		LIMIT 1 OFFSET %d`, following, o.columns, scan-1), args...)
	return end, err
}

// ends returns the conditions of the first and the last account to read: at most one for
// each end, because SQLite uses the index for one condition only. A text, which is empty in
// any other order than by email, is searched from where the list has it.
func (o peopleOrder) ends(after auth.PeoplePlace, text string) (first, last []condition) {
	if text != "" {
		last = []condition{{`users.email_key < ?`, []any{text + lastCharacter}}}
	}
	if text != "" && after.EmailKey < text {
		first = []condition{{`users.email_key >= ?`, []any{text}}}
	} else if after.ID != "" {
		first = []condition{o.after(after)}
	}
	return first, last
}
