package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"time"

	"twostep/auth"
)

// A tx is one write transaction. It does not outlive the method that began it.
type tx struct {
	Statements
	seals   sealer
	account auth.UserID // locked; empty for none
}

// Where others write at the same time, a transaction that met one of them is
// undone and tried anew, with a wait in between that grows to about a tenth of
// a second and differs from theirs.
const (
	writeTries     = 6
	writeFirstWait = 2 * time.Millisecond
)

// write runs do in a write transaction. What it wrote stands where it answers
// true and nil; else nothing of it does. doing says in an error what was being
// done; account is locked first, unless it is empty. Nothing slow belongs inside: everybody
// who writes waits. Within do only the transaction may be used.
//
// do may be run more than once, so what it leaves behind outside must be set
// anew each time. It never is after a commit that failed without an answer, or
// when the connection was lost: what was written then is not known.
func (s *Store) write(ctx context.Context, doing string, account auth.UserID, do func(tx *tx) (bool, error)) (done bool, err error) {
	for try := range writeTries {
		done, err = s.writeOnce(ctx, account, do)
		if err == nil || s.overtaken == nil || !s.overtaken(err) {
			break
		}
		wait := writeFirstWait << try
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + jitter(wait)):
		}
	}
	if err == nil {
		return done, nil
	}
	if why := whyUnwritable(err); why != "" {
		s.unwritable.Store(&why)
	}
	if errors.Is(err, auth.ErrNotFound) || errors.Is(err, auth.ErrEmailTaken) {
		return false, err
	}
	if gone := ctx.Err(); gone != nil && errors.Is(err, sql.ErrTxDone) {
		err = gone // who asked went away, and the transaction was undone for that
	}
	return false, fmt.Errorf("%s: %w", doing, err)
}

func (s *Store) writeOnce(ctx context.Context, account auth.UserID, do func(tx *tx) (bool, error)) (done bool, err error) {
	if s.group != nil {
		return s.group.write(ctx, func(on Statements) (bool, error) { return do(&tx{Statements: on, seals: s.seals, account: account}) })
	}
	inner, err := s.writer.begin(ctx)
	if err != nil {
		return false, err
	}
	defer inner.end()
	t := &tx{Statements: inner.Statements, seals: s.seals, account: account}
	if err := t.lock(ctx); err != nil {
		return false, err
	}
	if done, err := do(t); err != nil || !done {
		return false, err
	}
	return true, inner.commit()
}

// lock holds the account until the end of the transaction, with a write that
// changes nothing. Every transaction that writes to an account begins with it, so
// that a condition on other rows of the account (does it have a second factor?)
// still holds when the transaction ends.
func (t *tx) lock(ctx context.Context) error {
	if t.account == "" {
		return nil
	}
	_, err := t.Exec(ctx, `UPDATE users SET id = id WHERE id = $1`, t.account)
	return err
}

// spend is the shape of whatever may be used once: a conditional write whose
// row count is the answer, then what it earns. account is the one to lock.
func (s *Store) spend(ctx context.Context, doing string, account auth.UserID, grant auth.ChangeSet, query string, args ...any) (spent bool, err error) {
	return s.write(ctx, doing, account, func(tx *tx) (bool, error) {
		changed, err := tx.Exec(ctx, query, args...)
		if err != nil || changed == 0 {
			return false, err
		}
		return tx.apply(ctx, grant)
	})
}

// add is the shape of what answers nothing but an error: what do cannot have
// any more is not found.
func (s *Store) add(ctx context.Context, doing string, account auth.UserID, do func(tx *tx) (bool, error)) error {
	added, err := s.write(ctx, doing, account, do)
	if err == nil && !added {
		err = auth.ErrNotFound
	}
	return err
}

// find reads one row outside of any transaction.
func (s *Store) find(ctx context.Context, doing string, row Row, query string, args ...any) error {
	err := s.reader.Find(ctx, row, query, args...)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		err = fmt.Errorf("%s: %w", doing, err)
	}
	return err
}

// jitter draws a time below most, so that two who met do not meet again.
func jitter(most time.Duration) time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(most)))
	if err != nil {
		return most / 2 // the system's generator does not fail
	}
	return time.Duration(n.Int64())
}
