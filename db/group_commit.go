package db

import (
	"context"
	"errors"
	"sync"

	"twostep/auth"
)

// A group writes to SQLite, where one writes at a time and each commit waits for
// the disk. Whoever comes while another's commit is under way waits for it
// anyhow; all of those share the next transaction and its one commit. Each
// writes in a savepoint of its own, so that what one takes back, or fails at,
// stays between the others as if it had not been. Nobody is told an answer
// before the commit that holds it.
//
// It has no goroutine: the first in line leads, for itself and those behind it,
// and hands on to who came meanwhile.
type group struct {
	begin func(ctx context.Context) (transaction, error)

	alone   sync.Mutex
	waiting []*member
	led     bool
}

// A member is one caller's part of a transaction, and how it ended.
type member struct {
	ctx   context.Context
	do    func(Statements) (bool, error)
	leads chan bool // told once: true to lead, false where it is over

	done     bool
	err      error
	panicked any
}

// groupMost bounds how long the first waits for the last of its group.
const groupMost = 64

// write runs do in a transaction, see [Store.write].
func (g *group) write(ctx context.Context, do func(Statements) (bool, error)) (done bool, err error) {
	m := &member{ctx: ctx, do: do, leads: make(chan bool, 1)}
	g.alone.Lock()
	g.waiting = append(g.waiting, m)
	if !g.led {
		g.led = true
		m.leads <- true
	}
	g.alone.Unlock()
	if <-m.leads {
		g.lead()
	}
	if m.panicked != nil {
		panic(m.panicked)
	}
	return m.done, m.err
}

// lead writes what those in line ask for, and hands on.
func (g *group) lead() {
	g.alone.Lock()
	members := g.waiting[:min(len(g.waiting), groupMost)]
	g.waiting = g.waiting[len(members):]
	g.alone.Unlock()
	if len(members) == 1 || !g.commit(members) {
		for _, m := range members {
			m.done, m.err, m.panicked = false, nil, nil
			g.commit([]*member{m})
		}
	}
	for _, m := range members[1:] { // the first is who leads
		m.leads <- false
	}
	g.alone.Lock()
	defer g.alone.Unlock()
	if g.led = len(g.waiting) > 0; g.led {
		g.waiting[0].leads <- true
	}
}

// commit writes for some in one transaction. It answers false where one of
// several met a fault: SQLite may have undone everything then, so nothing is
// kept, and each must be asked anew for itself.
//
// A member that has gone away is looked for between its queries and not in
// them: to interrupt a write undoes the transaction of all.
func (g *group) commit(members []*member) (kept bool) {
	inner, err := g.begin(context.Background())
	if err == nil {
		defer inner.end()
		for _, m := range members {
			if !m.write(inner.Statements, len(members) > 1) && len(members) > 1 {
				return false
			}
		}
		if len(members) > 1 || members[0].done {
			err = inner.commit()
		}
	}
	if err != nil {
		for _, m := range members {
			m.done, m.err = false, errors.Join(m.err, err)
		}
	}
	return true
}

// write does a member's part, and answers false after a fault.
func (m *member) write(on Statements, shared bool) (sound bool) {
	defer func() {
		if m.panicked = recover(); m.panicked != nil {
			m.done, sound = false, false
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
	if gone := m.ctx.Err(); gone != nil {
		m.err = gone
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
	return m.err == nil || errors.Is(m.err, auth.ErrNotFound) || errors.Is(m.err, auth.ErrEmailTaken) || m.ctx.Err() != nil
}
