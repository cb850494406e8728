package db

import (
	"context"
	"database/sql"
)

// A pool is a set of connections.
type pool struct {
	Statements
	use   func() Pool
	close func() error
}

// A writePool is a pool of database/sql, and how a transaction begins on one of
// its connections.
type writePool struct {
	pool
	db    *sql.DB
	begin func(ctx context.Context) (transaction, error)
}

// A transaction ends by commit or by end, whichever comes first. end is called
// in every case, and after a commit it changes nothing.
type transaction struct {
	Statements
	commit func() error
	end    func()
}
