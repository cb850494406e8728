package engine

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"twostep/auth"
)

// A runner runs queries: a pool, or a transaction.
type runner interface {
	// exec returns how many rows it changed.
	exec(ctx context.Context, query string, args []any) (changed int64, err error)
	// read scans each row into row, until more returns false.
	read(ctx context.Context, row Row, more func() bool, query string, args []any) error
}

// A queuer is a runner that can run writes later, with the next query.
type queuer interface {
	// queue queues a write. If it is required and changes no row, the next query that
	// needs a result, or the commit, returns ErrNotApplied.
	queue(required bool, query string, args []any)
}

// ErrNotApplied ends a transaction that is undone because a required write changed no row.
var ErrNotApplied = errors.New("write has changed no row")

// A Row lists the destinations of a row's columns.
type Row []any

// Statements run queries. Callers must pass the right number of arguments:
// SQLite's driver ignores superfluous ones.
type Statements struct{ on runner }

// On returns statements that run on a *sql.DB, *sql.Tx or *sql.Conn.
func On(q Querier) Statements { return Statements{sqlRunner{q}} }

// Exec runs a write and returns how many rows it changed.
func (s Statements) Exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	return s.on.exec(ctx, query, args)
}

// Queue runs a write whose result is not needed: with the next query, or at the commit.
// SQLite runs it at once.
func (s Statements) Queue(ctx context.Context, query string, args ...any) error {
	return s.queue(ctx, false, query, args)
}

// Require is Queue for a write that must change a row. If it does not, the transaction
// is undone, and [DB.Write] returns false. Later writes may have run by then.
func (s Statements) Require(ctx context.Context, query string, args ...any) error {
	return s.queue(ctx, true, query, args)
}

func (s Statements) queue(ctx context.Context, required bool, query string, args []any) error {
	if q, ok := s.on.(queuer); ok {
		q.queue(required, query, args)
		return nil
	}
	changed, err := s.on.exec(ctx, query, args)
	if err == nil && required && changed == 0 {
		err = ErrNotApplied
	}
	return err
}

// Find reads one row, or returns auth.ErrNotFound.
func (s Statements) Find(ctx context.Context, row Row, query string, args ...any) error {
	found := false
	err := s.on.read(ctx, row, func() bool { found = true; return false }, query, args)
	if err == nil && !found {
		err = auth.ErrNotFound
	}
	return err
}

// Each scans each row into row and calls keep after each.
func (s Statements) Each(ctx context.Context, row Row, keep func(), query string, args ...any) error {
	return s.on.read(ctx, row, func() bool { keep(); return true }, query, args)
}

// Placeholders returns numbered placeholders for VALUES. Every number of rows
// makes another query text, which stays prepared, so there must be few.
func Placeholders(rows, columns int) string {
	var list []byte
	for n := range rows * columns {
		switch {
		case n == 0:
			list = append(list, '(')
		case n%columns == 0:
			list = append(list, "), ("...)
		default:
			list = append(list, ", "...)
		}
		list = strconv.AppendInt(append(list, '$'), int64(n+1), 10)
	}
	return string(append(list, ')'))
}

// A Querier is a pool, a connection or a transaction of database/sql.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// A sqlRunner is a runner on database/sql.
type sqlRunner struct{ on Querier }

func (r sqlRunner) exec(ctx context.Context, query string, args []any) (changed int64, err error) {
	result, err := r.on.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (r sqlRunner) read(ctx context.Context, row Row, more func() bool, query string, args []any) error {
	rows, err := r.on.QueryContext(ctx, query, args...)
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

// Trace calls f with the text of every query from now on. It must be called
// before db is used concurrently. Tests use it to check the plan of each query.
func (db *DB) Trace(f func(query string)) {
	db.on = tracer{db.on, f}
	begin := db.writer.begin
	db.writer.begin = func(ctx context.Context) (transaction, error) {
		tx, err := begin(ctx)
		tx.on = tracer{tx.on, f}
		return tx, err
	}
}

type tracer struct {
	runner
	f func(query string)
}

func (t tracer) exec(ctx context.Context, query string, args []any) (changed int64, err error) {
	t.f(query)
	return t.runner.exec(ctx, query, args)
}

func (t tracer) read(ctx context.Context, row Row, more func() bool, query string, args []any) error {
	t.f(query)
	return t.runner.read(ctx, row, more, query, args)
}

// Millis returns a time as it is stored: Unix milliseconds, or NULL for never.
func Millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// Time returns a destination that scans a stored time into t, in UTC.
func Time(t *time.Time) sql.Scanner { return timeScanner{t} }

type timeScanner struct{ t *time.Time }

// Scan implements [sql.Scanner].
func (s timeScanner) Scan(stored any) error {
	*s.t = time.Time{}
	switch stored := stored.(type) {
	case nil:
		return nil
	case int64:
		*s.t = time.UnixMilli(stored).UTC()
		return nil
	}
	return errors.New("stored time is not an integer")
}
