package auth

import (
	"context"
	"time"
)

// What package auth/oidc needs of the rules for apps.

// AllowApp counts what a client does for an app, before anything else is looked at.
func (r *Rules) AllowApp(ctx context.Context, client Client, action Action) error {
	return r.allow(ctx, r.now(), r.limits(action, subjects{}.from(client))...)
}

// AllowAppGuess counts a wrong secret of an app from one client.
func (r *Rules) AllowAppGuess(ctx context.Context, client Client, app string) error {
	return r.allow(ctx, r.now(), r.limits(ActionAppGuess, subjects{ByFactor: {app, client.prefix(32, 64)}})...)
}

// AllowAppGrant counts a code for an app of a signed-in user.
func (r *Rules) AllowAppGrant(ctx context.Context, user UserID) error {
	return r.allow(ctx, r.now(), r.limits(ActionAppGrant, subjects{ByAccount: {string(user)}})...)
}

// AppChanges returns changes that record an event of an account and, if it is one of
// those, notify the owner.
func (r *Rules) AppChanges(ctx context.Context, client Client, user UserID, now time.Time, e Event) (ChangeSet, error) {
	changes := ChangeSet{User: user, At: now}
	return changes, r.record(ctx, &changes, client, e)
}

// Applied must be called after changes of AppChanges were applied.
func (r *Rules) Applied(ctx context.Context, changes ChangeSet) { r.applied(ctx, changes) }
