package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
)

const writers = 32

// queueWriters starts writers while a transaction is running, and calls while once they
// all wait for the next. It returns when all have ended.
func (g *group) queueWriters(t *testing.T, db *DB, while func(), write func(i int)) {
	t.Helper()
	var all sync.WaitGroup
	running, release := make(chan bool), make(chan bool)
	all.Go(func() {
		_, err := db.Write(t.Context(), "keep the others waiting", func(Statements) (bool, error) {
			running <- true
			<-release
			return false, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-running
	for i := range writers {
		all.Go(func() { write(i) })
	}
	for g.queued() < writers {
		runtime.Gosched()
	}
	while()
	close(release)
	all.Wait()
}

// A caller returns as soon as its context is canceled, also while another process holds
// the lock of the database. Its write is not carried out later, and those of others are.
func TestGroup_CanceledWhileWaiting(t *testing.T) {
	for _, others := range []int{0, writers} {
		t.Run(fmt.Sprint(others), func(t *testing.T) {
			db, path := open(t)
			other := reopen(t, path)
			lock, err := other.SQL().BeginTx(t.Context(), nil)
			must(t, err)
			write := func(ctx context.Context, key string) error {
				_, err := db.Write(ctx, "write", func(tx Statements) (bool, error) {
					return true, addCounter(t.Context(), tx, key)
				})
				return err
			}
			ctx, cancel := context.WithCancel(t.Context())
			var canceled, done sync.WaitGroup
			for i := range writers {
				canceled.Go(func() {
					if err := write(ctx, fmt.Sprint("canceled", i)); !errors.Is(err, context.Canceled) {
						t.Errorf("error is %v", err)
					}
				})
			}
			for db.group.queued() < writers {
				runtime.Gosched()
			}
			for i := range others {
				done.Go(func() {
					if err := write(t.Context(), fmt.Sprint("done", i)); err != nil {
						t.Error(err)
					}
				})
			}
			for db.group.queued() < writers+others {
				runtime.Gosched()
			}
			cancel()
			canceled.Wait() // while the lock is held
			must(t, lock.Rollback())
			done.Wait()
			for db.group.running() {
				runtime.Gosched()
			}
			if n := count(t, db, `SELECT count(*) FROM counters`); n != others {
				t.Errorf("%d writes were committed, want %d", n, others)
			}
			if n := count(t, db, `SELECT count(*) FROM counters WHERE key LIKE 'canceled%'`); n > 0 {
				t.Errorf("%d canceled writes were committed", n)
			}
		})
	}
}

// running reports whether the goroutine of the group runs.
func (g *group) running() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.busy
}

// A write that is running when its context is canceled returns what has become of it:
// it is rolled back before its commit has begun, and committed otherwise.
func TestGroup_CanceledWhileRunning(t *testing.T) {
	for _, during := range []string{"write", "commit"} {
		t.Run(during, func(t *testing.T) {
			db, _ := open(t)
			ctx, cancel := context.WithCancel(t.Context())
			begin := db.group.begin
			db.group.begin = func(background context.Context) (transaction, error) {
				tx, err := begin(background)
				commit := tx.commit
				tx.commit = func() error {
					cancel()
					return commit()
				}
				return tx, err
			}
			done, err := db.Write(ctx, "write", func(tx Statements) (bool, error) {
				if during == "write" {
					cancel()
				}
				return true, addCounter(t.Context(), tx, "k")
			})
			committed := count(t, db, `SELECT count(*) FROM counters`) == 1
			if committed != (during == "commit") || done != committed || errors.Is(err, context.Canceled) == committed {
				t.Errorf("committed %v, done %v, error %v", committed, done, err)
			}
		})
	}
}

// A panic in a function reaches its caller, with the stack of the function. A function
// that exits, as a failed test does, ends its caller. Other callers are not affected.
func TestGroup_PanicReachesCaller(t *testing.T) {
	db, _ := open(t)
	cause := errors.New("broken")
	committed, ended := make(chan bool, writers), make(chan any, writers)
	db.group.queueWriters(t, db, func() {}, func(i int) {
		defer func() { ended <- recover() }()
		done, err := db.Write(t.Context(), "write", func(tx Statements) (bool, error) {
			switch i {
			case 3:
				breakDown(cause)
			case 20:
				runtime.Goexit()
			}
			return true, addCounter(t.Context(), tx, fmt.Sprint(i))
		})
		committed <- done && err == nil
	})
	if n := len(committed); n != writers-2 {
		t.Errorf("%d writers returned, want all but 2", n)
	}
	if n := count(t, db, `SELECT count(*) FROM counters`); n != writers-2 {
		t.Errorf("%d writes were committed, want %d", n, writers-2)
	}
	panics := 0
	for range writers {
		value := <-ended
		if value == nil {
			continue
		}
		panics++
		p, ok := value.(*panicError)
		if !ok || !errors.Is(p, cause) || !bytes.Contains(p.Stack(), []byte("breakDown")) {
			t.Errorf("panic of %v, stack %s", value, p.Stack())
		}
	}
	if panics != 1 {
		t.Errorf("%d panics, want 1", panics)
	}
}

func breakDown(cause error) { panic(cause) }

// A panic in the driver reaches the callers of that transaction, and the next
// transaction succeeds.
func TestGroup_DriverPanics(t *testing.T) {
	for _, in := range []string{"begin", "commit", "end"} {
		t.Run(in, func(t *testing.T) {
			db, _ := open(t)
			begin := db.group.begin
			broken := func(ctx context.Context) (transaction, error) {
				if in == "begin" {
					panic("driver")
				}
				tx, err := begin(ctx)
				end := tx.end
				switch in {
				case "commit":
					tx.commit = func() error { panic("driver") }
				case "end":
					tx.end = func() { end(); panic("driver") }
				}
				return tx, err
			}
			var panics sync.Map
			db.group.queueWriters(t, db, func() { db.group.begin = broken }, func(i int) {
				defer func() {
					if value := recover(); value != nil {
						panics.Store(i, value)
					}
				}()
				_, _ = db.Write(t.Context(), "write", func(tx Statements) (bool, error) {
					return true, addCounter(t.Context(), tx, fmt.Sprint(i))
				})
			})
			n := 0
			panics.Range(func(_, value any) bool { n++; return true })
			if n != writers {
				t.Errorf("%d callers panicked, want %d", n, writers)
			}
			db.group.begin = begin
			done, err := db.Write(t.Context(), "write", func(tx Statements) (bool, error) {
				return true, addCounter(t.Context(), tx, "later")
			})
			if !done || err != nil {
				t.Errorf("the next write: done %v, error %v", done, err)
			}
		})
	}
}
