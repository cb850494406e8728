package oidc

import (
	"context"
	"time"

	"twostep/auth"
)

// Store keeps the facts of apps. Its verbs and transactions are those of [auth.Store].
type Store interface {
	// Apps

	// FindApp reads an app, or returns [auth.ErrNotFound].
	FindApp(ctx context.Context, id string) (App, error)
	// FindApps reads all apps, ordered by name.
	FindApps(ctx context.Context) ([]App, error)
	// AddApp adds an app, unless its ID is used or there are [auth.AppsMax] apps.
	AddApp(ctx context.Context, app App, changes auth.ChangeSet) (added bool, err error)
	// ReplaceApp replaces everything about an app of this version but its secrets, its
	// creation and whether it is disabled.
	ReplaceApp(ctx context.Context, app App, changes auth.ChangeSet) (replaced bool, err error)
	// ReplaceAppDisabled disables or enables an app.
	ReplaceAppDisabled(ctx context.Context, id string, disabled bool, changes auth.ChangeSet) (replaced bool, err error)
	// RemoveApp deletes an app and everything that belongs to it.
	RemoveApp(ctx context.Context, id string, changes auth.ChangeSet) (removed bool, err error)
	// ReplaceAppSecrets removes all secrets of an app of this version but the newest keep, and
	// adds one by its hash unless that is empty.
	ReplaceAppSecrets(ctx context.Context, app App, hash string, keep int, changes auth.ChangeSet) (replaced bool, err error)

	// Signing keys

	// FindSigningKeys reads all keys, ordered by SignsFrom.
	FindSigningKeys(ctx context.Context) ([]SigningKey, error)
	// AddFirstSigningKey adds a key unless there is one of its algorithm.
	AddFirstSigningKey(ctx context.Context, key SigningKey) error
	// AddNextSigningKeys adds keys, each of which retires the present one of its
	// algorithm when it begins to sign. It returns false if one of those does not sign
	// yet.
	AddNextSigningKeys(ctx context.Context, keys []SigningKey, now time.Time) (added bool, err error)

	// Requests

	// AddRequest adds a request unless a limiter refuses, as in [auth.Store], or returns
	// [auth.ErrNotFound] if its app does not exist.
	AddRequest(ctx context.Context, r Request, limits []auth.RateLimit) (refused int, count auth.Count, err error)
	// FindRequest reads a request, expired or done too, but not one that was pushed and
	// not used yet.
	FindRequest(ctx context.Context, hash string) (Request, error)
	// SpendPushedRequest replaces the hash and the expiry of a request of an app that was
	// pushed, has not expired and was not used before.
	SpendPushedRequest(ctx context.Context, app, hash string, next Request) (spent bool, err error)
	// SpendStepUp records that the user was asked to step up, once for each request.
	SpendStepUp(ctx context.Context, hash string, now time.Time) (spent bool, err error)
	// SpendRequest ends a request without a code. It returns false if the request is done.
	SpendRequest(ctx context.Context, hash string, now time.Time) (spent bool, err error)
	// IssueCode adds a grant, its code and the user's consent, and marks the request as
	// done, unless a limiter refuses. It returns [auth.ErrNotFound] if the request is
	// already done or the session of the grant has ended.
	IssueCode(ctx context.Context, limits []auth.RateLimit, issue Issue) (refused int, count auth.Count, err error)
	// FindConsent reads the scopes that an account has agreed to, and whether it has used
	// the app before.
	FindConsent(ctx context.Context, user auth.UserID, app string) (agreed []Scope, used bool, err error)

	// Grants. Only an active one is found; bounds say which sessions have not expired.

	// FindGrant reads a grant.
	FindGrant(ctx context.Context, id string, bounds auth.SessionBounds) (Grant, error)
	// FindGroups reads the groups of an account, sorted.
	FindGroups(ctx context.Context, user auth.UserID) ([]string, error)
	// FindGrantOfCode reads the id and the account of the grant of an app's code, live or
	// not.
	FindGrantOfCode(ctx context.Context, app, hash string) (id string, user auth.UserID, err error)
	// FindRefreshToken reads an app's refresh token, whether or not it can be used.
	FindRefreshToken(ctx context.Context, app, hash string) (FoundRefreshToken, error)
	// SpendCode uses a code of an active grant once, and adds the first refresh token if
	// there is one. If the code was used before, it ends the grant and applies changes,
	// once.
	SpendCode(ctx context.Context, user auth.UserID, use CodeUse, bounds auth.SessionBounds, first RefreshToken, changes auth.ChangeSet) (Use, error)
	// SpendRefreshToken uses a refresh token of an active grant and adds the next one. Within
	// [auth.RefreshGrace] it can be used again while its successor has not been: the
	// response was lost, and the successor is replaced. If it was used or replaced
	// otherwise, it ends the grant and applies changes, once.
	SpendRefreshToken(ctx context.Context, user auth.UserID, app, hash string, bounds auth.SessionBounds, next RefreshToken, changes auth.ChangeSet) (Use, error)
	// EndGrant ends a grant of an app.
	EndGrant(ctx context.Context, app, id string, now time.Time) error

	// SignOutSession ends a session of an account, as signing out does: offline grants
	// outlive it.
	SignOutSession(ctx context.Context, user auth.UserID, id auth.SessionID, now time.Time) error
	// FindLogoutApps reads the apps that messages about ended sessions are due for. One
	// that is due after furthest is due, as [auth.Store] has it.
	FindLogoutApps(ctx context.Context, now, furthest time.Time) ([]string, error)

	// Connected apps

	// FindConnectedApps reads the apps that an account has used, ordered by name.
	FindConnectedApps(ctx context.Context, user auth.UserID, bounds auth.SessionBounds) ([]ConnectedApp, error)
	// FindSessionApps reads the names of the apps with access by each session.
	FindSessionApps(ctx context.Context, user auth.UserID, bounds auth.SessionBounds) (map[auth.SessionID][]string, error)
	// Disconnect ends an account's grants to an app, removes what it has agreed to and
	// notifies the app as the end of its sessions does, or returns [auth.ErrNotFound] if it has not used the app.
	Disconnect(ctx context.Context, user auth.UserID, app string, changes auth.ChangeSet) error
}
