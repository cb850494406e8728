package db

import (
	"context"
	"fmt"
	"strings"

	"twostep/auth"
)

// AddPeople writes many accounts in one transaction, all or none: of each grant
// the account, and the session, browser, app and history that it begins with.
// The site never does; it is for who fills a database to measure it, and takes
// a tenth of the time of as many grants.
func (s *Store) AddPeople(ctx context.Context, people []auth.ChangeSet) error {
	users := bulk{columns: []string{"id", "email", "email_key", "password_hash", "created_at"}}
	sessions := bulk{columns: []string{
		"id", "handle", "user_id", "created_at", "started_at", "seen_at", "first_at", "second_at", "address", "browser",
	}}
	browsers := bulk{columns: []string{"user_id", "marker", "seen_at"}}
	apps := bulk{columns: []string{"user_id", "secret", "last_step", "added_at"}}
	events := bulk{columns: []string{
		"id", "user_id", "at", "what", "kind", "address", "browser", "number", "email", "backup_left",
	}}
	for _, set := range people {
		for _, c := range set.Changes {
			switch c := c.(type) {
			case auth.AddUser:
				users.add(c.ID, c.Email.Typed, c.Email.Key, c.PasswordHash, Millis(c.CreatedAt))
			case auth.BeginSession:
				sessions.add(c.ID, c.TokenHash, set.User, Millis(c.CreatedAt), Millis(c.StartedAt), Millis(c.SeenAt), Millis(c.PasswordAt),
					Millis(c.MFAAt), c.IP, c.UserAgent)
			case auth.RememberDevice:
				browsers.add(set.User, c.TokenHash, Millis(set.At))
			case auth.PutTOTP:
				sealed, err := s.seals.seal(totpSecret(set.User), c.Secret)
				if err != nil {
					return err
				}
				apps.add(set.User, sealed, c.LastStep, Millis(c.AddedAt))
			case auth.RecordEvent:
				events.add(c.ID, set.User, Millis(c.At), c.Type, c.Factor, c.IP, c.UserAgent, c.Number, c.Email, c.Left)
			default:
				return fmt.Errorf("add people: %T", c)
			}
		}
	}
	return s.add(ctx, "add people", "", func(tx *tx) (bool, error) {
		for _, part := range []struct {
			table string
			bulk
		}{{"users", users}, {"sessions", sessions}, {"known_browsers", browsers}, {"totp", apps}, {"activity", events}} {
			if err := part.insert(ctx, tx, part.table); err != nil {
				return false, fmt.Errorf("%s: %w", part.table, err)
			}
		}
		return true, nil
	})
}

// A bulk is rows for one table.
type bulk struct {
	columns []string
	values  []any
}

func (b *bulk) add(row ...any) { b.values = append(b.values, row...) }

// bulkRows is how many rows one query inserts.
const bulkRows = 100

func (b *bulk) insert(ctx context.Context, tx *tx, table string) error {
	for values := b.values; len(values) > 0; {
		some := values[:min(len(values), bulkRows*len(b.columns))]
		values = values[len(some):]
		var query strings.Builder
		query.WriteString("INSERT INTO " + table + " (" + strings.Join(b.columns, ", ") + ") VALUES ")
		for i := range some {
			switch {
			case i == 0:
				query.WriteString("(")
			case i%len(b.columns) == 0:
				query.WriteString("), (")
			default:
				query.WriteString(", ")
			}
			fmt.Fprint(&query, "$", i+1)
		}
		query.WriteString(")")
		if _, err := tx.Exec(ctx, query.String(), some...); err != nil {
			return err
		}
	}
	return nil
}
