package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"twostep/auth"
)

// UserClaims are about the account, as far as the scopes allow (OI-42). A claim without a
// value is left out.
type UserClaims struct {
	Subject           string   `json:"sub"` // the same for all apps, never reassigned
	Email             string   `json:"email,omitempty"`
	EmailVerified     bool     `json:"email_verified,omitempty"`
	Name              string   `json:"name,omitempty"`
	PreferredUsername string   `json:"preferred_username,omitempty"`
	UpdatedAt         int64    `json:"updated_at,omitempty"`
	Groups            []string `json:"groups,omitempty"`
}

// userClaims returns the claims of a grant from current values. It is the only function
// that makes them: for the ID token of a code and of a refresh token, and for userinfo.
func (p *Provider) userClaims(ctx context.Context, g Grant) (UserClaims, error) {
	c := UserClaims{Subject: string(g.User)}
	if g.Has(ScopeEmail) {
		c.Email, c.EmailVerified = g.Email, true // no account has an address that was not verified
	}
	if g.Has(ScopeProfile) {
		c.Name, c.PreferredUsername, c.UpdatedAt = g.Name, g.Email, g.UpdatedAt.Unix()
	}
	var err error
	if g.Has(ScopeGroups) {
		c.Groups, err = p.store.FindGroups(ctx, g.User)
	}
	return c, err
}

// An IDToken has the claims of an ID token (C 2). Its audience is a string, because some
// clients cannot read an array.
type IDToken struct {
	Issuer   string   `json:"iss"`
	Audience string   `json:"aud"`
	Expiry   int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
	AuthTime int64    `json:"auth_time"`
	Nonce    string   `json:"nonce,omitempty"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr,omitempty"`
	ATHash   string   `json:"at_hash"`
	Session  string   `json:"sid,omitempty"`
	UserClaims
}

// idToken signs an ID token. A refreshed one has no nonce (C 12.2).
func (p *Provider) idToken(ctx context.Context, keys *keySet, app App, g Grant, nonce, accessToken string, now time.Time) (string, error) {
	sum := sha256.Sum256([]byte(accessToken))
	t := IDToken{
		Issuer: p.issuer, Audience: app.ID, Expiry: now.Add(auth.AppTokenLifetime).Unix(), IssuedAt: now.Unix(),
		AuthTime: g.AuthTime.Unix(), Nonce: nonce, ACR: g.ACR, AMR: g.AMR,
		ATHash: base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]), Session: string(g.Session),
		UserClaims: UserClaims{Subject: string(g.User)},
	}
	if app.ClaimsInIDToken {
		var err error
		if t.UserClaims, err = p.userClaims(ctx, g); err != nil {
			return "", err
		}
	}
	return keys.sign(app.Alg, idTokenType, t, now)
}

// verifyHint verifies an ID token that an app sends back as a hint. It may have expired
// (OI-38).
func (p *Provider) verifyHint(ctx context.Context, token string) (IDToken, error) {
	var hint IDToken
	now := p.now()
	keys, err := p.keySet(ctx, now)
	if err != nil {
		return hint, err
	}
	if err := keys.verify(token, idTokenType, &hint, now); err != nil || hint.Issuer != p.issuer {
		return IDToken{}, errToken
	}
	return hint, nil
}

// An accessToken has the claims of an access token (9068 section 2.2). Its audience is
// this site, and its type another than an ID token's: neither passes as the other
// (OI-22).
type accessToken struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	ClientID string   `json:"client_id"`
	Expiry   int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
	ID       string   `json:"jti"`
	Scope    string   `json:"scope"`
	AuthTime int64    `json:"auth_time"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr,omitempty"`
	Grant    string   `json:"grant"`
}

func (p *Provider) accessToken(keys *keySet, app App, g Grant, now time.Time) (string, error) {
	claims := accessToken{
		Issuer: p.issuer, Subject: string(g.User), Audience: p.issuer, ClientID: app.ID,
		Expiry: now.Add(auth.AppTokenLifetime).Unix(), IssuedAt: now.Unix(), ID: newID(), Scope: ScopeText(g.Scopes),
		AuthTime: g.AuthTime.Unix(), ACR: g.ACR, AMR: g.AMR, Grant: g.ID,
	}
	token, err := keys.sign(app.Alg, accessTokenType, claims, now)
	if err == nil {
		p.known.add(token, claims)
	}
	return token, err
}

// liveAccess verifies an access token and finds its grant. The error is errToken if it
// has expired or its grant is not active (OI-21).
func (p *Provider) liveAccess(ctx context.Context, token string) (accessToken, Grant, error) {
	now := p.now()
	t, err := p.signedAccess(ctx, token, now)
	if err != nil {
		return t, Grant{}, err
	}
	issuedAt := time.Unix(t.IssuedAt, 0)
	expired := now.Unix() >= t.Expiry || issuedAt.After(now.Add(auth.ClockSkew)) || !now.Before(issuedAt.Add(auth.AppTokenLifetime))
	if t.Issuer != p.issuer || t.Audience != p.issuer || expired {
		return t, Grant{}, errToken
	}
	g, err := p.store.FindGrant(ctx, t.Grant, p.rules.SessionBounds(now))
	if isNotFound(err) {
		err = errToken
	}
	return t, g, err
}

// signedAccess verifies the signature of an access token.
func (p *Provider) signedAccess(ctx context.Context, token string, now time.Time) (accessToken, error) {
	t, known := p.known.find(token)
	if known {
		return t, nil
	}
	keys, err := p.keySet(ctx, now)
	if err != nil {
		return t, err
	}
	if err := keys.verify(token, accessTokenType, &t, now); err != nil {
		return t, err
	}
	p.known.add(token, t)
	return t, nil
}
