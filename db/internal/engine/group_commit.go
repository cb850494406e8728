package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
)

// A group commits writes to SQLite, which has one writer at a time and syncs the
// disk on each commit. Callers that arrive during a commit have to wait, and all
// of them share the next transaction and its one commit. Each writes within a
// savepoint, so that a rollback or a failure of one does not affect the others.
// No caller gets its result before the commit that contains its writes.
//
// The functions of all callers run on one goroutine at a time, and not on their callers'. So
// a caller can return at its deadline while the transaction waits for the lock, which another
// process may hold, and a panic in a function ends no other caller.
type group struct {
	begin func(ctx context.Context) (transaction, error)

	mu    sync.Mutex
	queue []*member
	busy  bool // whether a goroutine runs
}

// A member is one caller's part of a transaction, and its result.
type member struct {
	ctx   context.Context
	do    func(Statements) (bool, error)
	alone bool          // runs in its own transaction, because a shared one failed
	ended chan struct{} // closed when the result is set

	done     bool
	err      error
	panicked *panicError
	exited   bool // called runtime.Goexit, as tests do that fail
}

// A panicError is a panic that is passed on to the caller whose function it
// occurred in.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprint(p.value) }

// Unwrap returns the value, if it is an error.
func (p *panicError) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// Stack returns the stack of the panic.
func (p *panicError) Stack() []byte { return p.stack }

// groupMax bounds how long the first member of a group waits for the last.
const groupMax = 64

// write runs do in a transaction, see [DB.Write].
func (g *group) write(ctx context.Context, do func(Statements) (bool, error)) (done bool, err error) {
	m := &member{ctx: ctx, do: do, ended: make(chan struct{})}
	g.mu.Lock()
	g.queue = append(g.queue, m)
	if !g.busy {
		g.busy = true
		go g.run()
	}
	g.mu.Unlock()
	select {
	case <-m.ended:
	case <-ctx.Done():
		if g.isQueued(m) { // it will not run, because its context has ended
			return false, ctx.Err()
		}
		<-m.ended // m is running: only its result says whether it is committed
	}
	switch {
	case m.panicked != nil:
		panic(m.panicked)
	case m.exited:
		runtime.Goexit()
	}
	return m.done, m.err
}

// isQueued reports whether a member waits for its transaction.
func (g *group) isQueued(m *member) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Contains(g.queue, m)
}

// next removes the members of the next transaction from the queue.
func (g *group) next() []*member {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.queue), groupMax)
	if g.queue[0].alone {
		n = 1
	}
	members := slices.Clone(g.queue[:n])
	g.queue = slices.Delete(g.queue, 0, n)
	return members
}

// run commits, and leaves the members that wait to the next goroutine: a function of a
// member can end this one.
func (g *group) run() {
	defer func() {
		if g.waiting() {
			go g.run()
		}
	}()
	g.commit()
}

// waiting reports whether any member waits. If not, the goroutine must end, because the
// next caller starts another.
func (g *group) waiting() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy = len(g.queue) > 0
	return g.busy
}

// commit runs the next members in one transaction. If one of several fails, SQLite
// may have rolled back everything, so nothing is committed, and each member runs
// again in its own transaction.
//
// To begin can take seconds, so members are removed from the queue only afterwards,
// and callers can return until then. From then on a member's context is checked between
// queries, not within them: interrupting a write would roll back the transaction of all.
func (g *group) commit() {
	var members []*member
	again := true
	defer func() {
		if value := recover(); value != nil { // in the driver: m.write recovers the members' own
			again = false
			if members == nil {
				members = g.next()
			}
			for _, m := range members {
				m.panicked = &panicError{value, debug.Stack()}
			}
		}
		g.end(members, again)
	}()
	tx, err := g.begin(context.Background())
	if err == nil {
		defer tx.end()
	}
	members = g.next()
	shared := len(members) > 1
	if err == nil {
		for _, m := range members {
			if !m.write(tx.Statements, shared) && shared {
				return
			}
		}
		if shared || members[0].done {
			err = tx.commit()
		}
	}
	again = false
	if err != nil {
		for _, m := range members {
			m.done, m.err = false, errors.Join(m.err, err)
		}
	}
}

// end gives members their results, or queues them to run again.
func (g *group) end(members []*member, again bool) {
	if again && len(members) > 1 {
		for _, m := range members {
			m.alone = true
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.queue = append(members, g.queue...)
		return
	}
	for _, m := range members {
		close(m.ended)
	}
}

// write runs a member's function and returns false after a fault.
func (m *member) write(on Statements, shared bool) (ok bool) {
	m.done, m.err, m.panicked, m.exited = false, nil, nil, false
	defer func() {
		if value := recover(); value != nil {
			m.done, ok = false, false
			m.panicked, m.exited = &panicError{value, debug.Stack()}, false
		}
	}()
	if m.err = m.ctx.Err(); m.err != nil {
		return true
	}
	ctx := context.WithoutCancel(m.ctx)
	if shared {
		if _, m.err = on.Exec(ctx, `SAVEPOINT member`); m.err != nil {
			return false
		}
	}
	m.exited = true // if do does not return
	m.done, m.err = m.do(on)
	m.exited = false
	if canceled := m.ctx.Err(); canceled != nil {
		m.err = canceled
	}
	m.done = m.done && m.err == nil
	if shared && !m.done {
		if _, err := on.Exec(ctx, `ROLLBACK TO member`); err != nil {
			return false
		}
	}
	if shared {
		if _, err := on.Exec(ctx, `RELEASE member`); err != nil {
			return false
		}
	}
	return m.err == nil || isResult(m.err) || m.ctx.Err() != nil
}
