package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"twostep/auth"
)

// Concurrent writers share a commit, but one that rolls back, fails, panics or is
// canceled does not affect the others. The first writer waits until the others are
// queued, so that they form one group.
func TestGroup_IndependentErrors(t *testing.T) {
	db, _ := open(t)
	errFault := errors.New("a fault")
	canceled, cancel := context.WithCancel(t.Context())
	add := func(tx Statements, key string) error { return addCounter(t.Context(), tx, key) }
	result := func(err error) func(Statements, string) (bool, error) {
		return func(tx Statements, key string) (bool, error) { return true, errors.Join(add(tx, key), err) }
	}
	kinds := map[string]func(tx Statements, key string) (bool, error){
		"done":        func(tx Statements, key string) (bool, error) { return true, add(tx, key) },
		"undone":      func(tx Statements, key string) (bool, error) { return false, add(tx, key) },
		"not applied": result(ErrNotApplied),
		"not found":   result(auth.ErrNotFound),
		"email taken": result(auth.ErrEmailTaken),
		"fault":       result(errFault),
		"panic":       func(tx Statements, key string) (bool, error) { panic(fmt.Sprint("in the middle", add(tx, key))) },
		"canceled": func(tx Statements, key string) (bool, error) {
			cancel()
			return true, add(tx, key)
		},
	}
	for _, bad := range []string{"undone", "not applied", "not found", "email taken", "canceled", "fault", "panic"} {
		t.Run(bad, func(t *testing.T) {
			var members sync.WaitGroup
			started, others := make(chan bool), 8
			commits := 0
			begin := db.group.begin
			db.group.begin = func(ctx context.Context) (transaction, error) {
				commits++
				return begin(ctx)
			}
			defer func() { db.group.begin = begin }()
			write := func(ctx context.Context, kind, key string) (panicked any, done bool, err error) {
				defer func() { panicked = recover() }()
				done, err = db.Write(ctx, "write", func(tx Statements) (bool, error) { return kinds[kind](tx, key) })
				return nil, done, err
			}
			members.Go(func() {
				done, err := db.Write(t.Context(), "lead", func(tx Statements) (bool, error) {
					started <- true
					for db.group.queued() < others {
						runtime.Gosched()
					}
					return true, add(tx, bad+" leader")
				})
				if !done || err != nil {
					t.Errorf("done %v, %v", done, err)
				}
			})
			<-started
			for i := range others {
				kind, ctx := "done", t.Context()
				if i == others/2 {
					kind = bad
				}
				if kind == "canceled" {
					ctx = canceled
				}
				members.Go(func() {
					panicked, done, err := write(ctx, kind, fmt.Sprint(bad, i))
					if done != (kind == "done") || (err == nil) != slices.Contains([]string{"done", "undone", "not applied", "panic"}, kind) || (panicked != nil) != (kind == "panic") {
						t.Errorf("%s: done %v, error %v, panic %v", kind, done, err, panicked)
					}
				})
			}
			members.Wait()
			if n := count(t, db, `SELECT count(*) FROM counters WHERE key LIKE $1`, bad+"%"); n != others {
				t.Errorf("%d writes were committed, want %d", n, others)
			}
			if shared := bad != "fault" && bad != "panic"; shared && commits != 2 || !shared && commits != 2+others {
				t.Errorf("%d transactions, one shared by the group: %v", commits, shared)
			}
		})
	}
}

// queued returns how many members wait for the next transaction.
func (g *group) queued() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.queue)
}
