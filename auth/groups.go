package auth

import (
	"context"
	"slices"
	"strings"
)

// ValidGroup reports whether a text can be the name of a group. Apps and proxies get names
// in lists that are separated by commas or spaces.
func ValidGroup(name string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-"
	return name != "" && len(name) <= GroupNameMax && strings.Trim(name, allowed) == ""
}

// ChangeGroups adds an account to groups, removes it from others, and returns those that
// it is in afterwards. Each change is an event in its history. Its
// sessions go on: what groups allow is checked when they are used.
func (r *Rules) ChangeGroups(ctx context.Context, by Operator, user UserID, add, remove []string) (groups []string, err error) {
	for _, name := range slices.Concat(add, remove) {
		if !ValidGroup(name) {
			return nil, &Problem{Reason: GroupInvalid, Field: "groups", Limit: GroupNameMax}
		}
	}
	account, err := r.store.FindAccount(ctx, user)
	if err != nil {
		return nil, err
	}
	groups = account.Groups
	changes, err := r.beginReasoned(ctx, by, RoleAdmin, user)
	if err != nil {
		return nil, err
	}
	change := func(c Change, e EventType, name string) error {
		changes.add(c)
		return r.recordAct(ctx, &changes, by, Event{Type: e, Name: name})
	}
	for _, name := range remove {
		if i := slices.Index(groups, name); i >= 0 {
			groups = slices.Delete(groups, i, i+1)
			if err := change(RemoveGroup{name}, OperatorRemovedGroup, name); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range add {
		if !slices.Contains(groups, name) {
			groups = append(groups, name)
			if err := change(AddGroup{name}, OperatorAddedGroup, name); err != nil {
				return nil, err
			}
		}
	}
	if len(groups) > GroupsMax {
		return nil, &Problem{Reason: TooManyGroups, Field: "groups", Limit: GroupsMax}
	}
	slices.Sort(groups)
	return groups, operated(r.apply(ctx, changes))
}
