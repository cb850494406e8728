package oidc

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"twostep/auth"
)

// A Logout is a request of an app to sign a user out (RP-Initiated Logout 1.0).
type Logout struct {
	User     auth.UserID
	Session  auth.SessionID
	Redirect string // registered URI of the app; empty for none
}

// ParseLogout checks the parameters of a request to sign out. valid is false without an ID
// token of the app, or with a URI that it has not registered: then the user is asked, and
// nothing leads back (OI-15, OI-49).
func (p *Provider) ParseLogout(ctx context.Context, params url.Values) (l Logout, valid bool, err error) {
	if params = given(params); !params.Has("id_token_hint") {
		return l, false, nil
	}
	hint, err := p.verifyHint(ctx, params.Get("id_token_hint"))
	if errors.Is(err, errToken) || err == nil && params.Has("client_id") && params.Get("client_id") != hint.Audience {
		return l, false, nil
	}
	if err != nil {
		return l, false, err
	}
	app, err := p.store.FindApp(ctx, hint.Audience)
	if isNotFound(err) || err == nil && app.Disabled {
		return l, false, nil
	}
	if err != nil {
		return l, false, err
	}
	l = Logout{User: auth.UserID(hint.Subject), Session: auth.SessionID(hint.Session)}
	if !params.Has("post_logout_redirect_uri") {
		return l, true, nil
	}
	uri := params.Get("post_logout_redirect_uri")
	if !slices.Contains(app.PostLogoutURIs, uri) {
		return l, false, nil
	}
	l.Redirect = uri
	if state := params.Get("state"); state != "" {
		l.Redirect = withParams(uri, url.Values{"state": {state}})
	}
	return l, true, nil
}

// Logout ends the session that a valid request names, as signing out does. It is no error
// if it has ended.
func (p *Provider) Logout(ctx context.Context, l Logout) error {
	return p.store.SignOutSession(ctx, l.User, l.Session)
}
