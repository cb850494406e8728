package engine

import (
	"context"
	"errors"
	"sync"
)

// A group commits writes to SQLite, which has one writer at a time and syncs the
// disk on each commit. Callers that arrive during a commit have to wait, and all
// of them share the next transaction and its one commit. Each writes within a
// savepoint, so that a rollback or a failure of one does not affect the others.
// No caller gets its result before the commit that contains its writes.
//
// A group has no goroutine of its own: the first caller in the queue leads, runs
// the others' functions too, and hands over to the first that arrived meanwhile.
type group struct {
	begin func(ctx context.Context) (transaction, error)

	mu    sync.Mutex
	queue []*member
	busy  bool // whether a member leads
}

// A member is one caller's part of a transaction, and its result.
type member struct {
	ctx   context.Context
	do    func(Statements) (bool, error)
	ready chan bool // receives once: true to lead, false when the result is set

	done     bool
	err      error
	panicked any
}

// groupMax bounds how long the first member of a group waits for the last.
const groupMax = 64

// write runs do in a transaction, see [DB.Write].
func (g *group) write(ctx context.Context, do func(Statements) (bool, error)) (done bool, err error) {
	m := &member{ctx: ctx, do: do, ready: make(chan bool, 1)}
	g.mu.Lock()
	g.queue = append(g.queue, m)
	if !g.busy {
		g.busy = true
		m.ready <- true
	}
	g.mu.Unlock()
	if <-m.ready {
		g.lead()
	}
	if m.panicked != nil {
		panic(m.panicked)
	}
	return m.done, m.err
}

// lead commits the writes of the queued members and hands over.
func (g *group) lead() {
	g.mu.Lock()
	members := g.queue[:min(len(g.queue), groupMax)]
	g.queue = g.queue[len(members):]
	g.mu.Unlock()
	if len(members) == 1 || !g.commit(members) {
		for _, m := range members {
			m.done, m.err, m.panicked = false, nil, nil
			g.commit([]*member{m})
		}
	}
	for _, m := range members[1:] { // the first is the leader
		m.ready <- false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy = len(g.queue) > 0; g.busy {
		g.queue[0].ready <- true
	}
}

// commit runs members in one transaction. It returns false if one of several
// failed. SQLite may then have rolled back everything, so nothing is committed, and
// each member must run again in its own transaction.
//
// A member's context is checked between queries, not within them: interrupting
// a write would roll back the transaction of all.
func (g *group) commit(members []*member) (committed bool) {
	tx, err := g.begin(context.Background())
	if err == nil {
		defer tx.end()
		for _, m := range members {
			if !m.write(tx.Statements, len(members) > 1) && len(members) > 1 {
				return false
			}
		}
		if len(members) > 1 || members[0].done {
			err = tx.commit()
		}
	}
	if err != nil {
		for _, m := range members {
			m.done, m.err = false, errors.Join(m.err, err)
		}
	}
	return true
}

// write runs a member's function and returns false after a fault.
func (m *member) write(on Statements, shared bool) (ok bool) {
	defer func() {
		if m.panicked = recover(); m.panicked != nil {
			m.done, ok = false, false
		}
	}()
	ctx := context.WithoutCancel(m.ctx)
	if shared {
		if _, m.err = on.Exec(ctx, `SAVEPOINT member`); m.err != nil {
			return false
		}
	}
	if m.err = m.ctx.Err(); m.err == nil {
		m.done, m.err = m.do(on)
	}
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
