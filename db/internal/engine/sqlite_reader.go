package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// A sqliteReader reads from SQLite without database/sql, which describes every
// column, allocates every value and locks for every row. The one query of a
// signed-in page takes 6 µs here and 15 µs there.
//
// It runs the same translation of SQLite to Go as the writer's driver
// (modernc.org/sqlite/lib, checked by a test), so both agree on locks and file
// format. Drop it for a second database/sql pool once that driver reads a row as
// fast, or if zombiezen.com/go/sqlite falls behind modernc.org/sqlite.
//
// A query that has begun runs to its end, see [preparedPool].
type sqliteReader struct {
	size   int           // number of connections
	free   chan struct{} // holds one element per idle connection
	closed chan struct{}
	close  func() error // waits for running queries

	mu   sync.Mutex
	idle []*sqlite.Conn // used last in, first out: the last one's cache is warm

	waits    atomic.Int64
	waitTime atomic.Int64 // nanoseconds
}

// readerPragmas are set in addition to sqlitePragmas. Two pages rarely read the
// same rows, so only the upper levels of the B-trees are worth caching for each
// connection. The system's cache, which all share, holds the rest.
var readerPragmas = []pragma{
	{"query_only", "1", "1"},
	{"cache_size", "-1000", "-1000"}, // KiB, half of SQLite's default
}

var errReaderClosed = errors.New("database is closed")

// openSQLiteReader opens connections to an existing database in WAL mode.
func openSQLiteReader(path string, size int) (*sqliteReader, error) {
	r := &sqliteReader{free: make(chan struct{}, size), closed: make(chan struct{})}
	r.close = sync.OnceValue(r.closeAll)
	for range size {
		conn, err := openSQLiteConn(path)
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		r.size++
		r.release(conn)
	}
	return r, nil
}

func openSQLiteConn(path string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(sqliteURI(path), sqlite.OpenReadWrite, sqlite.OpenURI) // readers write the index of the log
	if err != nil {
		return nil, err
	}
	for _, p := range slices.Concat(sqlitePragmas, readerPragmas) {
		if err := sqlitex.ExecuteTransient(conn, `PRAGMA `+p.name+` = `+p.set, nil); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// acquire waits for an idle connection.
func (r *sqliteReader) acquire(ctx context.Context) (*sqlite.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-r.free:
	default:
		start := time.Now()
		r.waits.Add(1)
		defer func() { r.waitTime.Add(int64(time.Since(start))) }()
		select {
		case <-r.free:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-r.closed:
			return nil, errReaderClosed
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.idle) - 1
	conn := r.idle[last]
	r.idle = r.idle[:last]
	return conn, nil
}

func (r *sqliteReader) release(conn *sqlite.Conn) {
	r.mu.Lock()
	r.idle = append(r.idle, conn)
	r.mu.Unlock()
	r.free <- struct{}{}
}

func (r *sqliteReader) closeAll() error {
	close(r.closed)
	var errs []error
	for range r.size {
		<-r.free
	}
	for _, conn := range r.idle {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

func (r *sqliteReader) state() Pool {
	return Pool{
		Max: r.size, Open: r.size, InUse: r.size - len(r.free),
		Waits: r.waits.Load(), WaitTime: time.Duration(r.waitTime.Load()),
	}
}

// exec implements [runner]. SQLite refuses every write here.
func (r *sqliteReader) exec(ctx context.Context, query string, args []any) (changed int64, err error) {
	return 0, r.read(ctx, nil, func() bool { return true }, query, args)
}

// read implements [runner].
func (r *sqliteReader) read(ctx context.Context, row Row, more func() bool, query string, args []any) (err error) {
	conn, err := r.acquire(ctx)
	if err != nil {
		return err
	}
	defer r.release(conn)
	stmt, err := conn.Prepare(query) // the connection keeps it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Reset()) }() // ends the read transaction
	if err := bind(stmt, args); err != nil {
		return err
	}
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return err
		}
		if err := scan(stmt, row); err != nil {
			return err
		}
		if !more() {
			return nil
		}
	}
}
