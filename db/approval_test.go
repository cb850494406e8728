package db

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

func approval(id string, user, by auth.UserID, now time.Time) auth.Approval {
	return auth.Approval{
		ID: id, Act: auth.Act{Action: auth.ResetMFA, User: user, Target: id}, By: by, Reason: "lost phone", RequestedAt: now, ExpiresAt: now.Add(auth.ApprovalLifetime),
	}
}

// OP-08: of concurrent approvals, refusals and withdrawals of a request, one succeeds. The requester
// cannot approve it in any session, and nobody can after it has expired or when the
// requester is no longer an admin.
func TestSpendApproval_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		for _, admin := range []string{"ann", "bob"} {
			db.addAdmin(t, admin)
		}
		db.apply(t, "eve", auth.AddUser{User: user("eve"), CreatedAt: noon})
		db.apply(t, "old", auth.AddUser{User: user("old"), CreatedAt: noon})
		end := func(s *Store, at time.Time, c auth.SpendApproval, on auth.UserID) bool {
			t.Helper()
			err := s.Apply(context.Background(), auth.ChangeSet{User: on, At: at, Changes: []auth.Change{c}})
			if err != nil && !errors.Is(err, auth.ErrApprovalEnded) {
				t.Error(err)
			}
			return err == nil
		}
		request := func(id string) {
			t.Helper()
			db.apply(t, "eve", auth.AddApproval{Approval: approval(id, "eve", "ann", noon)})
		}
		request("a")
		if n := db.race(t, func(_ context.Context, s *Store, i int) (bool, error) {
			switch i % 4 {
			case 0:
				return end(s, noon, auth.SpendApproval{ID: "a", By: "ann", Own: true}, "eve"), nil // withdraws
			case 1: // the requester, as if they were another
				if end(s, noon, auth.SpendApproval{ID: "a", By: "ann"}, "eve") {
					t.Error("the requester has approved")
				}
				return false, nil
			}
			return end(s, noon, auth.SpendApproval{ID: "a", By: "bob"}, "eve"), nil
		}); n != 1 {
			t.Errorf("%d have ended it, want 1", n)
		}

		request("b")
		expiry := noon.Add(auth.ApprovalLifetime)
		for name, ended := range map[string]bool{
			"for another account":  end(db.Store, noon, auth.SpendApproval{ID: "b", By: "bob"}, "old"),
			"for the site":         end(db.Store, noon, auth.SpendApproval{ID: "b", By: "bob"}, ""),
			"withdrawn by another": end(db.Store, noon, auth.SpendApproval{ID: "b", By: "bob", Own: true}, "eve"),
			"expired":              end(db.Store, expiry, auth.SpendApproval{ID: "b", By: "bob"}, "eve"),
			"another id":           end(db.Store, noon, auth.SpendApproval{ID: "a", By: "bob"}, "eve"),
		} {
			if ended {
				t.Errorf("%s: it has ended", name)
			}
		}
		found, err := db.FindApproval(t.Context(), "b", expiry.Add(-time.Millisecond))
		if err != nil || found.UserEmail != "Aeve@example.org" || found.ByEmail != "Aann@example.org" || found.Act != (auth.Act{Action: auth.ResetMFA, User: "eve", Target: "b"}) || !found.ExpiresAt.Equal(expiry) {
			t.Errorf("found %+v, %v", found, err)
		}
		if other, err := db.FindApproval(t.Context(), "unknown", noon); !errors.Is(err, auth.ErrNotFound) || len(db.approvals(t, "bob")) != 0 {
			t.Errorf("found another request: %+v, %v", other, err)
		}
		for _, change := range []func() (bool, error){
			func() (bool, error) { return db.ReplaceRole(t.Context(), "ann", auth.RoleSupport, set("ann")) },
			func() (bool, error) { return db.ReplaceRole(t.Context(), "ann", auth.RoleAdmin, set("ann")) },
			func() (bool, error) { return db.ReplaceDisabled(t.Context(), "ann", true, set("ann")) },
			func() (bool, error) { return db.ReplaceDisabled(t.Context(), "ann", false, set("ann")) },
		} {
			counts := len(db.approvals(t, "eve")) == 1 && len(db.approvals(t, "")) == 1
			if changed, err := change(); !changed || err != nil {
				t.Fatal(changed, err)
			}
			if now := len(db.approvals(t, "eve")) == 1; now == counts {
				t.Errorf("the request counts: %v, as before", now)
			}
			if !counts {
				continue
			}
			if _, err := db.FindApproval(t.Context(), "b", noon); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("found without the role: %v", err)
			}
			if end(db.Store, noon, auth.SpendApproval{ID: "b", By: "bob"}, "eve") {
				t.Error("approved although the requester has no role")
			}
		}
		if !end(db.Store, expiry.Add(-time.Millisecond), auth.SpendApproval{ID: "b", By: "bob"}, "eve") {
			t.Error("not approved just before the expiry")
		}
	})
}

