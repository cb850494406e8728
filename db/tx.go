package db

import (
	"context"
	"errors"
	"fmt"

	"twostep/auth"
	"twostep/db/internal/engine"
	"twostep/db/internal/seal"
)

// A tx is a write transaction. It must not be used after the method that began
// it has returned.
type tx struct {
	engine.Statements
	seals      seal.Sealer
	account    auth.UserID // locked; empty for none
	concurrent bool        // see [engine.DB]
}

// write runs do in a transaction, as [engine.DB.Write] does, that locks account
// first unless it is empty.
//
// Every write about an account locks its row, so that a condition on its other
// rows (does it have a second factor?) still holds at the commit. SQLite has one
// writer and needs no lock.
func (s *Store) write(ctx context.Context, doing string, account auth.UserID, do func(tx *tx) (bool, error)) (done bool, err error) {
	return s.db.Write(ctx, doing, func(on engine.Statements) (bool, error) {
		tx := &tx{on, s.seals, account, s.db.Concurrent}
		if account != "" {
			if err := tx.lock(ctx); err != nil {
				return false, err
			}
		}
		return do(tx)
	})
}

func (t *tx) lock(ctx context.Context) error {
	if !t.concurrent {
		return nil
	}
	return t.Queue(ctx, `SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE`, t.account)
}

// A siteLock is the key of an advisory lock of PostgreSQL. The numbers are arbitrary.
type siteLock int64

// The locks of what depends on rows of several accounts, or of none.
const (
	adminLock     siteLock = 7_306_905 + iota // which admins there are, and what one of them has requested
	mfaPolicyLock                             // how many policies there are
	appLock                                   // how many apps there are
)

// serialize runs transactions with the same lock one at a time, whatever account they are
// about. SQLite has only one writer.
func (t *tx) serialize(ctx context.Context, lock siteLock) error {
	if !t.concurrent {
		return nil
	}
	return t.Queue(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(lock))
}

// change queues a write that must change a row. It returns true before that is known: if no
// row changes, the transaction is undone, and the method that runs it returns false.
func (t *tx) change(ctx context.Context, query string, args ...any) (changed bool, err error) {
	return true, t.Require(ctx, query, args...)
}

// change is a transaction of one write. account is locked first.
func (s *Store) change(ctx context.Context, doing string, account auth.UserID, query string, args ...any) (changed bool, err error) {
	return s.write(ctx, doing, account, func(tx *tx) (bool, error) { return tx.change(ctx, query, args...) })
}

// spend consumes a value that may be used once: if query changes a row, changes
// are applied. account is locked first.
func (s *Store) spend(ctx context.Context, doing string, account auth.UserID, changes auth.ChangeSet, query string, args ...any) (spent bool, err error) {
	return s.write(ctx, doing, account, func(tx *tx) (bool, error) {
		if err := tx.Require(ctx, query, args...); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}

// add is like write, but returns auth.ErrNotFound if do returns false.
func (s *Store) add(ctx context.Context, doing string, account auth.UserID, do func(tx *tx) (bool, error)) error {
	added, err := s.write(ctx, doing, account, do)
	if err == nil && !added {
		err = auth.ErrNotFound
	}
	return err
}

// first returns the only row of a list that was read, or auth.ErrNotFound.
func first[T any](all []T, err error) (row T, _ error) {
	if err == nil && len(all) == 0 {
		err = auth.ErrNotFound
	}
	if err != nil {
		return row, err
	}
	return all[0], nil
}

// find reads one row outside any transaction, and each reads all. doing describes it in
// errors.
func (s *Store) find(ctx context.Context, doing string, row engine.Row, query string, args ...any) error {
	return failed(doing, s.db.Find(ctx, row, query, args...))
}

func (s *Store) each(ctx context.Context, doing string, row engine.Row, keep func(), query string, args ...any) error {
	return failed(doing, s.db.Each(ctx, row, keep, query, args...))
}

func failed(doing string, err error) error {
	if err == nil || errors.Is(err, auth.ErrNotFound) {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}
