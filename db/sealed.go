package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"twostep/auth"
)

// A sealedColumn is one whose values a [sealer] has sealed.
type sealedColumn struct {
	table, column string
	id            string // the primary key
	owner         string // the column whose value the seal is bound to, see [place]
}

// sealedColumns is all of them.
var sealedColumns = []sealedColumn{
	{"totp", "secret", "user_id", "user_id"},
	{"totp_enrolments", "secret", "session_id", "id"},
	{"backup_code_sets", "unseen", "user_id", "user_id"},
	{"messages", "body", "id", "id"},
	{"users", "password_sealed", "id", "id"},
	{"attempts", "new_sealed", "handle", "handle"},
	ringProof,
}

func (c sealedColumn) place(owner string) place { return place{c.table, c.column, owner} }

// query writes a query about the column.
func (c sealedColumn) query(text string) string {
	return fmt.Sprintf(text, c.table, c.column, c.id, c.owner)
}

// keys counts the column's values by the key that sealed them.
func (c sealedColumn) keys(ctx context.Context, from Statements) (map[byte]int, error) {
	counts := map[byte]int{}
	var key []byte
	var n int
	var err error
	each := from.Each(ctx, Row{&key, &n}, func() {
		if len(key) == 0 {
			err = fmt.Errorf("%s.%s: %w", c.table, c.column, errSealed)
			return
		}
		counts[key[0]] = n
	}, c.query(`
		SELECT substr(%[2]s, 1, 1), count(*)
		FROM %[1]s
		WHERE %[2]s IS NOT NULL
		GROUP BY substr(%[2]s, 1, 1)`))
	if each != nil {
		return nil, each
	}
	return counts, err
}

// keysUsed lists the keys that have sealed values of the column, without counting
// them: from one key to the next an index leads over all that lies between.
func (c sealedColumn) keysUsed(ctx context.Context, from Statements) (used []byte, err error) {
	for next := 0; next <= 255; next++ {
		var key []byte
		err := from.Find(ctx, Row{&key}, c.query(`
			SELECT substr(%[2]s, 1, 1)
			FROM %[1]s
			WHERE %[2]s IS NOT NULL AND substr(%[2]s, 1, 1) >= $1
			ORDER BY substr(%[2]s, 1, 1)
			LIMIT 1`), []byte{byte(next)}[:min(next, 1)]) // from the empty value on, which no key has sealed
		if errors.Is(err, auth.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(key) == 0 {
			return nil, fmt.Errorf("%s.%s: %w", c.table, c.column, errSealed)
		}
		used = append(used, key[0])
		next = int(key[0])
	}
	return used, nil
}

// stands reports whether the database has the column: one of an older version
// may not have it yet.
func (c sealedColumn) stands(ctx context.Context, from Statements) bool {
	return from.Each(ctx, Row{new([]byte)}, func() {}, c.query(`SELECT %[2]s FROM %[1]s LIMIT 0`)) == nil
}

// CountSealed counts all sealed values by the id of the key that sealed them.
func (s *Store) CountSealed(ctx context.Context) (map[byte]int, error) {
	all := map[byte]int{}
	for _, c := range sealedColumns {
		counts, err := c.keys(ctx, s.reader.Statements)
		if err != nil {
			return nil, fmt.Errorf("count sealed values: %w", err)
		}
		for key, n := range counts {
			all[key] += n
		}
	}
	return all, nil
}

// CheckSealed opens one value of each kind and key. Where that succeeds the ring
// is the database's own: a key that opens one opens all that bear its id.
func (s *Store) CheckSealed(ctx context.Context) error {
	return checkSeals(ctx, s.reader.Statements, s.seals, sealedColumns)
}

func checkSeals(ctx context.Context, from Statements, seals sealer, columns []sealedColumn) error {
	_, _, err := trySeals(ctx, from, seals, columns)
	return err
}

// trySeals opens one value of each kind and key, and answers why some did not open.
func trySeals(ctx context.Context, from Statements, seals sealer, columns []sealedColumn) (tried, opened int, err error) {
	for _, c := range columns {
		used, fault := c.keysUsed(ctx, from)
		if fault != nil {
			return tried, opened, fault
		}
		for _, key := range used {
			owner, sealed, fault := c.example(ctx, from, key)
			if errors.Is(fault, auth.ErrNotFound) {
				continue // it went in between
			}
			if fault != nil {
				return tried, opened, fault
			}
			tried++
			if _, fault := seals.open(c.place(owner), sealed); fault != nil {
				err = cmp.Or(err, fault)
				continue
			}
			opened++
		}
	}
	return tried, opened, err
}

// example is one value that a key has sealed.
func (c sealedColumn) example(ctx context.Context, from Statements, key byte) (owner string, sealed []byte, err error) {
	err = from.Find(ctx, Row{&owner, &sealed}, c.query(`
		SELECT %[4]s, %[2]s
		FROM %[1]s
		WHERE substr(%[2]s, 1, 1) = $1
		LIMIT 1`), []byte{key})
	return owner, sealed, err
}
