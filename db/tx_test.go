package db

import (
	"context"
	"errors"
	"testing"

	"twostep/auth"
)

// A person who goes away in the middle changes nothing, and holds nobody up.
func TestWrite_Cancelled(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		ctx, cancel := context.WithCancel(t.Context())
		done, err := b.write(ctx, "be cancelled", "", func(tx *tx) (bool, error) {
			_, err := tx.Exec(ctx, `DELETE FROM users WHERE id = $1`, "ann")
			cancel()
			return true, err
		})
		if done || !errors.Is(err, context.Canceled) {
			t.Errorf("done %v, error %v", done, err)
		}
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}

// A panic undoes the transaction too and gives the one connection back.
func TestWrite_Panic(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		func() {
			defer func() { _ = recover() }()
			_, _ = b.write(t.Context(), "panic", "", func(tx *tx) (bool, error) {
				_, err := tx.Exec(t.Context(), `DELETE FROM users WHERE id = $1`, "ann")
				must(t, err)
				panic("in the middle")
			})
		}()
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}
