package oidc

import (
	"context"
	"time"
)

// Store keeps the facts of apps. Its verbs and transactions are those of [auth.Store].
type Store interface {
	// Apps

	// FindApp reads an app, or returns [auth.ErrNotFound].
	FindApp(ctx context.Context, id string) (App, error)
	// FindApps reads all apps, ordered by name.
	FindApps(ctx context.Context) ([]App, error)
	// AddApp adds an app.
	AddApp(ctx context.Context, app App) error
	// ReplaceApp replaces everything about an app but its secrets, its creation and
	// whether it is disabled.
	ReplaceApp(ctx context.Context, app App) (replaced bool, err error)
	// ReplaceAppDisabled disables or enables an app.
	ReplaceAppDisabled(ctx context.Context, id string, disabled bool, now time.Time) (replaced bool, err error)
	// RemoveApp deletes an app and everything that belongs to it.
	RemoveApp(ctx context.Context, id string) (removed bool, err error)
	// AddAppSecret adds a secret by its hash and ends all but the newest keep secrets.
	AddAppSecret(ctx context.Context, id, hash string, keep int, now time.Time) (added bool, err error)
	// EndAppSecrets ends all of an app's secrets but the newest.
	EndAppSecrets(ctx context.Context, id string, now time.Time) error
}
