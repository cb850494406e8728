package db

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"twostep/auth"
)

func TestFindUserByEmail(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		got, err := b.FindUserByEmail(t.Context(), "aann@example.org")
		must(t, err)
		if got != user("ann") {
			t.Errorf("found %+v", got)
		}
		_, err = b.FindUserByEmail(t.Context(), "Aann@example.org")
		wantNotFound(t, err)
	})
}

// ST-02: of racing sign-ins that would each write a stronger hash, one does.
func TestSpendPassword_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return s.SpendPassword(ctx, "ann", "hash of ann", fmt.Sprint("stronger ", i), auth.ChangeSet{At: noon})
		})
	})
}

// A password that was changed meanwhile begins nothing.
func TestSpendPassword_Changed(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		grant := set("ann", attempt("ann", "a2"))
		spent, err := b.SpendPassword(t.Context(), "ann", "an earlier hash", "", grant)
		wantFalse(t, spent, err)
		_, err = b.FindAttempt(t.Context(), "a2", noon)
		wantNotFound(t, err)
		spent, err = b.SpendPassword(t.Context(), "ann", "hash of ann", "", grant)
		wantTrue(t, spent, err)
		if got, err := b.FindUserByEmail(t.Context(), "aann@example.org"); err != nil || got.PasswordHash != "hash of ann" {
			t.Errorf("the hash is %q, %v", got.PasswordHash, err)
		}
	})
}

// FF-05: of racing sign-ups for one address one makes the account.
func TestAddUser_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		for i := range racers {
			b.give(t, "ann", code(fmt.Sprint(i)))
		}
		b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			u := user("ann")
			u.ID = auth.UserID(fmt.Sprint(i))
			spent, err := s.SpendSentCode(ctx, code(fmt.Sprint(i)).SentCode, set(u.ID, auth.AddUser{User: u, CreatedAt: noon}))
			if errors.Is(err, auth.ErrEmailTaken) {
				return false, nil
			}
			return spent, err
		})
	})
}
