package db

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"twostep/auth"
)

// OP-07: two admins cannot remove each other, however many try at once: one is left.
func TestKeepAdmin_OneIsLeft(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "ann", auth.KeepAdmin{}) // concerns admins only
		for i := range raceCallers {
			db.addAdmin(t, fmt.Sprint("admin", i))
		}
		removed := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			id := auth.UserID(fmt.Sprint("admin", i))
			var done bool
			var err error
			if i%2 == 0 {
				done, err = s.RemoveUser(ctx, id, set(id, auth.KeepAdmin{}))
			} else {
				done, err = s.ReplaceDisabled(ctx, id, true, set(id, auth.KeepAdmin{}))
			}
			if errors.Is(err, auth.ErrLastAdmin) {
				return false, nil
			}
			return done, err
		})
		if left := db.count(t, `SELECT count(*) FROM users WHERE role = 3 AND disabled_at IS NULL`); left != 1 || removed != raceCallers-1 {
			t.Errorf("%d admins are left after %d removals, want 1", left, removed)
		}
	})
}

// OP-07: who may act is read in the transaction of the act.
func TestRequireOperator(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		for name, role := range map[string]auth.Role{"user": auth.NoRole, "viewer": auth.RoleViewer, "support": auth.RoleSupport, "admin": auth.RoleAdmin, "admin2": auth.RoleAdmin, "disabled": auth.RoleAdmin} {
			db.addAdmin(t, name)
			if role != auth.RoleAdmin {
				_, err := db.ReplaceRole(t.Context(), auth.UserID(name), role, set(auth.UserID(name)))
				must(t, err)
			}
		}
		_, err := db.ReplaceDisabled(t.Context(), "disabled", true, set("disabled"))
		must(t, err)
		for _, c := range []struct {
			session string
			role    auth.Role
			on      auth.UserID
			since   time.Time
			allowed bool
		}{
			{"admin", auth.RoleAdmin, "user", noon, true},
			{"admin", auth.RoleAdmin, "support", noon, true},
			{"admin", auth.RoleAdmin, "admin2", noon, true},
			{"admin", auth.RoleAdmin, "", noon, true},               // the whole site
			{"admin", auth.RoleAdmin, "new", noon, true},            // about to be added
			{"admin", auth.RoleAdmin, "admin", noon, false},         // themselves
			{"admin", auth.RoleAdmin, "user", noon.Add(1e6), false}, // too long ago
			{"admin3", auth.RoleViewer, "user", noon, false},        // no such session
			{"disabled", auth.RoleViewer, "user", noon, false},
			{"user", auth.RoleViewer, "user", noon, false},
			{"user", auth.RoleViewer, "viewer", noon, false},
			{"viewer", auth.RoleSupport, "user", noon, false},
			{"support", auth.RoleSupport, "user", noon, true},
			{"support", auth.RoleSupport, "viewer", noon, true},
			{"support", auth.RoleSupport, "admin", noon, false}, // a higher role
			{"support", auth.RoleAdmin, "user", noon, false},
		} {
			changes := set(c.on, auth.RequireOperator{Session: auth.SessionID("session of " + c.session), Role: c.role, VerifiedFrom: c.since})
			err := db.Apply(t.Context(), changes)
			if c.allowed && err != nil || !c.allowed && !errors.Is(err, auth.ErrNotAllowed) {
				t.Errorf("%s as %s on %q: %v", c.session, c.role, c.on, err)
			}
		}
	})
}

// addAdmin adds an admin with a session that has verified a second factor.
func (db testDB) addAdmin(t *testing.T, name string) {
	t.Helper()
	id := auth.UserID(name)
	begun := session(id, auth.SessionID("session of "+name))
	begun.MFAAt, begun.SecondKind = noon, auth.TOTPCode
	db.apply(t, id, auth.AddUser{User: user(id), CreatedAt: noon}, begun)
	replaced, err := db.ReplaceRole(t.Context(), id, auth.RoleAdmin, set(id))
	must(t, err)
	if again, err := db.ReplaceRole(t.Context(), id, auth.RoleAdmin, set(id)); !replaced || again || err != nil {
		t.Fatalf("%s became an admin: %v, and again: %v (%v)", name, replaced, again, err)
	}
}

// OP-15: the events of an account outlive it, without what is personal in them, and its
// removal is one of them.
func TestRemoveUser_EventsStay(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		first := auth.Event{
			ID: "1", User: "ann", At: noon, Type: auth.OperatorDisabled, Factor: auth.BackupCode, IP: "192.0.2.1", UserAgent: "a browser",
			Phone: "+4915100000001", Email: "ann@example.org", Name: "ops", Actor: "bob", Reason: "left the company",
		}
		db.apply(t, "ann", auth.RecordEvent{Event: first})
		last := auth.Event{ID: "2", User: "ann", At: noon, Type: auth.OperatorDeleted, IP: "192.0.2.2", Actor: "bob", Reason: "as asked"}
		removed, err := db.RemoveUser(t.Context(), "ann", set("ann", auth.RecordEvent{Event: last}))
		if err != nil || !removed {
			t.Fatalf("removed: %v, %v", removed, err)
		}
		first.IP, first.UserAgent, first.Phone, first.Email, last.IP = "", "", "", "", ""
		got, err := db.FindActivity(t.Context(), "ann", "", 10)
		must(t, err)
		if len(got) != 2 || got[0] != last || got[1] != first {
			t.Errorf("events are %+v", got)
		}
		if removed, err := db.RemoveUser(t.Context(), "ann", set("ann", auth.RecordEvent{Event: first})); removed || err != nil {
			t.Errorf("removed twice: %v, %v", removed, err)
		}
	})
}
