package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

func TestFindUser(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		got, err := db.FindUser(t.Context(), "ann")
		must(t, err)
		if got != user("ann") {
			t.Errorf("found %+v", got)
		}
		_, err = db.FindUser(t.Context(), "bob")
		wantNotFound(t, err)
	})
}

// A disabled account is found, but its password and sessions are not accepted.
func TestDisabledUser(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.exec(t, `UPDATE users SET disabled_at = 1`)
		for _, find := range []func() (auth.User, error){
			func() (auth.User, error) { return db.FindUser(t.Context(), "ann") },
			func() (auth.User, error) { return db.FindUserByEmail(t.Context(), "aann@example.org") },
		} {
			if got, err := find(); err != nil || !got.Disabled {
				t.Errorf("found %+v, %v", got, err)
			}
		}
		_, err := db.FindSession(t.Context(), "token of s1")
		wantNotFound(t, err)
		if all, err := db.FindSessions(t.Context(), "ann"); err != nil || len(all) != 0 {
			t.Errorf("%d sessions, %v", len(all), err)
		}
		ok, err := db.SpendPassword(t.Context(), "ann", "hash of ann", "", auth.ChangeSet{At: noon})
		wantFalse(t, ok, err)
		ok, err = db.ReplacePassword(t.Context(), "ann", "new", auth.ChangeSet{At: noon})
		wantFalse(t, ok, err)
		ok, err = db.SpendTOTPStep(t.Context(), "ann", 101, set("ann", session("ann", "s2")))
		wantFalse(t, ok, err) // completes a sign-in that began before
	})
}

// All rows of a deleted account are removed except the message that notifies the
// user. Other accounts keep theirs.
func TestRemoveUser(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		ofNoAccount := []string{"keyring", "apps", "app_secrets", "app_uris", "app_groups", "signing_keys", "app_requests", "passkey_spent", "daily"}
		db.addEverything(t, "bob", noon)
		before := db.rowCounts(t)
		db.addEverything(t, "ann", noon)
		for name, rows := range db.rowCounts(t) {
			if rows == before[name] && !slices.Contains(ofNoAccount, name) {
				t.Errorf("addEverything adds no row to %s, so this test does not cover it", name)
			}
		}
		removed, err := db.RemoveUser(t.Context(), "ann", set("ann", auth.RequireMFA{Factors: 99}))
		wantFalse(t, removed, err)
		removed, err = db.RemoveUser(t.Context(), "ann", set("ann", auth.QueueMessage{Message: message("deleted")}))
		wantTrue(t, removed, err)
		before["app_requests"]++ // which expires
		before["messages"] += 3  // the new one, one queued earlier, and one to the app
		before["audit_events"]++ // which stays
		before["settings"]++
		before["mfa_policies"]++
		wantRows(t, db.rowCounts(t), before)
		removed, err = db.RemoveUser(t.Context(), "ann", set("ann", auth.QueueMessage{Message: message("again")}))
		wantFalse(t, removed, err)
	})
}

func TestRemoveUser_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			m := message(string(rune('A' + i)))
			return s.RemoveUser(ctx, "ann", set("ann", auth.QueueMessage{Message: m}))
		})
		if n := db.count(t, `SELECT count(*) FROM messages`); n != 1 {
			t.Errorf("%d messages were queued, want 1", n)
		}
	})
}

// PW-10: changing the password clears the mark that it must be changed. A sign-in
// or re-authentication that only rehashes the password does not.
func TestMustChange(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		wantMustChange := func(want bool) {
			t.Helper()
			if s, err := db.FindSession(t.Context(), "token of s1"); err != nil || s.MustChange != want {
				t.Errorf("MustChange is %v, want %v; error %v", s.MustChange, want, err)
			}
		}
		wantMustChange(false)
		db.exec(t, `UPDATE users SET must_change = 1`)
		changes := set("ann", auth.RenewSession{Session: "s1", First: password(noon)})
		ok, err := db.SpendPassword(t.Context(), "ann", "hash of ann", "stronger", changes)
		wantTrue(t, ok, err)
		wantMustChange(true)
		changes.Changes = append(changes.Changes, auth.ClearMustChange{})
		ok, err = db.SpendPassword(t.Context(), "ann", "stronger", "another", changes)
		wantTrue(t, ok, err)
		wantMustChange(false)
		db.exec(t, `UPDATE users SET must_change = 1`)
		ok, err = db.ReplacePassword(t.Context(), "ann", "reset", auth.ChangeSet{At: noon})
		wantTrue(t, ok, err)
		wantMustChange(false)
	})
}

func TestFindUserByEmail(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		got, err := db.FindUserByEmail(t.Context(), "aann@example.org")
		must(t, err)
		if got != user("ann") {
			t.Errorf("found %+v", got)
		}
		_, err = db.FindUserByEmail(t.Context(), "Aann@example.org")
		wantNotFound(t, err)
	})
}

// FF-05: of concurrent sign-ups with one email address, only one adds an account.
func TestAddUser_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		for i := range raceCallers {
			db.apply(t, "ann", code(fmt.Sprint(i)))
		}
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
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

// A display name is stored with the time of its change, in that account only.
func TestApply_ReplaceName(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for _, name := range []string{"Ann Example", "李小龍", ""} {
			at := noon.Add(time.Minute)
			must(t, db.Apply(t.Context(), auth.ChangeSet{User: "ann", At: at, Changes: []auth.Change{auth.ReplaceName{Name: name}}}))
			want := user("ann")
			want.Name, want.UpdatedAt = name, at
			if got, err := db.FindUser(t.Context(), "ann"); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			if s, err := db.FindSession(t.Context(), "token of s1"); err != nil || s.Name != name {
				t.Errorf("the session has the name %q, %v", s.Name, err)
			}
		}
		wantNotFound(t, db.Apply(t.Context(), set("nobody", auth.ReplaceName{Name: "Nobody"})))
	})
}
