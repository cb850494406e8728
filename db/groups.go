package db

import (
	"context"
	"strings"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// groupsColumn lists the groups of users.id, separated by commas, which no name has.
const groupsColumn = `
			(SELECT COALESCE(string_agg(name, ',' ORDER BY name), '') FROM account_groups WHERE user_id = users.id)`

func splitGroups(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// FindGroups implements [auth.Store] and [oidc.Store].
func (s *Store) FindGroups(ctx context.Context, user auth.UserID) (groups []string, err error) {
	var name string
	err = s.each(ctx, "find groups", engine.Row{&name}, func() { groups = append(groups, name) }, `
		SELECT name
		FROM account_groups
		WHERE user_id = $1
		ORDER BY name`, user)
	return groups, err
}

// addGroup adds the account to a group, unless it is in it.
func (t *tx) addGroup(ctx context.Context, user auth.UserID, name string) (added bool, err error) {
	return t.change(ctx, `
		INSERT INTO account_groups (user_id, name)
		SELECT id, $2
		FROM users
		WHERE id = $1 AND (SELECT count(*) FROM account_groups WHERE user_id = $1) < $3
		ON CONFLICT DO NOTHING`, user, name, auth.GroupsMax)
}

// removeGroup removes the account from a group, if it is in it.
func (t *tx) removeGroup(ctx context.Context, user auth.UserID, name string) (removed bool, err error) {
	return t.change(ctx, `DELETE FROM account_groups WHERE user_id = $1 AND name = $2`, user, name)
}
