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

// AppStartLimits are the rate limits of a request of an app, for the write that stores it
// or responds to it.
func (r *Rules) AppStartLimits(client Client) []RateLimit {
	return r.limits(ActionAppStart, subjects{}.from(client))
}

// AppGrantLimits are the rate limits of a code for an app of a signed-in user.
func (r *Rules) AppGrantLimits(user UserID) []RateLimit {
	return r.limits(ActionAppGrant, subjects{ByAccount: {string(user)}})
}

// AppChanges returns changes that record an event of an account and notify the owner of it.
// [Rules.Applied] must be called after they were applied.
func (r *Rules) AppChanges(ctx context.Context, client Client, user UserID, now time.Time, e Event) (ChangeSet, error) {
	changes := ChangeSet{User: user, At: now}
	return changes, r.record(ctx, &changes, client, e)
}

// AppAct returns the changes of an operator's act on an app: the check that they may, and
// the event. If it is reasoned, an administrator must give a reason. [Rules.Acted] must be
// called afterwards.
func (r *Rules) AppAct(ctx context.Context, by Operator, reasoned bool, e Event) (ChangeSet, error) {
	begin := r.begin
	if reasoned {
		begin = r.beginReasoned
	}
	changes, err := begin(ctx, by, RoleAdmin, "")
	if err != nil {
		return changes, err
	}
	return changes, r.recordAct(ctx, &changes, by, e)
}

// SecretSeeds returns the seeds of an app's secrets: first of the secret that a form makes
// now, then of those that the same form may have made shortly before, see [submission]. app
// identifies the app, or one version of it.
func (r *Rules) SecretSeeds(by Operator, app string) []Token {
	return r.tokens(secretToken, submission{from: by.Client.FormToken, form: formApp, response: app}, r.now())
}
