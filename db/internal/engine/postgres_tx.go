package engine

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// A postgresConn is a connection of the pool, used without database/sql, which
// cannot send several queries at once.
type postgresConn struct {
	pooled *sql.Conn
	*pgx.Conn
}

// bound gives a call a deadline unless it has one. A server that is gone without a word
// would otherwise keep the connections of work in the background until the system gives them
// up, after minutes or an hour: first that work would stop, then every page.
func bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, found := ctx.Deadline(); found {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, postgresTimeout)
}

func acquire(ctx context.Context, pool *sql.DB) (c postgresConn, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	if c.pooled, err = pool.Conn(ctx); err != nil {
		return c, err
	}
	return c, c.pooled.Raw(func(conn any) error { c.Conn = conn.(*stdlib.Conn).Conn(); return nil })
}

// release returns the connection to the pool, which uses it again unless it is closed or in
// a transaction.
func (c postgresConn) release() { _ = c.pooled.Close() }

// A postgresTx is a transaction that sends its queries when the result of one is
// needed, and at the end: the network and the switches between processes cost more
// than most queries. The server runs them in order, and none after one that fails.
//
// Each query sees what others have committed when it begins (READ COMMITTED, whatever
// the server's default), in particular after an earlier one has waited for a locked row.
type postgresTx struct {
	conn   postgresConn
	queued pgx.Batch
	// required are the positions of the queued writes that must change a row.
	required []int
}

func beginPostgres(ctx context.Context, pool *sql.DB) (transaction, error) {
	conn, err := acquire(ctx, pool)
	if err != nil {
		return transaction{}, err
	}
	t := &postgresTx{conn: conn}
	t.queued.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED`)
	return transaction{
		Statements: Statements{t},
		commit:     func() error { return t.commit(ctx) },
		end:        func() { t.end(ctx) },
	}, nil
}

// queue implements [queuer].
func (t *postgresTx) queue(required bool, query string, args []any) {
	if required {
		t.required = append(t.required, t.queued.Len())
	}
	t.queued.Queue(query, ValidArgs(args)...)
}

// exec implements [runner].
func (t *postgresTx) exec(ctx context.Context, query string, args []any) (changed int64, err error) {
	t.queue(false, query, args)
	tag, err := t.send(ctx)
	return tag.RowsAffected(), err
}

// read implements [runner].
func (t *postgresTx) read(ctx context.Context, row Row, more func() bool, query string, args []any) error {
	queued := t.queued.Queue(query, ValidArgs(args)...)
	queued.Query(func(rows pgx.Rows) error { return readRows(rows, t.conn.TypeMap(), row, more) })
	_, err := t.send(ctx)
	return err
}

// send sends the queued queries and returns the result of the last.
func (t *postgresTx) send(ctx context.Context) (last pgconn.CommandTag, err error) {
	batch, required := t.queued, t.required
	t.queued, t.required = pgx.Batch{}, nil
	for i, query := range batch.QueuedQueries {
		if query.Fn != nil {
			continue
		}
		query.Exec(func(tag pgconn.CommandTag) error {
			last = tag
			if len(required) > 0 && required[0] == i {
				if required = required[1:]; tag.RowsAffected() == 0 {
					return ErrNotApplied
				}
			}
			return nil
		})
	}
	ctx, cancel := bound(ctx)
	defer cancel()
	return last, t.conn.SendBatch(ctx, &batch).Close()
}

var errRolledBack = errors.New("transaction was rolled back")

// commit commits together with the queued queries, unless their results decide.
func (t *postgresTx) commit(ctx context.Context) error {
	if len(t.required) > 0 {
		if _, err := t.send(ctx); err != nil {
			return err
		}
	}
	t.queue(false, `COMMIT`, nil)
	tag, err := t.send(ctx)
	if err == nil && tag.String() != "COMMIT" { // after a query that failed
		err = errRolledBack
	}
	return err
}

// end rolls back unless the transaction has ended or was not begun.
func (t *postgresTx) end(ctx context.Context) {
	if !t.conn.IsClosed() && t.conn.PgConn().TxStatus() != 'I' {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), postgresConnectTimeout)
		defer cancel()
		_, _ = t.conn.Exec(ctx, `ROLLBACK`) // if it fails, the connection is closed
	}
	t.conn.release()
}

// A postgresPool runs queries outside transactions.
type postgresPool struct{ pool *sql.DB }

// exec implements [runner].
func (p postgresPool) exec(ctx context.Context, query string, args []any) (changed int64, err error) {
	err = p.use(ctx, func(ctx context.Context, conn postgresConn) error {
		tag, err := conn.Exec(ctx, query, ValidArgs(args)...)
		changed = tag.RowsAffected()
		return err
	})
	return changed, err
}

// read implements [runner].
func (p postgresPool) read(ctx context.Context, row Row, more func() bool, query string, args []any) error {
	return p.use(ctx, func(ctx context.Context, conn postgresConn) error {
		rows, err := conn.Query(ctx, query, ValidArgs(args)...)
		if err != nil {
			return err
		}
		return readRows(rows, conn.TypeMap(), row, more)
	})
}

// use runs do with a connection, and again with another if the server has closed it
// before the query was sent.
func (p postgresPool) use(ctx context.Context, do func(context.Context, postgresConn) error) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	for {
		conn, err := acquire(ctx, p.pool)
		if err != nil {
			return err
		}
		err = do(ctx, conn)
		conn.release()
		if err == nil || !pgconn.SafeToRetry(err) || ctx.Err() != nil {
			return err
		}
	}
}
