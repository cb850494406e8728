package db

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"twostep/auth"
	"twostep/db/internal/engine"
	"twostep/db/internal/seal"
)

// A tx is a write transaction. It must not be used after the method that began
// it has returned.
type tx struct {
	engine.Statements
	seals      seal.Sealer
	concurrent bool // see [engine.DB]
}

// write runs do in a transaction, as [engine.DB.Write] does, that locks accounts
// first.
//
// Every write about an account locks its row, so that a condition on its other
// rows (does it have a second factor?) still holds at the commit. The accounts are
// sorted, so that no two transactions wait for each other. SQLite has one writer
// and needs no lock.
func (s *Store) write(ctx context.Context, doing string, accounts []auth.UserID, do func(tx *tx) (bool, error)) (done bool, err error) {
	return s.db.Write(ctx, doing, func(on engine.Statements) (bool, error) {
		tx := &tx{on, s.seals, s.db.Concurrent}
		if tx.concurrent {
			for _, user := range accounts {
				if _, err := tx.Exec(ctx, `SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE`, user); err != nil {
					return false, err
				}
			}
		}
		return do(tx)
	})
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

// spend consumes a value that may be used once: if query changes a row, grant is
// written too. user is the account that the value belongs to, or empty if that is
// unknown.
func (s *Store) spend(ctx context.Context, doing string, user auth.UserID, grant auth.ChangeSet, query string, args ...any) (spent bool, err error) {
	return s.write(ctx, doing, about(grant, user), func(tx *tx) (bool, error) {
		changed, err := tx.Exec(ctx, query, args...)
		if err != nil || changed == 0 {
			return false, err
		}
		return tx.grant(ctx, grant)
	})
}

// add is write with auth.ErrNotFound for false.
func (s *Store) add(ctx context.Context, doing string, accounts []auth.UserID, do func(tx *tx) (bool, error)) error {
	added, err := s.write(ctx, doing, accounts, do)
	if err == nil && !added {
		err = auth.ErrNotFound
	}
	return err
}

// find reads one row outside any transaction.
func (s *Store) find(ctx context.Context, doing string, row engine.Row, query string, args ...any) error {
	err := s.db.Find(ctx, row, query, args...)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		err = fmt.Errorf("%s: %w", doing, err)
	}
	return err
}
