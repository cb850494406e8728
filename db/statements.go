package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"twostep/auth"
)

// A runner runs the text of a query: a set of connections, or a transaction.
type runner interface {
	// exec runs a write and answers how many rows it changed.
	exec(ctx context.Context, query string, args []any) (changed int64, err error)
	// read scans one row after the other into row, as long as more answers true.
	read(ctx context.Context, row Row, more func() bool, query string, args []any) error
}

// Row lists where the columns of a row go.
type Row []any

// Statements are what the store's methods run queries by. The number of
// arguments is the writer's care: SQLite's driver ignores one too many.
type Statements struct{ on runner }

// Exec runs a write and returns how many rows it changed.
func (s Statements) Exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	return s.on.exec(ctx, query, args)
}

// Find reads one row, or answers auth.ErrNotFound.
func (s Statements) Find(ctx context.Context, row Row, query string, args ...any) error {
	found := false
	err := s.on.read(ctx, row, func() bool { found = true; return false }, query, args)
	if err == nil && !found {
		err = auth.ErrNotFound
	}
	return err
}

// Each reads all rows: it scans one into row and calls keep, again and again.
func (s Statements) Each(ctx context.Context, row Row, keep func(), query string, args ...any) error {
	return s.on.read(ctx, row, func() bool { keep(); return true }, query, args)
}

// values lists rows for VALUES, of so many parameters each. There must be few
// numbers of rows: each is a query of its own, whose text is kept.
func values(rows, columns int) string {
	row := strings.Repeat(", $%d", columns)[2:]
	list := strings.Repeat(", ("+row+")", rows)[2:]
	numbers := make([]any, rows*columns)
	for i := range numbers {
		numbers[i] = i + 1
	}
	return fmt.Sprintf(list, numbers...)
}

// viaSQL is a runner of database/sql.
type viaSQL struct{ on sqlRunner }

// A sqlRunner is what database/sql runs queries on: a pool or a transaction.
type sqlRunner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (v viaSQL) exec(ctx context.Context, query string, args []any) (changed int64, err error) {
	result, err := v.on.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (v viaSQL) read(ctx context.Context, row Row, more func() bool, query string, args []any) error {
	rows, err := v.on.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(row...); err != nil {
			return err
		}
		if !more() {
			return rows.Close()
		}
	}
	return rows.Err()
}

// Millis is a time as it is stored: Unix milliseconds, and NULL for never.
func Millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// Time reads a stored time into t, always in UTC.
func Time(t *time.Time) sql.Scanner { return moment{t} }

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
