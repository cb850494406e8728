package db

import (
	"fmt"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// Columns of PostgreSQL are converted as in database/sql, in the binary format and in the
// text format, which pgbouncer requires. A value of a wrong type is an error.
func TestPostgres_Columns(t *testing.T) {
	pooled, _ := openPgBouncer(t)
	for name, db := range map[string]testDB{"direct": openPostgres(t), "pooled": pooled} {
		var (
			user      auth.UserID
			text      string
			number    int
			long      int64
			flags     [3]bool
			bytes     []byte
			when      time.Time
			null, any any
		)
		find := func(row engine.Row, query string) error { return db.db.Find(t.Context(), row, query) }
		must(t, find(engine.Row{&user, &text, &number, &long, &flags[0], &flags[1], &flags[2], &bytes, engine.Time(&when), &null},
			`SELECT 'ann'::text, '7'::varchar, -8::int4, 9::int8, 1::int8, 0::int8, true, '\x0102'::bytea, 86400000::int8, NULL::text`))
		got := fmt.Sprint(user, text, number, long, flags, bytes, when.Unix(), null)
		if want := fmt.Sprint("ann", "7", -8, 9, [3]bool{true, false, true}, []byte{1, 2}, 86400, nil); got != want {
			t.Errorf("%s: columns are %s, want %s", name, got, want)
		}
		must(t, find(engine.Row{&bytes, engine.Time(&when)}, `SELECT NULL::bytea, NULL::int8`))
		if bytes != nil || !when.IsZero() {
			t.Errorf("%s: NULLs are %v and %v", name, bytes, when)
		}
		if err := find(engine.Row{&number}, `SELECT n FROM generate_series(1, 3) AS n ORDER BY n`); err != nil || number != 1 {
			t.Errorf("%s: the first row has %d, %v", name, number, err)
		}
		for _, wrong := range []struct {
			row   engine.Row
			query string
		}{
			{engine.Row{&text}, `SELECT NULL::text`},
			{engine.Row{&user}, `SELECT 1::int8`},
			{engine.Row{&number}, `SELECT 'one'::text`},
			{engine.Row{&long}, `SELECT NULL::int8`},
			{engine.Row{&long}, `SELECT true`},
			{engine.Row{&flags[0]}, `SELECT 'true'::text`},
			{engine.Row{&bytes}, `SELECT 'text'::text`},
			{engine.Row{engine.Time(&when)}, `SELECT 'noon'::text`},
			{engine.Row{&text, &number}, `SELECT 'one column'::text`},
			{engine.Row{&text}, `SELECT 'two'::text, 'columns'::text`},
			{engine.Row{&any}, `SELECT '0/0'::pg_lsn`},
			{engine.Row{new(chan int)}, `SELECT 1::int8`},
		} {
			if err := find(wrong.row, wrong.query); err == nil {
				t.Errorf("%s: no error for %s into a %T", name, wrong.query, wrong.row[0])
			}
		}
	}
}
