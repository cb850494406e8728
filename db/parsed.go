package db

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// parsed runs the writer's queries on SQLite as statements that were parsed
// once: to parse one takes longer than to run it. Every query is a constant
// text, so the map stays as small as the program.
//
// A query that has begun is finished, also where who asked has gone away: to
// watch for that takes two goroutines, which cost more than the query.
type parsed struct {
	db    *sql.DB
	known sync.Map // query text to *sql.Stmt
}

// newParsedPool is the pool of the one connection that writes to SQLite.
func newParsedPool(db *sql.DB) *writePool {
	p := &parsed{db: db}
	closing := func() error { return errors.Join(p.close(), db.Close()) }
	return &writePool{pool: pool{Statements{viaSQL{p}}, useOf(db), closing}, db: db, begin: p.begin}
}

// statement returns the parsed query. It needs a connection, so it must not be
// called by who holds the only one: see [parsed.begin].
func (p *parsed) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if known, found := p.known.Load(query); found {
		return known.(*sql.Stmt), nil
	}
	stmt, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if earlier, found := p.known.LoadOrStore(query, stmt); found {
		return earlier.(*sql.Stmt), stmt.Close()
	}
	return stmt, nil
}

// ExecContext implements [sqlRunner].
func (p *parsed) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext implements [sqlRunner].
func (p *parsed) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (p *parsed) close() error {
	var errs []error
	p.known.Range(func(_, stmt any) bool {
		errs = append(errs, stmt.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(errs...)
}

// begin begins a transaction. The pool has one connection, and who asks it for
// another while holding that one waits for ever; so a query seen here for the
// first time is parsed for this transaction alone, and for the pool when the
// connection is free again.
func (p *parsed) begin(ctx context.Context) (transaction, error) {
	inner, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return transaction{}, err
	}
	t := &parsedTx{pool: p, inner: inner}
	return transaction{Statements: Statements{viaSQL{t}}, commit: inner.Commit, end: func() {
		_ = inner.Rollback() // does nothing after a commit
		for _, query := range t.unknown {
			_, _ = p.statement(ctx, query) // next time then
		}
	}}, nil
}

// A parsedTx runs the pool's parsed queries in a transaction.
type parsedTx struct {
	pool    *parsed
	inner   *sql.Tx
	unknown []string
}

func (t *parsedTx) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if known, found := t.pool.known.Load(query); found {
		return t.inner.StmtContext(ctx, known.(*sql.Stmt)), nil
	}
	t.unknown = append(t.unknown, query)
	return t.inner.PrepareContext(ctx, query)
}

// ExecContext implements [sqlRunner].
func (t *parsedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = context.WithoutCancel(ctx)
	stmt, err := t.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext implements [sqlRunner].
func (t *parsedTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = context.WithoutCancel(ctx)
	stmt, err := t.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}
