package db

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

// A sqliteReader reads from SQLite past database/sql. What that adds to a read
// (a description of every column, a box for every value, locks around each row)
// took longer than SQLite itself: the one query of a signed-in page takes 6
// microseconds here and 15 there.
//
// It has a few connections that only read, each with the statements it has
// parsed before. Every query is a constant text, so there are only so many.
//
// A query that has begun is finished, also where who asked has gone away: to
// watch for that takes a goroutine, which costs more than the query.
type sqliteReader struct {
	open   int           // connections
	turns  chan struct{} // holds one for each connection that nobody uses
	closed chan struct{}
	close  func() error // waits for those who read

	alone sync.Mutex
	free  []*sqlite.Conn // the last one given back is taken first: its cache is warm

	waits     atomic.Int64
	waitedFor atomic.Int64 // nanoseconds
}

// readerPragmas are what a reader sets beside the others. What a page reads is
// seldom what the one before has read: the upper levels of the tables are worth
// keeping, for the rest there is the system's cache, which all share.
var readerPragmas = []pragma{
	{"query_only", "1", "1"},
	{"cache_size", "-1000", "-1000"}, // KiB, half of what SQLite would take
}

var errReaderClosed = errors.New("the database is closed")

// openSQLiteReader opens so many connections to a database that is there and
// in write-ahead mode.
func openSQLiteReader(path string, connections int) (*sqliteReader, error) {
	r := &sqliteReader{turns: make(chan struct{}, connections), closed: make(chan struct{})}
	r.close = sync.OnceValue(r.end)
	for range connections {
		conn, err := openSQLiteConn(path)
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		r.open++
		r.give(conn)
	}
	return r, nil
}

func openSQLiteConn(path string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(sqliteFile(path), sqlite.OpenReadWrite, sqlite.OpenURI) // to write, for the index of the log
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

// take waits for a connection.
func (r *sqliteReader) take(ctx context.Context) (*sqlite.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-r.turns:
	default:
		begun := time.Now()
		r.waits.Add(1)
		defer func() { r.waitedFor.Add(int64(time.Since(begun))) }()
		select {
		case <-r.turns:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-r.closed:
			return nil, errReaderClosed
		}
	}
	r.alone.Lock()
	defer r.alone.Unlock()
	last := len(r.free) - 1
	conn := r.free[last]
	r.free = r.free[:last]
	return conn, nil
}

func (r *sqliteReader) give(conn *sqlite.Conn) {
	r.alone.Lock()
	r.free = append(r.free, conn)
	r.alone.Unlock()
	r.turns <- struct{}{}
}

func (r *sqliteReader) end() error {
	close(r.closed)
	var errs []error
	for range r.open {
		<-r.turns
	}
	for _, conn := range r.free {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

func (r *sqliteReader) use() Pool {
	return Pool{
		Max: r.open, Open: r.open, InUse: r.open - len(r.turns),
		Waits: r.waits.Load(), WaitTime: time.Duration(r.waitedFor.Load()),
	}
}

// exec implements [runner]: SQLite refuses here whatever writes.
func (r *sqliteReader) exec(ctx context.Context, query string, args []any) (changed int64, err error) {
	return 0, r.read(ctx, nil, func() bool { return true }, query, args)
}

// read implements [runner].
func (r *sqliteReader) read(ctx context.Context, row Row, more func() bool, query string, args []any) (err error) {
	conn, err := r.take(ctx)
	if err != nil {
		return err
	}
	defer r.give(conn)
	stmt, err := conn.Prepare(query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Reset()) }() // ends what it sees of the database
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
