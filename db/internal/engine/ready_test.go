package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"twostep/auth"
)

// While the disk is full, Ping returns an error, also if reading works and a few bytes
// still fit. It returns nil as soon as there is space.
func TestPing_DiskFull(t *testing.T) {
	db, _ := open(t)
	limit := func(pages int) {
		t.Helper()
		_, err := db.SQL().ExecContext(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, pages))
		must(t, err)
	}
	must(t, db.Ping(t.Context()))
	limit(count(t, db, `PRAGMA page_count`))
	_, err := db.Write(t.Context(), "fill the disk", func(tx Statements) (bool, error) {
		return true, addCounter(t.Context(), tx, strings.Repeat("a long name ", 3000))
	})
	if err == nil {
		t.Fatal("the disk was not full")
	}
	_, err = db.Write(t.Context(), "fit", func(tx Statements) (bool, error) { return true, addCounter(t.Context(), tx, "k") })
	must(t, err)
	for range 3 {
		if err := db.Ping(t.Context()); !errors.Is(err, auth.DiskFull) {
			t.Errorf("error is %v", err)
		}
	}
	limit(1 << 20)
	must(t, db.Ping(t.Context()))
	if reason := db.unwritable.Load(); reason != nil {
		t.Errorf("reason is still %v", *reason)
	}
}

// Concurrent and repeated checks share one write, and a client that disconnects does not
// make the check fail.
func TestPing_SharesWrite(t *testing.T) {
	db, _ := open(t)
	var begun atomic.Int64
	begin := db.group.begin
	db.group.begin = func(ctx context.Context) (transaction, error) {
		begun.Add(1)
		return begin(ctx)
	}
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			if err := db.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := begun.Load(); n != 1 {
		t.Errorf("%d transactions, want 1", n)
	}
	db.writeCheck.ended = db.writeCheck.ended.Add(-checkInterval)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	must(t, db.checkWrite(canceled))
	if n := begun.Load(); n != 2 {
		t.Errorf("%d transactions after the interval, want 2", n)
	}
}

// A check fails while another process holds the lock for longer than requests wait.
func TestPing_Locked(t *testing.T) {
	db, path := open(t)
	lock, err := reopen(t, path).SQL().BeginTx(t.Context(), nil)
	must(t, err)
	if err := db.Ping(t.Context()); !errors.Is(err, auth.NotResponding) {
		t.Errorf("error is %v", err)
	}
	must(t, lock.Rollback())
	must(t, db.Ping(t.Context()))
}

func TestPing_NewerSchema(t *testing.T) {
	db, _ := open(t)
	_, err := db.SQL().ExecContext(t.Context(), `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	must(t, err)
	if err := db.Ping(t.Context()); !errors.Is(err, auth.NewerSchema) {
		t.Errorf("error is %v", err)
	}
}
