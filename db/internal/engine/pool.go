package engine

import (
	"context"
	"database/sql"
	"time"
)

// A Pool is the state of a set of connections.
type Pool struct {
	Max      int           // connections it may open
	Open     int           // connections it has opened
	InUse    int           // connections that are running a query
	Waits    int64         // how often a caller had to wait for a connection
	WaitTime time.Duration // total time spent waiting
}

// Pools returns the state of each pool by its use. PostgreSQL has one for
// everything.
func (db *DB) Pools() map[string]Pool {
	if db.reader == &db.writer.pool {
		return map[string]Pool{"all": db.writer.state()}
	}
	return map[string]Pool{"write": db.writer.state(), "read": db.reader.state()}
}

// A pool is a set of connections.
type pool struct {
	Statements
	state func() Pool
	close func() error
}

// A writePool is a pool whose connections can write.
type writePool struct {
	pool
	db    *sql.DB
	begin func(ctx context.Context) (transaction, error)
}

// A transaction ends with commit or end, whichever comes first. end is always
// called, and does nothing after commit.
type transaction struct {
	Statements
	commit func() error
	end    func()
}

func stateOf(db *sql.DB) func() Pool {
	return func() Pool {
		stats := db.Stats()
		return Pool{
			Max: stats.MaxOpenConnections, Open: stats.OpenConnections, InUse: stats.InUse,
			Waits: stats.WaitCount, WaitTime: stats.WaitDuration,
		}
	}
}
