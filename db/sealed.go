package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"twostep/auth"
	"twostep/db/internal/engine"
	"twostep/db/internal/seal"
)

// A sealedColumn is a column of sealed values.
type sealedColumn struct {
	table, column string
	id            string // column of the primary key
	owner         string // column or expression of the place's owner
}

var (
	totpSecret      = sealedColumn{"totp", "secret", "user_id", "user_id"}
	passkeyKey      = sealedColumn{"passkeys", "public_key", "id", "user_id || '/' || id"}
	enrolmentSecret = sealedColumn{"totp_enrolments", "secret", "session_id", "id"}
	unseenCodes     = sealedColumn{"backup_code_sets", "unseen", "user_id", "user_id"}
	messageBody     = sealedColumn{"messages", "body", "id", "id"}
	passwordHash    = sealedColumn{"users", "password_hash", "id", "id"}
	newPasswordHash = sealedColumn{"attempts", "new_password_hash", "token_hash", "token_hash"}
	signingKey      = sealedColumn{"signing_keys", "private", "id", "id"}
	checkValue      = sealedColumn{"keyring", "check_value", "id", "id"}
)

// sealedColumns are all sealed columns. A column that is missing here would be
// lost when an old key is removed.
var sealedColumns = []sealedColumn{totpSecret, passkeyKey, enrolmentSecret, unseenCodes, messageBody, passwordHash, newPasswordHash, signingKey, checkValue}

func (c sealedColumn) place(owner string) seal.Place {
	return seal.Place{Table: c.table, Column: c.column, Owner: owner}
}

// query formats a query with table, column, id and owner.
func (c sealedColumn) query(text string) string {
	return fmt.Sprintf(text, c.table, c.column, c.id, c.owner)
}

// countByKey counts the column's values by the id of their key.
func (c sealedColumn) countByKey(ctx context.Context, from engine.Statements) (counts map[byte]int, err error) {
	counts = map[byte]int{}
	var key []byte
	var n int
	readErr := from.Each(ctx, engine.Row{&key, &n}, func() {
		if len(key) == 0 {
			err = fmt.Errorf("%s.%s: %w", c.table, c.column, seal.ErrOpen)
			return
		}
		counts[key[0]] = n
	}, c.query(`
		SELECT substr(%[2]s, 1, 1), count(*)
		FROM %[1]s
		WHERE %[2]s IS NOT NULL
		GROUP BY substr(%[2]s, 1, 1)`))
	return counts, cmp.Or(readErr, err)
}

// examples returns a value of each key that encrypted values of the column. It looks up
// one key after another, so with an index it does not read all values.
func (c sealedColumn) examples(ctx context.Context, from engine.Statements) (all []sealedValue, err error) {
	for next := 0; next <= 255; next++ {
		var v sealedValue
		err := from.Find(ctx, engine.Row{&v.owner, &v.sealed}, c.query(`
			SELECT %[4]s, %[2]s
			FROM %[1]s
			WHERE %[2]s IS NOT NULL AND substr(%[2]s, 1, 1) >= $1
			ORDER BY substr(%[2]s, 1, 1)
			LIMIT 1`), []byte{byte(next)})
		if errors.Is(err, auth.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		all = append(all, v)
		next = int(v.sealed[0])
	}
	return all, nil
}

// exists reports whether the database has the column: an older version may not.
func (c sealedColumn) exists(ctx context.Context, from engine.Statements) bool {
	return from.Each(ctx, engine.Row{new([]byte)}, func() {}, c.query(`SELECT %[2]s FROM %[1]s LIMIT 0`)) == nil
}

// CountSealed counts all sealed values by the id of their key.
func (s *Store) CountSealed(ctx context.Context) (map[byte]int, error) {
	all := map[byte]int{}
	for _, c := range sealedColumns {
		counts, err := c.countByKey(ctx, s.db.Statements)
		if err != nil {
			return nil, fmt.Errorf("count sealed values: %w", err)
		}
		for key, n := range counts {
			all[key] += n
		}
	}
	return all, nil
}

// CheckSealed decrypts one value of each column and key. If that succeeds, the
// keyring is the database's: a key that decrypts one value decrypts all with its
// id.
func (s *Store) CheckSealed(ctx context.Context) error {
	_, _, err := openExamples(ctx, s.db.Statements, s.seals, sealedColumns)
	return err
}

// openExamples decrypts one value of each column and key. err is the first error
// of a value that did not decrypt.
func openExamples(ctx context.Context, from engine.Statements, seals seal.Sealer, columns []sealedColumn) (tried, opened int, err error) {
	for _, c := range columns {
		values, readErr := c.examples(ctx, from)
		if readErr != nil {
			return tried, opened, readErr
		}
		for _, v := range values {
			tried++
			if _, openErr := seals.Open(c.place(v.owner), v.sealed); openErr != nil {
				err = cmp.Or(err, openErr)
				continue
			}
			opened++
		}
	}
	return tried, opened, err
}
