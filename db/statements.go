package db

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"twostep/auth"
)

// A pool is a set of connections with the statements that were parsed on them.
// Every query is a constant text, so the map stays as small as the program.
type pool struct {
	statements
	db     *sql.DB
	parsed sync.Map // query text to *sql.Stmt
}

func newPool(db *sql.DB) *pool {
	p := &pool{db: db}
	p.statements = statements{p.statement}
	return p
}

// statement returns the parsed query. It needs a connection, so it must not be
// called by who holds the only one: see [Store.write].
func (p *pool) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if known, found := p.parsed.Load(query); found {
		return known.(*sql.Stmt), nil
	}
	stmt, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if earlier, found := p.parsed.LoadOrStore(query, stmt); found {
		return earlier.(*sql.Stmt), stmt.Close()
	}
	return stmt, nil
}

func (p *pool) close() error {
	var errs []error
	p.parsed.Range(func(_, stmt any) bool {
		errs = append(errs, stmt.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(append(errs, p.db.Close())...)
}

// statements runs queries, in a pool or in a transaction. The number of
// arguments is the writer's care: the driver ignores one too many.
type statements struct {
	statement func(ctx context.Context, query string) (*sql.Stmt, error)
}

// into lists where the columns of a row go.
type into []any

// exec runs a write and returns how many rows it changed.
func (s statements) exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	stmt, err := s.statement(ctx, query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// find reads one row, or answers auth.ErrNotFound.
func (s statements) find(ctx context.Context, row into, query string, args ...any) error {
	stmt, err := s.statement(ctx, query)
	if err != nil {
		return err
	}
	err = stmt.QueryRowContext(ctx, args...).Scan(row...)
	if errors.Is(err, sql.ErrNoRows) {
		return auth.ErrNotFound
	}
	return err
}

// each reads all rows: it scans one into row and calls keep, again and again.
func (s statements) each(ctx context.Context, row into, keep func(), query string, args ...any) error {
	stmt, err := s.statement(ctx, query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(row...); err != nil {
			return err
		}
		keep()
	}
	return rows.Err()
}

// millis is a time as it is stored: Unix milliseconds, and NULL for never.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// at reads a stored time into t, always in UTC.
func at(t *time.Time) sql.Scanner { return moment{t} }

type moment struct{ t *time.Time }

// Scan implements [sql.Scanner].
func (m moment) Scan(stored any) error {
	*m.t = time.Time{}
	switch stored := stored.(type) {
	case nil:
		return nil
	case int64:
		*m.t = time.UnixMilli(stored).UTC()
		return nil
	}
	return errors.New("a stored time is not a number")
}
