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

	// Signing keys

	// FindSigningKeys reads all keys, ordered by SignsFrom.
	FindSigningKeys(ctx context.Context) ([]SigningKey, error)
	// AddFirstSigningKey adds a key unless there is one of its algorithm.
	AddFirstSigningKey(ctx context.Context, key SigningKey) error
	// AddNextSigningKeys adds keys, each of which retires the present one of its
	// algorithm when it begins to sign. It returns false if one of those does not sign
	// yet.
	AddNextSigningKeys(ctx context.Context, keys []SigningKey, now time.Time) (added bool, err error)
}
