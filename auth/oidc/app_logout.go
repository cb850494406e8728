package oidc

import (
	"context"
	"errors"
	"fmt"
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
	if repeated(params) {
		return l, false, nil
	}
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
	return p.store.SignOutSession(ctx, l.User, l.Session, p.now())
}

// logoutEvent is the type of the event in a logout token (Back-Channel Logout 1.0 section
// 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// A logoutToken has the claims of a logout token. It has no nonce, so that it never passes
// as an ID token (OI-50).
type logoutToken struct {
	Issuer   string              `json:"iss"`
	Subject  string              `json:"sub"`
	Audience string              `json:"aud"`
	IssuedAt int64               `json:"iat"`
	Expiry   int64               `json:"exp"`
	ID       string              `json:"jti"`
	Events   map[string]struct{} `json:"events"`
	Session  string              `json:"sid,omitempty"` // empty: all sessions of the account
}

// LogoutChannels returns the channels of the apps that messages are due for.
func (p *Provider) LogoutChannels(ctx context.Context) ([]auth.Channel, error) {
	now := p.now()
	apps, err := p.store.FindLogoutApps(ctx, now, now.Add(auth.MessageRetryMax+auth.ClockSkew))
	channels := make([]auth.Channel, len(apps))
	for i, app := range apps {
		channels[i] = auth.AppChannel(app)
	}
	return channels, err
}

// LogoutToken signs the token of a message to an app, and returns it with the URI that it
// is posted to. It is called when the message is sent: the token expires soon, and a retry
// may be hours later. If there is nobody to send it to any more, the error wraps
// [auth.ErrRejected].
func (p *Provider) LogoutToken(ctx context.Context, m auth.Message) (uri, token string, err error) {
	app, err := p.store.FindApp(ctx, m.To)
	if isNotFound(err) || err == nil && app.BackchannelURI == "" {
		return "", "", fmt.Errorf("the app has no back-channel URI any more: %w", auth.ErrRejected)
	}
	if err != nil {
		return "", "", err
	}
	now := p.now()
	keys, err := p.keySet(ctx, now)
	if err != nil {
		return "", "", err
	}
	token, err = keys.sign(app.Alg, logoutTokenType, logoutToken{
		Issuer: p.issuer, Subject: string(m.User), Audience: app.ID, IssuedAt: now.Unix(), Expiry: now.Add(auth.LogoutTokenLifetime).Unix(),
		ID: newID(), Events: map[string]struct{}{logoutEvent: {}}, Session: string(m.Session),
	}, now)
	return app.BackchannelURI, token, err
}
