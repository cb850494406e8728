package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"twostep/auth"
)

// TestChangeGroups: only what changes is recorded, an account is in a bounded number of
// groups, and a name that a list could not hold is refused before anything changes.
func TestChangeGroups(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	session, _ := f.signUp(ann)
	change := func(add, remove, want string) {
		t.Helper()
		groups, err := f.ChangeGroups(f.ctx, auth.Operator{}, session.User, strings.Fields(add), strings.Fields(remove))
		f.must(err)
		account, err := f.Account(f.ctx, ann)
		f.must(err)
		if !slices.Equal(groups, strings.Fields(want)) || !slices.Equal(account.Groups, groups) {
			t.Errorf("returned %v and stored %v, want %s", groups, account.Groups, want)
		}
	}
	change("", "", "")
	change("staff ops staff", "", "ops staff")
	change("ops dev", "nothing", "dev ops staff")
	change("dev", "ops staff", "dev")
	change("", "dev", "")
	events, _, err := f.Activity(f.ctx, session.User, "")
	f.must(err)
	var names []string
	for _, e := range events {
		if e.Type == auth.OperatorAddedGroup || e.Type == auth.OperatorRemovedGroup {
			names = append(names, string(e.Type)[len("operator_"):]+" "+e.Name)
		}
	}
	slices.Sort(names)
	want := "added_group dev, added_group ops, added_group staff, removed_group dev, removed_group ops, removed_group staff"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("events are %s, want %s", got, want)
	}

	for _, bad := range []string{"", "Ops", "ops,dev", "ops dev", "ops\n", "öps", strings.Repeat("x", auth.GroupNameMax+1)} {
		_, err := f.ChangeGroups(f.ctx, auth.Operator{}, session.User, []string{"ops", bad}, nil)
		f.problem(err, auth.GroupInvalid)
	}
	var many []string
	for i := range auth.GroupsMax {
		many = append(many, fmt.Sprintf("%0*d", auth.GroupNameMax, i))
	}
	change(strings.Join(many, " "), "", strings.Join(many, " "))
	_, err = f.ChangeGroups(f.ctx, auth.Operator{}, session.User, []string{"another"}, nil)
	f.problem(err, auth.TooManyGroups)
	change("another", many[0], strings.Join(append(many[1:], "another"), " "))
	if _, err := f.ChangeGroups(f.ctx, auth.Operator{}, "nobody", many, nil); err == nil {
		t.Error("no account is in a group")
	}
}
