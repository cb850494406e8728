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

// Who finds every connection in use waits, can be told to stop waiting, and is
// counted.
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
		t.Errorf("who went away was told %v", err)
	}
	if got := db.Pools()["read"]; got.InUse != sqliteReaders || got.Waits != 1 || got.WaitTime <= 0 {
		t.Errorf("the connections are said to be used as %+v", got)
	}
}

func TestSQLiteReader_Closed(t *testing.T) {
	db, _ := open(t)
	must(t, db.Close())
	var n int
	if err := db.Find(t.Context(), Row{&n}, `SELECT 1`); !errors.Is(err, errReaderClosed) {
		t.Errorf("a read of a closed database was answered by %v", err)
	}
}

// What is read ends with the read, also where it stopped at the first of many
// rows: the next sees what was written meanwhile.
func TestSQLiteReader_SeesWhatWasWritten(t *testing.T) {
	db, _ := open(t)
	for want := range 2 * sqliteReaders {
		_, err := db.SQL().ExecContext(t.Context(), `INSERT INTO counters (key, n) VALUES ($1, 1)`, fmt.Sprint(want))
		must(t, err)
		var first string
		must(t, db.Find(t.Context(), Row{&first}, `SELECT key FROM counters`))
		if n := count(t, db, `SELECT count(*) FROM counters`); n != want+1 {
			t.Fatalf("%d rows are seen of %d", n, want+1)
		}
	}
}

// A column goes where it fits, as with database/sql, or is an error.
func TestSQLiteReader_Columns(t *testing.T) {
	db, _ := open(t)
	var (
		user   auth.UserID
		text   string
		number int
		long   int64
		claim  bool
		bytes  []byte
		when   time.Time
		anyhow any
	)
	must(t, db.Find(t.Context(), Row{&user, &text, &number, &long, &claim, &bytes, Time(&when), &anyhow},
		`SELECT 'ann', 7, 8, 9, 1, x'0102', 86400000, NULL`))
	got, want := fmt.Sprint(user, text, number, long, claim, bytes, when.Unix(), anyhow), fmt.Sprint("ann", "7", 8, 9, true, []byte{1, 2}, 86400, nil)
	if got != want {
		t.Errorf("the columns arrived as %s, not %s", got, want)
	}
	must(t, db.Find(t.Context(), Row{&bytes, Time(&when)}, `SELECT NULL, NULL`))
	if bytes != nil || !when.IsZero() {
		t.Errorf("nothing arrived as %v and %v", bytes, when)
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
		{Row{&claim}, `SELECT 'true'`, nil},
		{Row{Time(&when)}, `SELECT 'noon'`, nil},
		{Row{&text, &number}, `SELECT 'one column'`, nil},
		{Row{new(chan int)}, `SELECT 1`, nil},
		{Row{&number}, `SELECT $1`, []any{1, "one too many"}},
		{Row{&number}, `SELECT $1`, []any{1.5}},
		{Row{&number}, `SELECT`, nil},
	} {
		if err := db.Find(t.Context(), wrong.row, wrong.query, wrong.args...); err == nil {
			t.Errorf("%s %v into a %T was taken", wrong.query, wrong.args, wrong.row[0])
		}
	}
}
