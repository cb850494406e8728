package db

import (
	"context"
	"database/sql"
)

// A pool is a set of connections, and how a transaction begins on one of them.
type pool struct {
	statements
	db    *sql.DB
	begin func(ctx context.Context) (transaction, error)
	close func() error
}

// A transaction ends by commit or by end, whichever comes first. end is called
// in every case, and after a commit it changes nothing.
type transaction struct {
	statements
	commit func() error
	end    func()
}