func (db testDB) approvals(t *testing.T, user auth.UserID) []auth.Approval {
	t.Helper()
	all, err := db.FindApprovals(t.Context(), user, noon, 9)
	must(t, err)
	return all
}

// OP-08: an act is requested once at a time, and an administrator has a bounded number of
// requests, even if many are made at once. One that no longer counts blocks no other.
func TestAddApproval(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAdmin(t, "ann")
		db.addAdmin(t, "bob")
		db.apply(t, "eve", auth.AddUser{User: user("eve"), CreatedAt: noon})
		add := func(ctx context.Context, s *Store, a auth.Approval) (bool, error) {
			err := s.Apply(ctx, auth.ChangeSet{User: a.User, At: a.RequestedAt, Changes: []auth.Change{auth.AddApproval{Approval: a}}})
			if errors.Is(err, auth.ErrNotFound) || errors.Is(err, auth.ErrTooManyApprovals) {
				return false, nil
			}
			return err == nil, err
		}
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			a := approval(fmt.Sprint("same", i), "eve", "ann", noon)
			a.Target = ""
			return add(ctx, s, a)
		})
		if n := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return add(ctx, s, approval(fmt.Sprint("other", i), "eve", "ann", noon))
		}); n != auth.ApprovalsMax-1 {
			t.Errorf("%d more requests, want %d", n, auth.ApprovalsMax-1)
		}
		again := approval("again", "eve", "bob", noon)
		again.Target = ""
		if added, err := add(t.Context(), db.Store, again); added || err != nil {
			t.Errorf("requested twice: %v", err)
		}
		later := approval("later", "eve", "ann", noon.Add(auth.ApprovalLifetime))
		later.Target = ""
		added, err := add(t.Context(), db.Store, later)
		wantTrue(t, added, err)
		added, err = add(t.Context(), db.Store, approval("another", "eve", "ann", later.RequestedAt))
		wantTrue(t, added, err)
		replaced, err := db.ReplaceRole(t.Context(), "ann", auth.NoRole, set("ann"))
		wantTrue(t, replaced, err)
		again.RequestedAt = later.RequestedAt
		added, err = add(t.Context(), db.Store, again)
		wantTrue(t, added, err)

		other, err := db.FindOtherAdmin(t.Context(), "eve", "ann")
		wantTrue(t, other, err)
		db.addAdmin(t, "sue")
		changed, err := db.ReplaceRole(t.Context(), "sue", auth.RoleSupport, set("sue"))
		wantTrue(t, changed, err)
		if other, err = db.FindOtherAdmin(t.Context(), "bob", "eve"); other || err != nil {
			t.Errorf("another admin: %v", err)
		}
		db.exec(t, `UPDATE users SET disabled_at = 1 WHERE id = 'bob'`)
		if other, err = db.FindOtherAdmin(t.Context(), "eve", "ann"); other || err != nil {
			t.Errorf("a disabled admin: %v, %v", other, err)
		}
	})
}

// An act of one administrator is not applied to an account that has been given a role since.
func TestRequireNoRole(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAdmin(t, "ann")
		db.apply(t, "eve", auth.AddUser{User: user("eve"), CreatedAt: noon}, auth.RequireNoRole{})
		if err := db.Apply(t.Context(), set("ann", auth.RequireNoRole{})); !errors.Is(err, auth.ErrNeedsApproval) {
			t.Errorf("with a role: %v", err)
		}
	})
}

