package db

import (
	"context"
	"fmt"

	"twostep/db/internal/engine"
)

const (
	// resealBatch is the number of values per transaction. It takes a few
	// milliseconds, during which other writers wait.
	resealBatch = 50
	// resealRounds bounds how often all columns are read: a server that does not
	// have the new key yet keeps encrypting with an older one.
	resealRounds = 5
)

type sealedValue struct {
	id, owner string
	sealed    []byte
}

// Reseal encrypts every value with the newest key that another key encrypted,
// while servers keep reading and writing. After each transaction it calls
// progress with the number of values done. If it is interrupted, another call
// continues. A value that does not decrypt is left as it is and counted as broken.
func (s *Store) Reseal(ctx context.Context, progress func(done int)) (done, broken int, err error) {
	for round, more := 0, true; more && round < resealRounds; round++ {
		more, broken = false, 0
		for _, c := range sealedColumns {
			resealed, unopened, err := s.resealColumn(ctx, c, func(n int) { progress(done + n) })
			if done += resealed; err != nil {
				return done, broken, fmt.Errorf("reseal %s.%s: %w", c.table, c.column, err)
			}
			broken += unopened
			more = more || resealed > 0
		}
	}
	return done, broken, nil
}

// resealColumn reads one column in the order of its primary key.
func (s *Store) resealColumn(ctx context.Context, c sealedColumn, progress func(done int)) (done, broken int, err error) {
	after := ""
	for {
		values, err := s.findOutdated(ctx, c, after)
		if err != nil || len(values) == 0 {
			return done, broken, err
		}
		after = values[len(values)-1].id
		resealed, unopened, err := s.resealValues(ctx, c, values)
		if err != nil {
			return done, broken, err
		}
		done, broken = done+resealed, broken+unopened
		progress(done)
	}
}

// findOutdated reads the next values that another key than the newest encrypted.
func (s *Store) findOutdated(ctx context.Context, c sealedColumn, after string) (values []sealedValue, err error) {
	newest := s.seals.Keys.IDs()[0]
	var v sealedValue
	err = s.db.Each(ctx, engine.Row{&v.id, &v.owner, &v.sealed}, func() {
		values = append(values, v)
		v.sealed = nil // the next row gets its own bytes
	}, c.query(`
		SELECT %[3]s, %[4]s, %[2]s
		FROM %[1]s
		WHERE %[3]s > $1 AND %[2]s IS NOT NULL AND substr(%[2]s, 1, 1) <> $2
		ORDER BY %[3]s
		LIMIT $3`), after, []byte{newest}, resealBatch)
	return values, err
}

// resealValues replaces each value unless it has changed since it was read.
func (s *Store) resealValues(ctx context.Context, c sealedColumn, values []sealedValue) (done, broken int, err error) {
	_, err = s.write(ctx, "reseal values", "", func(tx *tx) (bool, error) {
		done, broken = 0, 0
		for _, v := range values {
			plain, err := tx.seals.Open(c.place(v.owner), v.sealed)
			if err != nil {
				broken++
				continue
			}
			sealed, err := tx.seals.Seal(c.place(v.owner), plain)
			if err != nil {
				return false, err
			}
			changed, err := tx.Exec(ctx, c.query(`
				UPDATE %[1]s SET %[2]s = $1
				WHERE %[3]s = $2 AND %[4]s = $3 AND %[2]s = $4`), sealed, v.id, v.owner, v.sealed)
			if err != nil {
				return false, err
			}
			done += int(changed)
		}
		return true, nil
	})
	return done, broken, err
}
