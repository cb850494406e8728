package db

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"twostep/auth"
)

// SM-04: a code is accepted once, even by concurrent requests.
func TestSpendSentCode_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.SpendSentCode(ctx, code("a1").SentCode, auth.ChangeSet{At: noon})
		})
		_, err := db.FindSentCode(t.Context(), "a1")
		wantNotFound(t, err)
	})
}

// Concurrent guesses at one code cannot exceed the limit.
func TestAllowSentCodeAttempt_Limit(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		allowed := db.race(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			got, err := s.AllowSentCodeAttempt(ctx, "a1", auth.SentCodeAttempts)
			if errors.Is(err, auth.ErrNotFound) {
				return false, nil
			}
			if err == nil && !reflect.DeepEqual(got, code("a1").SentCode) {
				t.Errorf("code is %+v", got)
			}
			return true, err
		})
		if allowed != auth.SentCodeAttempts {
			t.Errorf("%d attempts were allowed, want %d", allowed, auth.SentCodeAttempts)
		}
		_, err := db.AllowSentCodeAttempt(t.Context(), "unknown", auth.SentCodeAttempts)
		wantNotFound(t, err)
	})
}

// SM-06: a new code replaces the old one, with new attempts.
func TestSpendSentCode_Replaced(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for range auth.SentCodeAttempts {
			_, err := db.AllowSentCodeAttempt(t.Context(), "a1", auth.SentCodeAttempts)
			must(t, err)
		}
		newer := code("a1")
		newer.MAC = []byte("newer")
		db.apply(t, "ann", newer)
		_, err := db.AllowSentCodeAttempt(t.Context(), "a1", auth.SentCodeAttempts)
		must(t, err)
		spent, err := db.SpendSentCode(t.Context(), code("a1").SentCode, auth.ChangeSet{At: noon})
		wantFalse(t, spent, err)
		spent, err = db.SpendSentCode(t.Context(), newer.SentCode, auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}