// OP-08: a download is approved once, by another admin, and done once with its filters. It
// is requested once by each administrator.
func TestSpendDownload_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		for _, admin := range []string{"ann", "bob", "eve"} {
			db.addAdmin(t, admin)
		}
		request := func(s *Store, id string, by auth.UserID) (bool, error) {
			a := approval(id, "", by, noon)
			a.Act = auth.Act{Action: auth.DownloadPeople, Target: "q=a"}
			return once(s.Apply(context.Background(), set("", auth.AddApproval{Approval: a})))
		}
		approve := func(s *Store, by auth.UserID) (bool, error) {
			return once(s.Apply(context.Background(), set("", auth.ApproveDownload{ID: "a", By: by})))
		}
		spend := func(s *Store, by auth.UserID, filters string, at time.Time) (bool, error) {
			c := auth.SpendDownload{By: by, Filters: filters}
			return once(s.Apply(context.Background(), auth.ChangeSet{At: at, Changes: []auth.Change{c}}))
		}
		db.apply(t, "bob", auth.AddApproval{Approval: approval("of an account", "bob", "ann", noon)})
		if err := db.Apply(t.Context(), set("", auth.ApproveDownload{ID: "of an account", By: "eve"})); !errors.Is(err, auth.ErrApprovalEnded) {
			t.Errorf("an act on an account is approved as a download: %v", err)
		}
		db.exec(t, `UPDATE approvals SET approved_at = $1`, engine.Millis(noon))
		if err := db.Apply(t.Context(), set("", auth.SpendDownload{By: "ann", Filters: "of an account"})); !errors.Is(err, auth.ErrNeedsApproval) {
			t.Errorf("the approval of an act on an account permits a download: %v", err)
		}
		added, err := request(db.Store, "a", "ann")
		wantTrue(t, added, err)
		added, err = request(db.Store, "b", "bob")
		wantTrue(t, added, err)
		refused := func(what string, done bool, err error) {
			t.Helper()
			if done || err != nil {
				t.Errorf("%s: %v, %v", what, done, err)
			}
		}
		done, err := request(db.Store, "c", "ann")
		refused("a second request", done, err)
		done, err = spend(db.Store, "ann", "q=a", noon)
		refused("not approved", done, err)
		done, err = approve(db.Store, "ann")
		refused("by the requester", done, err)
		late := []auth.Change{auth.ApproveDownload{ID: "a", By: "bob"}}
		done, err = once(db.Apply(t.Context(), auth.ChangeSet{At: noon.Add(auth.ApprovalLifetime), Changes: late}))
		refused("after a day", done, err)
		db.wantOneWinner(t, func(_ context.Context, s *Store, i int) (bool, error) {
			return approve(s, []auth.UserID{"bob", "eve"}[i%2])
		})
		done, err = spend(db.Store, "ann", "q=b", noon)
		refused("with other filters", done, err)
		done, err = spend(db.Store, "eve", "q=a", noon)
		refused("by another admin", done, err)
		done, err = spend(db.Store, "ann", "q=a", noon.Add(auth.ApprovalLifetime))
		refused("after a day", done, err)
		db.wantOneWinner(t, func(_ context.Context, s *Store, _ int) (bool, error) {
			return spend(s, "ann", "q=a", noon)
		})
		for _, other := range [][2]string{{"ann", "q=a"}, {"bob", "q=b"}, {"ann", "of an account"}} {
			_, err := db.FindDownload(t.Context(), auth.UserID(other[0]), other[1], noon)
			wantNotFound(t, err)
		}
		found, err := db.FindDownload(t.Context(), "bob", "q=a", noon)
		if err != nil || found.ID != "b" || !found.ApprovedAt.IsZero() || found.User != "" {
			t.Errorf("found %+v, %v", found, err)
		}
	})
}

// once reports whether changes were applied, if an error says that they were not.
func once(err error) (bool, error) {
	if errors.Is(err, auth.ErrNotFound) || errors.Is(err, auth.ErrApprovalEnded) || errors.Is(err, auth.ErrNeedsApproval) {
		return false, nil
	}
	return err == nil, err
}
