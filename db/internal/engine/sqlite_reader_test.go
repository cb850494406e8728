package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"twostep/auth"
)

// A read waits while every connection is in use, stops waiting when its context is
// canceled, and is counted.
func TestSQLiteReader_Waits(t *testing.T) {
	db, _ := open(t)
	var n int
	for range sqliteReaders {
		conn, err := db.on.(*sqliteReader).acquire(t.Context())
		must(t, err)
		defer db.on.(*sqliteReader).release(conn)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- db.Find(ctx, Row{&n}, `SELECT 1`) }()
	for db.Pools()["read"].Waits == 0 {
		runtime.Gosched() // until it waits
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	if got := db.Pools()["read"]; got.InUse != sqliteReaders || got.Waits != 1 || got.WaitTime <= 0 {
		t.Errorf("pool is %+v", got)
	}
}

func TestSQLiteReader_Closed(t *testing.T) {
	db, _ := open(t)
	must(t, db.Close())
	var n int
	if err := db.Find(t.Context(), Row{&n}, `SELECT 1`); !errors.Is(err, errReaderClosed) {
		t.Errorf("error is %v, want errReaderClosed", err)
	}
}

// A read transaction ends with its query, even if only the first of many rows was
// read, so the next query sees newer commits.
func TestSQLiteReader_SeesCommitted(t *testing.T) {
	db, _ := open(t)
	for want := range 2 * sqliteReaders {
		_, err := db.SQL().ExecContext(t.Context(), `INSERT INTO counters (key, n) VALUES ($1, 1)`, fmt.Sprint(want))
		must(t, err)
		var first string
		must(t, db.Find(t.Context(), Row{&first}, `SELECT key FROM counters`))
		if n := count(t, db, `SELECT count(*) FROM counters`); n != want+1 {
			t.Fatalf("%d rows, want %d", n, want+1)
		}
	}
}

// Columns are converted as in database/sql. A value of a wrong type is an error.
func TestSQLiteReader_Columns(t *testing.T) {
	db, _ := open(t)
	var (
		user   auth.UserID
		text   string
		number int
		long   int64
		flag   bool
		bytes  []byte
		when   time.Time
		null   any
	)
	must(t, db.Find(t.Context(), Row{&user, &text, &number, &long, &flag, &bytes, Time(&when), &null},
		`SELECT 'ann', 7, 8, 9, 1, x'0102', 86400000, NULL`))
	got, want := fmt.Sprint(user, text, number, long, flag, bytes, when.Unix(), null), fmt.Sprint("ann", "7", 8, 9, true, []byte{1, 2}, 86400, nil)
	if got != want {
		t.Errorf("columns are %s, want %s", got, want)
	}
	must(t, db.Find(t.Context(), Row{&bytes, Time(&when)}, `SELECT NULL, NULL`))
	if bytes != nil || !when.IsZero() {
		t.Errorf("NULLs are %v and %v", bytes, when)
	}
	most := make([]any, len(parameters))
	for i := range most {
		most[i] = i
	}
	if err := db.Find(t.Context(), Row{&number}, `SELECT max`+Placeholders(1, len(most)), most...); err != nil || number != len(most)-1 {
		t.Errorf("as many parameters as possible: %d, %v", number, err)
	}
	for _, wrong := range []struct {
		row   Row
		query string
		args  []any
	}{
		{Row{&text}, `SELECT NULL`, nil},
		{Row{&user}, `SELECT NULL`, nil},
		{Row{&user}, `SELECT 1`, nil},
		{Row{&number}, `SELECT 'one'`, nil},
		{Row{&long}, `SELECT NULL`, nil},
		{Row{&flag}, `SELECT 'true'`, nil},
		{Row{Time(&when)}, `SELECT 'noon'`, nil},
		{Row{&text, &number}, `SELECT 'one column'`, nil},
		{Row{new(chan int)}, `SELECT 1`, nil},
		{Row{&number}, `SELECT $1`, []any{1, "one too many"}},
		{Row{&number}, `SELECT max` + Placeholders(1, len(most)+1), append(most, 1)},
		{Row{&number}, `SELECT $1`, []any{1.5}},
		{Row{&number}, `SELECT`, nil},
	} {
		if err := db.Find(t.Context(), wrong.row, wrong.query, wrong.args...); err == nil {
			t.Errorf("no error for %s %v into a %T", wrong.query, wrong.args, wrong.row[0])
		}
	}
}
