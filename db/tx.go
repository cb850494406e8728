package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"twostep/auth"
)

// A tx is one write transaction. It does not outlive the method that began it.
type tx struct {
	statements
	seals sealer
}

// write runs do in a write transaction. What it wrote stands where it answers
// true and nil; else nothing of it does. doing says in an error what was being
// done. Nothing slow belongs inside: everybody who writes waits.
//
// Within do only the transaction may be used. The pool has one connection, and
// who asks it for another while holding that one waits for ever; so a query seen
// here for the first time is parsed for this transaction alone, and for the
// pool when the connection is free again.
func (s *Store) write(ctx context.Context, doing string, do func(tx *tx) (bool, error)) (done bool, err error) {
	fail := func(err error) (bool, error) {
		if errors.Is(err, auth.ErrNotFound) || errors.Is(err, auth.ErrAddressTaken) {
			return false, err
		}
		if gone := ctx.Err(); gone != nil && errors.Is(err, sql.ErrTxDone) {
			err = gone // who asked went away, and the transaction was undone for that
		}
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	inner, err := s.writer.db.BeginTx(ctx, nil)
	if err != nil {
		return fail(err)
	}
	var unknown []string
	defer func() {
		_ = inner.Rollback() // does nothing after a commit
		for _, query := range unknown {
			_, _ = s.writer.statement(ctx, query) // next time then
		}
	}()
	t := &tx{seals: s.seals}
	t.statement = func(ctx context.Context, query string) (*sql.Stmt, error) {
		if known, found := s.writer.parsed.Load(query); found {
			return inner.StmtContext(ctx, known.(*sql.Stmt)), nil
		}
		unknown = append(unknown, query)
		return inner.PrepareContext(ctx, query)
	}
	if done, err = do(t); err != nil {
		return fail(err)
	}
	if !done {
		return false, nil
	}
	if err := inner.Commit(); err != nil {
		return fail(err)
	}
	return true, nil
}

// spend is the shape of whatever may be used once: a conditional write whose
// row count is the answer, then what it earns.
func (s *Store) spend(ctx context.Context, doing string, grant auth.Grant, query string, args ...any) (spent bool, err error) {
	return s.write(ctx, doing, func(tx *tx) (bool, error) {
		changed, err := tx.exec(ctx, query, args...)
		if err != nil || changed == 0 {
			return false, err
		}
		return tx.grant(ctx, grant)
	})
}

// add is the shape of what answers nothing but an error: what do cannot have
// any more is not found.
func (s *Store) add(ctx context.Context, doing string, do func(tx *tx) (bool, error)) error {
	added, err := s.write(ctx, doing, do)
	if err == nil && !added {
		err = auth.ErrNotFound
	}
	return err
}

// find reads one row outside of any transaction.
func (s *Store) find(ctx context.Context, doing string, row into, query string, args ...any) error {
	err := s.reader.find(ctx, row, query, args...)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		err = fmt.Errorf("%s: %w", doing, err)
	}
	return err
}
