package db

import (
	"context"
	"fmt"
)

// resealBatch is how many values are sealed anew in one transaction. It takes a
// few milliseconds, which is how long others who write wait for it.
const resealBatch = 50

// resealRounds is how often it goes through everything: a server that does not
// know the new key yet goes on to seal with an older one.
const resealRounds = 5

// A sealedValue is one as it stands.
type sealedValue struct {
	id, owner string
	sealed    []byte
}

// Reseal seals every value anew that is not sealed by the newest key, while
// others go on reading and writing. It tells progress after each transaction how
// many are done. What it was doing when it was stopped stands, so that another
// call goes on from there. A value that does not open is left as it is and
// counted as broken.
func (s *Store) Reseal(ctx context.Context, progress func(done int)) (done, broken int, err error) {
	for round, more := 0, true; more && round < resealRounds; round++ {
		more, broken = false, 0
		for _, c := range sealedColumns {
			resealed, unopened, err := s.resealColumn(ctx, c, func(n int) { progress(done + n) })
			if done += resealed; err != nil {
				return done, broken, fmt.Errorf("seal %s.%s anew: %w", c.table, c.column, err)
			}
			broken += unopened
			more = more || resealed > 0
		}
	}
	return done, broken, nil
}

// resealColumn goes through one column in the order of its key.
func (s *Store) resealColumn(ctx context.Context, c sealedColumn, progress func(done int)) (done, broken int, err error) {
	after := ""
	for {
		values, err := s.sealedOtherwise(ctx, c, after)
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

// sealedOtherwise reads the next values that are not sealed by the newest key.
func (s *Store) sealedOtherwise(ctx context.Context, c sealedColumn, after string) (values []sealedValue, err error) {
	newest := s.seals.keys.IDs()[0]
	var v sealedValue
	err = s.reader.Each(ctx, Row{&v.id, &v.owner, &v.sealed}, func() {
		values = append(values, v)
		v.sealed = nil // the next one gets bytes of its own
	}, c.query(`
		SELECT %[3]s, %[4]s, %[2]s
		FROM %[1]s
		WHERE %[3]s > $1 AND %[2]s IS NOT NULL AND substr(%[2]s, 1, 1) <> $2
		ORDER BY %[3]s
		LIMIT $3`), after, []byte{newest}, resealBatch)
	return values, err
}

// resealValues writes each value anew where it still stands as it was read. One
// that somebody has changed meanwhile is not touched.
func (s *Store) resealValues(ctx context.Context, c sealedColumn, values []sealedValue) (done, broken int, err error) {
	_, err = s.write(ctx, "seal anew", "", func(tx *tx) (bool, error) {
		done, broken = 0, 0
		for _, v := range values {
			plain, err := tx.seals.open(c.place(v.owner), v.sealed)
			if err != nil {
				broken++
				continue
			}
			sealed, err := tx.seals.seal(c.place(v.owner), plain)
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
