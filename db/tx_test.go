package db

import (
	"context"
	"errors"
	"testing"

	"twostep/auth"
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
