package db

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"twostep/auth"
)

// Of several operators who change a setting at once, one does: the others see first what
// it is now.
func TestPutSetting_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		put := func(ctx context.Context, s *Store, was, value string) (bool, error) {
			err := s.Apply(ctx, set("", auth.PutSetting{StoredSetting: auth.StoredSetting{Setting: "a", Value: value}, Was: was, By: "ann"}))
			if errors.Is(err, auth.ErrNotFound) {
				return false, nil
			}
			return err == nil, err
		}
		for round, was := range []string{"", "first"} {
			if n := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
				return put(ctx, s, was, fmt.Sprint("value", i))
			}); n != 1 {
				t.Errorf("round %d: %d changed it, want 1", round, n)
			}
			found, err := db.FindSettings(t.Context())
			must(t, err)
			if len(found) != 1 || found[0].Setting != "a" || found[0].Value == was {
				t.Errorf("settings are %v", found)
			}
			changed, err := put(t.Context(), db.Store, found[0].Value, "first")
			wantTrue(t, changed, err)
		}
	})
}
