package db

import (
	"context"
	"errors"
	"testing"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// A transaction whose context is canceled changes nothing and blocks no other.
func TestWrite_Cancelled(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		ctx, cancel := context.WithCancel(t.Context())
		done, err := db.write(ctx, "be cancelled", "", func(tx *tx) (bool, error) {
			_, err := tx.Exec(ctx, `DELETE FROM users WHERE id = $1`, "ann")
			cancel()
			return true, err
		})
		if done || !errors.Is(err, context.Canceled) {
			t.Errorf("done %v, error %v", done, err)
		}
		spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}

// A panic rolls the transaction back and releases the connection.
func TestWrite_Panic(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		func() {
			defer func() { _ = recover() }()
			_, _ = db.write(t.Context(), "panic", "", func(tx *tx) (bool, error) {
				_, err := tx.Exec(t.Context(), `DELETE FROM users WHERE id = $1`, "ann")
				must(t, err)
				panic("in the middle")
			})
		}()
		spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}

// A required write that changes no row undoes the transaction, whether the next query
// or the commit finds it.
func TestWrite_Required(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		ctx := t.Context()
		db.addAnn(t)
		rename := func(name, of string, then func(*tx) error) (bool, error) {
			return db.write(ctx, "rename", "", func(tx *tx) (bool, error) {
				return true, errors.Join(
					tx.Queue(ctx, `UPDATE users SET name = $1 WHERE id = 'ann'`, name),
					tx.Require(ctx, `UPDATE users SET name = $1 WHERE id = $2`, name, of),
					tx.Queue(ctx, `UPDATE users SET name = $1 WHERE id = 'ann'`, name),
					then(tx),
				)
			})
		}
		commit := func(*tx) error { return nil }
		find := func(tx *tx) error {
			return tx.Find(ctx, engine.Row{new(string)}, `SELECT name FROM users WHERE id = 'ann'`)
		}
		for _, then := range []func(*tx) error{commit, find} {
			done, err := rename("nobody", "nobody", then)
			wantFalse(t, done, err)
			done, err = rename("Ann", "ann", then)
			wantTrue(t, done, err)
			u, err := db.FindUser(ctx, "ann")
			must(t, err)
			if u.Name != "Ann" {
				t.Errorf("name is %q", u.Name)
			}
		}
	})
}

// A queued write that fails undoes the transaction, and none after it runs.
func TestWrite_QueuedFails(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		ctx := t.Context()
		db.addAnn(t)
		done, err := db.write(ctx, "rename", "", func(tx *tx) (bool, error) {
			for _, query := range []string{
				`UPDATE users SET name = 'first' WHERE id = 'ann'`,
				`UPDATE users SET must_change = 2 WHERE id = 'ann'`, // violates the CHECK
				`UPDATE users SET name = 'last' WHERE id = 'ann'`,
			} {
				if err := tx.Queue(ctx, query); err != nil {
					return false, err
				}
			}
			return true, nil
		})
		if done || err == nil {
			t.Errorf("done %v, error %v", done, err)
		}
		u, err := db.FindUser(ctx, "ann")
		must(t, err)
		if u.Name != "" {
			t.Errorf("name is %q", u.Name)
		}
	})
}
