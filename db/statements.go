package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"twostep/auth"
)

// A runner runs the text of a query: a set of connections, or a transaction.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// statements runs queries, in a pool or in a transaction. The number of
// arguments is the writer's care: SQLite's driver ignores one too many.
type statements struct{ on runner }

// into lists where the columns of a row go.
type into []any

// exec runs a write and returns how many rows it changed.
func (s statements) exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	result, err := s.on.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// find reads one row, or answers auth.ErrNotFound.
func (s statements) find(ctx context.Context, row into, query string, args ...any) error {
	rows, err := s.on.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return auth.ErrNotFound
	}
	if err := rows.Scan(row...); err != nil {
		return err
	}
	return rows.Close()
}

// each reads all rows: it scans one into row and calls keep, again and again.
func (s statements) each(ctx context.Context, row into, keep func(), query string, args ...any) error {
	rows, err := s.on.QueryContext(ctx, query, args...)
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
