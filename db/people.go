package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// A peopleQuery has the conditions of a search on users. All apply.
type peopleQuery struct {
	filters []condition
	sets    []condition // for some of them the query of the ids that they select, by an index
}

// A condition is SQL in which each ? is replaced by the number of an argument.
type condition struct {
	sql  string
	args []any
}

// number returns the SQL with numbered arguments, which are added to args.
func (c condition) number(args *[]any) string {
	parts := strings.Split(c.sql, "?")
	for i, arg := range c.args {
		*args = append(*args, arg)
		parts[i] += fmt.Sprintf("$%d", len(*args))
	}
	return strings.Join(parts, "")
}

// where returns a WHERE clause of conditions, and its arguments.
func where(conditions []condition) (sql string, args []any) {
	sql = whereMore(conditions, &args)
	return sql, args
}

// whereMore is where for a query that has arguments already.
func whereMore(conditions []condition, args *[]any) (sql string) {
	var all []string
	for _, c := range conditions {
		all = append(all, c.number(args))
	}
	if len(all) > 0 {
		sql = "\n\t\tWHERE " + strings.Join(all, "\n\t\t\tAND ")
	}
	return sql
}

// lastCharacter sorts after all others: a text that begins with a prefix sorts before the
// prefix with this character.
const lastCharacter = "\U0010FFFF"

func newPeopleQuery(q auth.PeopleQuery) (p peopleQuery) {
	filter := func(sql string, args ...any) { p.filters = append(p.filters, condition{sql, args}) }
	set := func(sql string, args ...any) { p.sets = append(p.sets, condition{sql, args}) }
	if q.Text != "" {
		email, last := `email_key >= ? AND email_key < ?`, q.Text+lastCharacter
		if q.Exact {
			email, last = `email_key >= ? AND email_key <= ?`, q.Text
		}
		filter(`(users.id = ? OR users.`+email+` OR (SELECT count(*) FROM phones WHERE user_id = users.id AND number = ?) > 0)`,
			q.Text, q.Text, last, q.Text)
		set(`
			SELECT id FROM users WHERE id = ?
			UNION ALL
			SELECT user_id FROM phones WHERE number = ?
			UNION ALL
			SELECT id FROM users WHERE `+email, q.Text, q.Text, q.Text, last)
	}
	if q.Group != "" {
		filter(`(SELECT count(*) FROM account_groups WHERE user_id = users.id AND name = ?) > 0`, q.Group)
		set(`SELECT user_id FROM account_groups WHERE name = ?`, q.Group)
	}
	if q.MFAPolicy {
		filter(mfaPolicyDay + ` IS NOT NULL`)
		set(`
			SELECT user_id FROM account_groups WHERE name IN (SELECT group_name FROM mfa_policies)
			UNION ALL
			SELECT id FROM users WHERE EXISTS (SELECT 1 FROM mfa_policies WHERE group_name = '')`)
	}
	if q.Role != auth.NoRole {
		filter(`users.role + 0 = ?`, q.Role)
		set(`SELECT id FROM users WHERE role > 0 AND role = ?`, q.Role)
	}
	if rare, ok := rareStates[q.State]; ok {
		filter(rare.condition)
		set(`SELECT id FROM users WHERE ` + rare.index)
	}
	switch q.State {
	case auth.StateLocked:
		filter(isLocked)
		set(lockedAccounts)
	case auth.StateActive:
		for _, state := range auth.AccountStates {
			if rare, ok := rareStates[state]; ok {
				filter(`NOT ` + rare.condition)
			}
		}
		filter(`NOT ` + isLocked)
	}
	switch q.Factors {
	case auth.NoFactor:
		filter(hasNoPasskey + ` AND ` + hasNoTOTP + ` AND NOT ` + hasSMS)
	case auth.SMSOnly:
		filter(hasNoPasskey + ` AND ` + hasNoTOTP + ` AND ` + hasSMS)
	}
	if !q.NotSeenSince.IsZero() {
		filter(`COALESCE(users.seen_at, users.created_at) < ?`, engine.Millis(q.NotSeenSince))
	}
	return p
}

// rareStates are the states that have an index. Their condition is written such that the
// index does not serve it: if many accounts are in the state, the order of the list must.
var rareStates = map[auth.AccountState]struct{ index, condition string }{
	auth.StateDisabled:   {`disabled_at IS NOT NULL`, `COALESCE(users.disabled_at, 0) <> 0`},
	auth.StateMustChange: {`must_change = 1`, `users.must_change + 0 = 1`},
	auth.StateInvited:    {`password_hash IS NULL`, `COALESCE(length(users.password_hash), 0) = 0`},
}

