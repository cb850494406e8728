package db

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
	b := open(t)
	var n int
	for range readers {
		conn, err := b.reader.on.(*sqliteReader).take(t.Context())
		must(t, err)
		defer b.reader.on.(*sqliteReader).give(conn)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.reader.Find(ctx, Row{&n}, `SELECT 1`) }()
	for b.Pools()["read"].Waits == 0 {
		runtime.Gosched() // until it waits
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("who went away was told %v", err)
	}
	if got := b.Pools()["read"]; got.InUse != readers || got.Waits != 1 || got.WaitTime <= 0 {
		t.Errorf("the connections are said to be used as %+v", got)
	}
}

func TestSQLiteReader_Closed(t *testing.T) {
	b := open(t)
	must(t, b.Close())
	var n int
	if err := b.reader.Find(t.Context(), Row{&n}, `SELECT 1`); !errors.Is(err, errReaderClosed) {
		t.Errorf("a read of a closed database was answered by %v", err)
	}
}

// What is read ends with the read, also where it stopped at the first of many
// rows: the next sees what was written meanwhile.
func TestSQLiteReader_SeesWhatWasWritten(t *testing.T) {
	b := open(t)
	for want := range 2 * readers {
		b.change(t, `INSERT INTO tries (key, owner, n) VALUES ($1, '', 1)`, fmt.Sprint(want))
		var first string
		must(t, b.reader.Find(t.Context(), Row{&first}, `SELECT key FROM tries`))
		if n := b.count(t, `SELECT count(*) FROM tries`); n != want+1 {
			t.Fatalf("%d rows are seen of %d", n, want+1)
		}
	}
}

// A column goes where it fits, as with database/sql, or is an error.
func TestSQLiteReader_Columns(t *testing.T) {
	b := open(t)
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
	must(t, b.reader.Find(t.Context(), Row{&user, &text, &number, &long, &claim, &bytes, Time(&when), &anyhow},
		`SELECT 'ann', 7, 8, 9, 1, x'0102', 86400000, NULL`))
	got, want := fmt.Sprint(user, text, number, long, claim, bytes, when.Unix(), anyhow), fmt.Sprint("ann", "7", 8, 9, true, []byte{1, 2}, 86400, nil)
	if got != want {
		t.Errorf("the columns arrived as %s, not %s", got, want)
	}
	must(t, b.reader.Find(t.Context(), Row{&bytes, Time(&when)}, `SELECT NULL, NULL`))
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
		if err := b.reader.Find(t.Context(), wrong.row, wrong.query, wrong.args...); err == nil {
			t.Errorf("%s %v into a %T was taken", wrong.query, wrong.args, wrong.row[0])
		}
	}
}
