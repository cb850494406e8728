package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"twostep/auth"
)

// A tx is one write transaction. It does not outlive the method that began it.
type tx struct {
	Statements
	seals sealer
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
// done; accounts are those it is about. Nothing slow belongs inside: everybody
// who writes waits. Within do only the transaction may be used.
//
// do may be run more than once, so what it leaves behind outside must be set
// anew each time. It never is after a commit that failed without an answer, or
// when the connection was lost: what was written then is not known.
func (s *Store) write(ctx context.Context, doing string, accounts []auth.UserID, do func(tx *tx) (bool, error)) (done bool, err error) {
	for try := range writeTries {
		done, err = s.writeOnce(ctx, accounts, do)
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

func (s *Store) writeOnce(ctx context.Context, accounts []auth.UserID, do func(tx *tx) (bool, error)) (done bool, err error) {
	if s.group != nil {
		return s.group.write(ctx, func(on Statements) (bool, error) { return do(&tx{Statements: on, seals: s.seals}) })
	}
	inner, err := s.writer.begin(ctx)
	if err != nil {
		return false, err
	}
	defer inner.end()
	t := &tx{Statements: inner.Statements, seals: s.seals}
	if err := t.lock(ctx, accounts); err != nil {
		return false, err
	}
	if done, err := do(t); err != nil || !done {
		return false, err
	}
	return true, inner.commit()
}

// lock holds the accounts to the end of the transaction, by a write that
// changes nothing. Whatever is written about an account begins with it, so that
// a condition that looks at other rows of the account (is there a second
// factor?) still holds when the transaction ends. The order is the same for
// all, so that no two wait for each other.
func (t *tx) lock(ctx context.Context, accounts []auth.UserID) error {
	for _, user := range accounts {
		if _, err := t.Exec(ctx, `UPDATE users SET id = id WHERE id = $1`, user); err != nil {
			return err
		}
	}
	return nil
}

// about lists the accounts that a grant names, and more, in the order in which
// they are held. What is about no account known yet, such as a code, is held by
// its own row, which is spent first.
func about(g auth.ChangeSet, more ...auth.UserID) []auth.UserID {
	users := append(more, g.EndAttempts)
	if g.Attempt != nil {
		users = append(users, g.Attempt.User)
	}
	if g.Session != nil {
		users = append(users, g.Session.User)
	}
	if g.TOTP != nil {
		users = append(users, g.TOTP.User)
	}
	if g.Email != nil {
		users = append(users, g.Email.User)
	}
	if g.Phone != nil {
		users = append(users, g.Phone.User)
	}
	if g.BackupCodes != nil {
		users = append(users, g.BackupCodes.User)
	}
	if g.EndSessions != nil {
		users = append(users, g.EndSessions.User)
	}
	if g.EndOlder != nil {
		users = append(users, g.EndOlder.User)
	}
	if g.Device != nil {
		users = append(users, g.Device.User)
	}
	for _, e := range g.Events {
		users = append(users, e.User)
	}
	users = slices.DeleteFunc(users, func(u auth.UserID) bool { return u == "" })
	slices.Sort(users)
	return slices.Compact(users)
}

// spend is the shape of whatever may be used once: a conditional write whose
// row count is the answer, then what it earns. user is the account it is of, or
// empty where that is not known.
func (s *Store) spend(ctx context.Context, doing string, user auth.UserID, grant auth.ChangeSet, query string, args ...any) (spent bool, err error) {
	return s.write(ctx, doing, about(grant, user), func(tx *tx) (bool, error) {
		changed, err := tx.Exec(ctx, query, args...)
		if err != nil || changed == 0 {
			return false, err
		}
		return tx.grant(ctx, grant)
	})
}

// add is the shape of what answers nothing but an error: what do cannot have
// any more is not found.
func (s *Store) add(ctx context.Context, doing string, accounts []auth.UserID, do func(tx *tx) (bool, error)) error {
	added, err := s.write(ctx, doing, accounts, do)
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
