package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"twostep/auth"
)

// An account is in a group once and in a bounded number of groups, and is listed with them.
func TestApply_Groups(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
		db.apply(t, "ann", auth.AddGroup{Name: "staff"}, auth.AddGroup{Name: "ops"})
		wantNotFound(t, db.Apply(t.Context(), set("ann", auth.AddGroup{Name: "dev"}, auth.AddGroup{Name: "ops"})))
		wantNotFound(t, db.Apply(t.Context(), set("ann", auth.RemoveGroup{Name: "dev"})))
		wantNotFound(t, db.Apply(t.Context(), set("nobody", auth.AddGroup{Name: "dev"})))
		wantNotFound(t, db.Apply(t.Context(), set("bob", auth.RemoveGroup{Name: "ops"})))
		db.apply(t, "bob", auth.AddGroup{Name: "ops"})

		for limit := 1; limit <= 2; limit++ {
			found, err := db.FindPeople(t.Context(), auth.PeopleQuery{}, limit)
			must(t, err)
			page := found.Accounts
			if len(page) != limit || !slices.Equal(page[0].Groups, []string{"ops", "staff"}) ||
				limit == 2 && !slices.Equal(page[1].Groups, []string{"ops"}) {
				t.Errorf("page of %d is %+v", limit, page)
			}
		}
		db.apply(t, "ann", auth.RemoveGroup{Name: "ops"})
		found, err := db.FindAccount(t.Context(), "ann")
		must(t, err)
		if !slices.Equal(found.Groups, []string{"staff"}) {
			t.Errorf("groups are %v", found.Groups)
		}
		db.apply(t, "ann", auth.AddGroup{Name: "dev"})
		for id, want := range map[auth.UserID][]string{"ann": {"dev", "staff"}, "bob": {"ops"}, "nobody": nil} {
			if groups, err := db.FindGroups(t.Context(), id); err != nil || !slices.Equal(groups, want) {
				t.Errorf("%s is in %v, %v, want %v", id, groups, err, want)
			}
		}
		_, err = db.FindAccount(t.Context(), "nobody")
		wantNotFound(t, err)
	})
}

// Concurrent commands do not add an account to more groups than the limit.
func TestApply_GroupsMax(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for i := range auth.GroupsMax - 1 {
			db.apply(t, "ann", auth.AddGroup{Name: fmt.Sprint("group-", i)})
		}
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			err := s.Apply(ctx, set("ann", auth.AddGroup{Name: fmt.Sprint("racing-", i)}))
			if errors.Is(err, auth.ErrNotFound) {
				return false, nil
			}
			return err == nil, err
		})
		if n := db.count(t, `SELECT count(*) FROM account_groups`); n != auth.GroupsMax {
			t.Errorf("%d groups, want %d", n, auth.GroupsMax)
		}
	})
}