// Conditions as scalar subqueries: PostgreSQL would turn EXISTS into a join that reads
// whole tables.
const (
	hasNoPasskey = `(SELECT count(*) FROM passkeys WHERE passkeys.user_id = users.id) = 0`
	hasNoTOTP    = `(SELECT count(*) FROM totp WHERE totp.user_id = users.id) = 0`
	hasSMS       = `(SELECT count(*) FROM phones WHERE phones.user_id = users.id AND phones.reserved_at IS NOT NULL) > 0`
)

// FindPeople implements [auth.Store].
func (s *Store) FindPeople(ctx context.Context, q auth.PeopleQuery, limit int) (page auth.PeoplePage, err error) {
	return s.findPeople(ctx, q, limit, auth.PeopleScan)
}

// findPeople reads scan accounts at most. If a filter that has an index selects few accounts,
// those are read; otherwise matching accounts are frequent, and it reads in the order of
// the list.
func (s *Store) findPeople(ctx context.Context, q auth.PeopleQuery, limit, scan int) (page auth.PeoplePage, err error) {
	p := newPeopleQuery(q)
	o := orderByEmail
	if q.Newest {
		o = orderByNewest
	}
	few, err := s.fewPeople(ctx, p.sets, scan)
	if err != nil {
		return page, err
	}
	if few != nil {
		p.filters = append(p.filters, s.in(*few))
	}
	after := q.Place
	if after.ID == "" && q.After != "" {
		if after, err = s.findPlace(ctx, q.After); errors.Is(err, auth.ErrNotFound) {
			return page, nil
		} else if err != nil {
			return page, err
		}
	}
	text := ""
	if few == nil && !q.Newest {
		text = q.Text
	}
	first, last := o.ends(after, text)
	var end auth.PeoplePlace
	if few == nil {
		if end, err = s.scanEnd(ctx, slices.Concat(first, last), o, scan); err != nil {
			return page, err
		}
	}
	if end.ID != "" {
		last = []condition{o.until(end)}
	}
	p.filters = append(p.filters, last...)
	var args []any
	from := `
		FROM users`
	if few == nil && s.db.Concurrent {
		// PostgreSQL expects the filters to leave one account, and would sort all that the search
		// reads. From the subquery it takes them in order, and no more than the page needs.
		from = fmt.Sprintf(`
		FROM (
			SELECT *
			FROM users%s
			ORDER BY %s
			LIMIT %d
		) AS users`, whereMore(first, &args), o.columns, scan)
	} else {
		p.filters = append(p.filters, first...)
	}
	matching := whereMore(p.filters, &args)
	page.Accounts, err = s.findAccounts(ctx, accountColumns+from+matching+fmt.Sprintf(`
		ORDER BY %s
		LIMIT %d`, o.columns, limit+1), args...)
	switch {
	case err != nil:
		return page, err
	case len(page.Accounts) > limit:
		page.Accounts = page.Accounts[:limit]
		last := page.Accounts[limit-1]
		page.Place = auth.PeoplePlace{ID: last.ID, EmailKey: last.Email.Key, CreatedAt: last.CreatedAt}
	case end.ID != "":
		page.Place, page.Partial = end, true
	}
	page.Next = page.Place.ID
	return page, nil
}

// in is the condition that an account is in a set.
func (s *Store) in(set condition) condition {
	if s.db.Concurrent { // PostgreSQL reads the set first, however many accounts it expects in it
		return condition{`users.id = ANY (ARRAY(` + set.sql + `))`, set.args}
	}
	return condition{`users.id IN (` + set.sql + `)`, set.args}
}

// fewPeople returns the first set that has few accounts; nil for none.
func (s *Store) fewPeople(ctx context.Context, sets []condition, scan int) (few *condition, err error) {
	for _, set := range sets {
		var args []any
		n := 0
		err := s.find(ctx, "count people", engine.Row{&n}, fmt.Sprintf(`
		SELECT count(*)
		FROM (SELECT 1 FROM (%s) AS matching LIMIT %d) AS few`, set.number(&args), scan+1), args...)
		if err != nil || n <= scan {
			return &set, err
		}
	}
	return nil, nil
}

// The accounts with a locked factor, and the condition that users is one.
var (
	lockedAccounts = fmt.Sprintf(`SELECT account FROM rate_limits WHERE account IS NOT NULL AND count >= %d AND key >= 'failures/' AND key < 'failures0'`, auth.FailuresLock)
	isLocked       = fmt.Sprintf(`(SELECT count(*) FROM rate_limits WHERE account = users.id AND count >= %d AND key >= 'failures/' AND key < 'failures0') > 0`, auth.FailuresLock)
)
