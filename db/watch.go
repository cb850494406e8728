package db

import (
	"context"
	"database/sql"
	"time"
)

// A Pool is how the connections to the database are used.
type Pool struct {
	Max      int           // connections it may have
	Open     int           // connections it has
	InUse    int           // connections that somebody works on
	Waits    int64         // how often somebody had to wait for one
	WaitTime time.Duration // all in all
}

// Pools answers how the connections are used, by what they are for. On
// PostgreSQL one pool does both.
func (s *Store) Pools() map[string]Pool {
	if s.reader == &s.writer.pool {
		return map[string]Pool{"all": s.writer.use()}
	}
	return map[string]Pool{"write": s.writer.use(), "read": s.reader.use()}
}

// useOf answers how the connections of a pool of database/sql are used.
func useOf(db *sql.DB) func() Pool {
	return func() Pool {
		stats := db.Stats()
		return Pool{
			Max: stats.MaxOpenConnections, Open: stats.OpenConnections, InUse: stats.InUse,
			Waits: stats.WaitCount, WaitTime: stats.WaitDuration,
		}
	}
}

// CountMessages counts the messages that wait to be sent, those among them that
// could not be sent at least once, and those that were refused for good while
// that fact is kept.
func (s *Store) CountMessages(ctx context.Context) (waiting, failing, refused int, err error) {
	err = s.find(ctx, "count messages", Row{&waiting, &failing, &refused}, `
		SELECT count(*), COALESCE(sum(CASE WHEN tries > 0 THEN 1 ELSE 0 END), 0), (
			SELECT count(*)
			FROM messages
			WHERE refused_at IS NOT NULL
		)
		FROM messages
		WHERE body IS NOT NULL`)
	return waiting, failing, refused, err
}
