package db

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"twostep/auth"
)

func TestFindUser(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		got, err := b.FindUser(t.Context(), "ann")
		must(t, err)
		if got != user("ann") {
			t.Errorf("found %+v", got)
		}
		_, err = b.FindUser(t.Context(), "bob")
		wantNotFound(t, err)
	})
}

// An account that the operator has disabled is found, but neither its password
// nor its sessions open anything.
func TestDisabled(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.change(t, `UPDATE users SET disabled_at = 1`)
		for _, find := range []func() (auth.User, error){
			func() (auth.User, error) { return b.FindUser(t.Context(), "ann") },
			func() (auth.User, error) { return b.FindUserByEmail(t.Context(), "aann@example.org") },
		} {
			if got, err := find(); err != nil || !got.Disabled {
				t.Errorf("found %+v, %v", got, err)
			}
		}
		_, err := b.FindSession(t.Context(), "handle of s1")
		wantNotFound(t, err)
		if all, err := b.FindSessions(t.Context(), "ann"); err != nil || len(all) != 0 {
			t.Errorf("%d sessions, %v", len(all), err)
		}
		told, err := b.SpendPassword(t.Context(), "ann", "hash of ann", "", auth.ChangeSet{At: noon})
		wantFalse(t, told, err)
		told, err = b.ReplacePassword(t.Context(), "ann", "new", auth.ChangeSet{At: noon})
		wantFalse(t, told, err)
		told, err = b.SpendTOTPStep(t.Context(), "ann", 101, set("ann", session("ann", "s2")))
		wantFalse(t, told, err) // a sign-in that was under way
	})
}

// Of an account that is deleted nothing is left in any table; another's stays,
// and the owner is told.
func TestRemoveUser(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.everything(t, "bob", noon)
		before := b.tables(t)
		b.everything(t, "ann", noon)
		for name, rows := range b.tables(t) {
			if rows == before[name] && name != "keyring" { // which is of all
				t.Errorf("ann has nothing in %s: this test does not see it", name)
			}
		}
		removed, err := b.RemoveUser(t.Context(), "ann", set("ann", auth.QueueMessage{Message: message("farewell")}))
		wantTrue(t, removed, err)
		before["messages"] += 2 // the farewell, and one that was on its way
		wantTables(t, b.tables(t), before)
		removed, err = b.RemoveUser(t.Context(), "ann", set("ann", auth.QueueMessage{Message: message("again")}))
		wantFalse(t, removed, err)
	})
}

func TestRemoveUser_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			m := message(string(rune('A' + i)))
			return s.RemoveUser(ctx, "ann", set("ann", auth.QueueMessage{Message: m}))
		})
		if n := b.count(t, `SELECT count(*) FROM messages`); n != 1 {
			t.Errorf("the owner was told %d times", n)
		}
	})
}

// PW-10: the mark that a password must change goes with a change of it, and not
// with a sign-in or a re-verification that makes its hash stronger.
func TestMustChange(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		marked := func(want bool) {
			t.Helper()
			if s, err := b.FindSession(t.Context(), "handle of s1"); err != nil || s.MustChange != want {
				t.Errorf("the mark is %v, %v", s.MustChange, err)
			}
		}
		marked(false)
		b.change(t, `UPDATE users SET must_change = 1`)
		again := set("ann", auth.RenewSession{Session: "s1", PasswordAt: noon})
		told, err := b.SpendPassword(t.Context(), "ann", "hash of ann", "stronger", again)
		wantTrue(t, told, err)
		marked(true)
		again.Changes = append(again.Changes, auth.ClearMustChange{})
		told, err = b.SpendPassword(t.Context(), "ann", "stronger", "another", again)
		wantTrue(t, told, err)
		marked(false)
		b.change(t, `UPDATE users SET must_change = 1`)
		told, err = b.ReplacePassword(t.Context(), "ann", "reset", auth.ChangeSet{At: noon})
		wantTrue(t, told, err)
		marked(false)
	})
}

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
