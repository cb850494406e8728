package db

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// Many who write at once share a commit, and still each gets what it would have
// got alone: what was done stands, and what was taken back, failed, broke or was
// left does not, whoever wrote beside it. The leader of the first group waits
// until all the others stand in line, so that they are one group.
func TestGroup_EachForItself(t *testing.T) {
	b := open(t)
	errFault := errors.New("a fault")
	gone, leave := context.WithCancel(t.Context())
	add := func(tx *tx, key string) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO tries (key, n) VALUES ($1, 1)`, key)
		return err
	}
	kinds := map[string]func(tx *tx, key string) (bool, error){
		"done":  func(tx *tx, key string) (bool, error) { return true, add(tx, key) },
		"taken": func(tx *tx, key string) (bool, error) { return false, add(tx, key) },
		"fault": func(tx *tx, key string) (bool, error) { return true, errors.Join(add(tx, key), errFault) },
		"panic": func(tx *tx, key string) (bool, error) { panic(fmt.Sprint("in the middle", add(tx, key))) },
		"gone": func(tx *tx, key string) (bool, error) {
			leave()
			return true, add(tx, key)
		},
	}
	for _, bad := range []string{"taken", "gone", "fault", "panic"} {
		t.Run(bad, func(t *testing.T) {
			var members sync.WaitGroup
			started, others := make(chan bool), 8
			commits := 0
			begin := b.group.begin
			b.group.begin = func(ctx context.Context) (transaction, error) {
				commits++
				return begin(ctx)
			}
			defer func() { b.group.begin = begin }()
			write := func(ctx context.Context, kind, key string) (panicked any, done bool, err error) {
				defer func() { panicked = recover() }()
				done, err = b.write(ctx, "write", "", func(tx *tx) (bool, error) { return kinds[kind](tx, key) })
				return nil, done, err
			}
			members.Go(func() {
				done, err := b.write(t.Context(), "lead", "", func(tx *tx) (bool, error) {
					started <- true
					for b.group.inLine() < others {
						runtime.Gosched()
					}
					return true, add(tx, bad+" leader")
				})
				wantTrue(t, done, err)
			})
			<-started
			for i := range others {
				kind, ctx := "done", t.Context()
				if i == others/2 {
					kind = bad
				}
				if kind == "gone" {
					ctx = gone
				}
				members.Go(func() {
					panicked, done, err := write(ctx, kind, fmt.Sprint(bad, i))
					if done != (kind == "done") || (err != nil) != (kind == "fault" || kind == "gone") || (panicked != nil) != (kind == "panic") {
						t.Errorf("%s: done %v, error %v, panic %v", kind, done, err, panicked)
					}
				})
			}
			members.Wait()
			if n := b.count(t, `SELECT count(*) FROM tries WHERE key LIKE $1`, bad+"%"); n != others {
				t.Errorf("%d of %d writes stand", n, others)
			}
			if shared := bad == "taken" || bad == "gone"; shared && commits != 2 || !shared && commits != 2+others {
				t.Errorf("%d transactions", commits)
			}
		})
	}
}

// inLine is how many wait for the next transaction.
func (g *group) inLine() int {
	g.alone.Lock()
	defer g.alone.Unlock()
	return len(g.waiting)
}
