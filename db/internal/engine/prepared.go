package engine

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// A preparedPool runs queries on SQLite as prepared statements: parsing one
// takes longer than running it. Every query text is a constant, so the map does
// not grow with use.
//
// A query that has begun runs to its end even if its context is canceled. It
// takes microseconds, and watching for cancellation takes two goroutines.
type preparedPool struct {
	db         *sql.DB
	statements sync.Map // query text to *sql.Stmt
}

// newPreparedPool returns the pool of SQLite's one writing connection.
func newPreparedPool(db *sql.DB) *writePool {
	p := &preparedPool{db: db}
	closeAll := func() error { return errors.Join(p.close(), db.Close()) }
	return &writePool{pool: pool{On(p), stateOf(db), closeAll}, db: db, begin: p.begin}
}

// prepare returns the prepared query. It uses the connection, so it must not be
// called within a transaction, which has the only one.
func (p *preparedPool) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, found := p.statements.Load(query); found {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if earlier, found := p.statements.LoadOrStore(query, stmt); found {
		return earlier.(*sql.Stmt), stmt.Close()
	}
	return stmt, nil
}

// ExecContext implements [Querier].
func (p *preparedPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	stmt, err := p.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext implements [Querier].
func (p *preparedPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	stmt, err := p.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (p *preparedPool) close() error {
	var errs []error
	p.statements.Range(func(_, stmt any) bool {
		errs = append(errs, stmt.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(errs...)
}

// begin begins a transaction. Preparing a new query for the pool within it would
// wait forever for the one connection. So a new query is prepared twice: for the
// transaction, and for the pool once the transaction has ended.
func (p *preparedPool) begin(ctx context.Context) (transaction, error) {
	inner, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return transaction{}, err
	}
	t := &preparedTx{pool: p, inner: inner}
	return transaction{Statements: On(t), commit: inner.Commit, end: func() {
		_ = inner.Rollback() // does nothing after a commit
		for _, query := range t.unprepared {
			_, _ = p.prepare(ctx, query) // if it fails, the next transaction tries again
		}
	}}, nil
}

// A preparedTx runs the pool's prepared queries in a transaction.
type preparedTx struct {
	pool       *preparedPool
	inner      *sql.Tx
	unprepared []string
}

func (t *preparedTx) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, found := t.pool.statements.Load(query); found {
		return t.inner.StmtContext(ctx, stmt.(*sql.Stmt)), nil
	}
	t.unprepared = append(t.unprepared, query)
	return t.inner.PrepareContext(ctx, query)
}

// ExecContext implements [Querier].
func (t *preparedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = context.WithoutCancel(ctx)
	stmt, err := t.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext implements [Querier].
func (t *preparedTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = context.WithoutCancel(ctx)
	stmt, err := t.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}
