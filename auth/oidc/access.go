package oidc

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// UserInfo returns the claims that an access token allows to read (C 5.3). The error is
// an [Error] or a fault.
func (p *Provider) UserInfo(ctx context.Context, token string) (UserClaims, error) {
	t, g, err := p.liveAccess(ctx, token)
	if errors.Is(err, errToken) {
		return UserClaims{}, &Error{Code: InvalidToken, Explanation: "the access token is not valid, has expired, or its session or access has ended"}
	}
	if err != nil {
		return UserClaims{}, err
	}
	names := strings.Fields(t.Scope) // a refresh may ask for fewer scopes than the grant has (6749 section 6)
	g.Scopes = slices.DeleteFunc(g.Scopes, func(scope Scope) bool { return !slices.Contains(names, string(scope)) })
	return p.userClaims(ctx, g)
}

// Revoke ends the grant of a token of an app. A token that is unknown, or of another app,
// is no error and stays as it is (OI-47, 7009).
func (p *Provider) Revoke(ctx context.Context, app App, token string) error {
	found, err := p.store.FindRefreshToken(ctx, app.ID, hash(token))
	id := found.Grant
	if isNotFound(err) {
		var t accessToken
		t, _, err = p.liveAccess(ctx, token)
		if errors.Is(err, errToken) || err == nil && t.ClientID != app.ID {
			return nil
		}
		id = t.Grant
	}
	if err != nil {
		return err
	}
	return p.store.EndGrant(ctx, app.ID, id, p.now())
}

// An Introspection says whether a token is valid (7662). Of one that is not, it says
// nothing else.
type Introspection struct {
	Active    bool   `json:"active"`
	Issuer    string `json:"iss,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  string `json:"aud,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Expiry    int64  `json:"exp,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	ID        string `json:"jti,omitempty"`
	Scope     string `json:"scope,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	AuthTime  int64  `json:"auth_time,omitempty"`
	ACR       string `json:"acr,omitempty"`
}

// Introspect describes an access token, or a refresh token that was not used, of the app that
// asks. An app without a secret gets no response: anybody can name its client ID (OI-48).
func (p *Provider) Introspect(ctx context.Context, app App, token string) (Introspection, error) {
	if app.Public() {
		return Introspection{}, &Error{Code: InvalidClient, Explanation: "introspection is for apps with a secret"}
	}
	t, _, err := p.liveAccess(ctx, token)
	if errors.Is(err, errToken) {
		return p.introspectRefresh(ctx, app, token)
	}
	if err != nil || t.ClientID != app.ID {
		return Introspection{}, err
	}
	return Introspection{
		Active: true, Issuer: t.Issuer, Subject: t.Subject, Audience: t.Audience, ClientID: t.ClientID, Expiry: t.Expiry,
		IssuedAt: t.IssuedAt, ID: t.ID, Scope: t.Scope, TokenType: "Bearer", AuthTime: t.AuthTime, ACR: t.ACR,
	}, nil
}

func (p *Provider) introspectRefresh(ctx context.Context, app App, token string) (Introspection, error) {
	now := p.now()
	found, err := p.store.FindRefreshToken(ctx, app.ID, hash(token))
	if isNotFound(err) || err == nil && (found.Spent || !now.Before(found.ExpiresAt)) {
		return Introspection{}, nil
	}
	if err != nil {
		return Introspection{}, err
	}
	g, err := p.grant(ctx, app, found.Grant, now)
	if _, ended := errors.AsType[*Error](err); ended {
		return Introspection{}, nil
	}
	if err != nil {
		return Introspection{}, err
	}
	return Introspection{
		Active: true, Issuer: p.issuer, Subject: string(g.User), ClientID: app.ID, Expiry: found.ExpiresAt.Unix(), Scope: ScopeText(g.Scopes),
		AuthTime: g.AuthTime.Unix(), ACR: g.ACR,
	}, nil
}
