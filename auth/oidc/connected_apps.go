package oidc

import (
	"context"
	"time"

	"twostep/auth"
)

// A ConnectedApp is an app that an account has used.
type ConnectedApp struct {
	ID     string
	Name   string
	Since  time.Time // the first use
	UsedAt time.Time // when it last got tokens; zero if that is no longer kept
	Scopes []Scope   // of its active grants
}

// ConnectedApps returns the apps that an account has used, ordered by name (OI-44).
func (p *Provider) ConnectedApps(ctx context.Context, user auth.UserID) ([]ConnectedApp, error) {
	return p.store.FindConnectedApps(ctx, user, p.rules.SessionBounds(p.now()))
}

// SessionApps returns the names of the apps that each session of an account has signed in
// to.
func (p *Provider) SessionApps(ctx context.Context, user auth.UserID) (map[auth.SessionID][]string, error) {
	return p.store.FindSessionApps(ctx, user, p.rules.SessionBounds(p.now()))
}

// Disconnect ends the access of an app to an account, and what the user has agreed to:
// the app has to ask again. The error is [auth.ErrNotFound] if the account has not used it.
func (p *Provider) Disconnect(ctx context.Context, client auth.Client, user auth.UserID, id string) error {
	app, err := p.store.FindApp(ctx, id)
	if err != nil {
		return err
	}
	changes, err := p.rules.AppChanges(ctx, client, user, p.now(), auth.Event{Type: auth.AppDisconnected, Name: app.Name})
	if err != nil {
		return err
	}
	if err := p.store.Disconnect(ctx, user, id, changes); err != nil {
		return err
	}
	p.rules.Applied(ctx, changes)
	return nil
}
