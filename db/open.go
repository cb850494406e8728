// Package db is what lasts: SQL, migrations, and the sealing of secrets at
// rest. It keeps the promises of [auth.Store] and decides nothing: who may
// come in is a matter for package auth.
//
// What may be used once is spent by one conditional write whose row count is
// the answer, and what it earns is written in the same transaction. There is
// never a read, a check and then a write.
//
// The same query texts run on SQLite, where one writes at a time, and on
// PostgreSQL, where many do: there whatever is written about an account holds
// the account's row first, see [Store.write].
package db

import (
	"errors"
	"sync/atomic"

	"twostep/auth"
)

// A Store is an open database. It is safe for concurrent use.
type Store struct {
	writer *writePool
	reader *pool // on PostgreSQL the writer's
	seals  sealer

	// group writes on SQLite. It is nil on PostgreSQL, which groups commits itself.
	group *group
	// overtaken answers whether a transaction failed because another one wrote
	// at the same time, and may be tried anew. It is nil on SQLite, where one
	// writes at a time.
	overtaken func(error) bool
	// unwritable is why a write was refused, for a reason that every write would
	// meet, until [Store.Ping] has seen that one goes again.
	unwritable atomic.Pointer[auth.NotReady]
	newest     int64 // the migration that this program knows last
	// skipLocked ends a query that takes what nobody else is taking.
	skipLocked string
}

var _ auth.Store = (*Store)(nil)

var errNoKeys = errors.New("open the database: the key ring is empty")

// Close ends all connections. The writer goes last: of SQLite it moves what
// stands in the write-ahead log into the file.
func (s *Store) Close() error {
	var errs []error
	if s.reader != nil && s.reader != &s.writer.pool {
		errs = append(errs, s.reader.close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	return errors.Join(errs...)
}
