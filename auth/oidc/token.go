package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"twostep/auth"
)

// Tokens is the response of the token endpoint (6749 section 5.1, C 3.1.3.3).
type Tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token"`
	Scope        string `json:"scope"`
}

// A GrantType says what an app gets tokens for (6749 section 4).
type GrantType string

// The grant types.
const (
	CodeGrant    GrantType = "authorization_code"
	RefreshGrant GrantType = "refresh_token"
)

// GrantTypes lists them.
var GrantTypes = []GrantType{CodeGrant, RefreshGrant}

// Exchange responds to a request of an authenticated app for tokens. The error is an
// [Error] or a fault.
func (p *Provider) Exchange(ctx context.Context, client auth.Client, app App, form url.Values) (Tokens, error) {
	form = given(form)
	switch GrantType(form.Get("grant_type")) {
	case CodeGrant:
		return p.exchangeCode(ctx, client, app, form)
	case RefreshGrant:
		return p.refresh(ctx, client, app, form)
	case "":
		return Tokens{}, &Error{Code: InvalidRequest, Explanation: "grant_type is missing"}
	}
	return Tokens{}, &Error{Code: UnsupportedGrantType, Explanation: "grant_type must be authorization_code or refresh_token"}
}

// exchangeCode uses a code. One conditional write checks that it is of this app and
// request, so that nothing is consumed otherwise (OI-08, OI-09).
func (p *Provider) exchangeCode(ctx context.Context, client auth.Client, app App, form url.Values) (Tokens, error) {
	challenge, err := challengeOf(form)
	if err != nil {
		return Tokens{}, err
	}
	use := CodeUse{Hash: hash(form.Get("code")), App: app.ID, RedirectURI: form.Get("redirect_uri"), Challenge: challenge}
	id, user, err := p.store.FindGrantOfCode(ctx, app.ID, use.Hash)
	if isNotFound(err) {
		return Tokens{}, &Error{Code: InvalidGrant, Explanation: "the code is unknown, or of another app"}
	}
	if err != nil {
		return Tokens{}, err
	}
	now := p.now()
	g, err := p.grant(ctx, app, id, now)
	if err != nil {
		return Tokens{}, err
	}
	first, refreshToken := p.firstRefreshToken(app, g, now)
	reuse, err := p.reuseChanges(ctx, client, app, user, now)
	if err != nil {
		return Tokens{}, err
	}
	result, err := p.store.SpendCode(ctx, user, use, p.rules.SessionBounds(now), first, reuse)
	switch {
	case err != nil:
		return Tokens{}, err
	case result == Reused:
		p.rules.Applied(ctx, reuse)
		return Tokens{}, &Error{Code: InvalidGrant, Explanation: "the code was used before: everything that was issued for it has ended", Reused: true}
	case result == NotUsed:
		return Tokens{}, &Error{Code: InvalidGrant, Explanation: "the code has expired, or redirect_uri or code_verifier is wrong, or the session has ended"}
	}
	return p.tokens(ctx, app, g, g.Nonce, refreshToken, now)
}

// challengeOf returns the challenge of the verifier; empty without one, which then must
// be what the request had (OI-07).
func challengeOf(form url.Values) (string, error) {
	verifier := form.Get("code_verifier")
	switch {
	case form.Get("code") == "":
		return "", &Error{Code: InvalidRequest, Explanation: "code is missing"}
	case form.Get("redirect_uri") == "":
		return "", &Error{Code: InvalidRequest, Explanation: "redirect_uri is missing"}
	case !form.Has("code_verifier"):
		return "", nil
	case len(verifier) < auth.AppVerifierMin || len(verifier) > auth.AppVerifierMax || strings.Trim(verifier, challengeCharacters+".~") != "":
		return "", &Error{Code: InvalidRequest, Explanation: "code_verifier must have 43 to 128 of the characters of RFC 7636"}
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// refresh uses a refresh token. The scope is never widened (OI-27).
func (p *Provider) refresh(ctx context.Context, client auth.Client, app App, form url.Values) (Tokens, error) {
	token := form.Get("refresh_token")
	if token == "" {
		return Tokens{}, &Error{Code: InvalidRequest, Explanation: "refresh_token is missing"}
	}
	found, err := p.store.FindRefreshToken(ctx, app.ID, hash(token))
	if isNotFound(err) {
		return Tokens{}, &Error{Code: InvalidGrant, Explanation: "the refresh token is unknown, or of another app"}
	}
	if err != nil {
		return Tokens{}, err
	}
	now := p.now()
	g, err := p.grant(ctx, app, found.Grant, now)
	if err != nil {
		return Tokens{}, err
	}
	if g.Scopes, err = narrow(g.Scopes, form.Get("scope")); err != nil {
		return Tokens{}, err
	}
	next, nextToken := p.nextRefreshToken(app, g, now)
	reuse, err := p.reuseChanges(ctx, client, app, found.User, now)
	if err != nil {
		return Tokens{}, err
	}
	result, err := p.store.SpendRefreshToken(ctx, found.User, app.ID, hash(token), p.rules.SessionBounds(now), next, reuse)
	switch {
	case err != nil:
		return Tokens{}, err
	case result == Reused:
		p.rules.Applied(ctx, reuse)
		return Tokens{}, &Error{Code: InvalidGrant, Explanation: "the refresh token was used before: everything that was issued with it has ended", Reused: true}
	case result == NotUsed:
		return Tokens{}, &Error{Code: InvalidGrant, Explanation: "the refresh token has expired, or the session or access has ended"}
	}
	return p.tokens(ctx, app, g, "", nextToken, now)
}

// grant finds an active grant, and checks that the account may still use the app with it.
func (p *Provider) grant(ctx context.Context, app App, id string, now time.Time) (Grant, error) {
	g, err := p.store.FindGrant(ctx, id, p.rules.SessionBounds(now))
	if isNotFound(err) {
		return g, &Error{Code: InvalidGrant, Explanation: "the session or access has ended"}
	}
	if err != nil {
		return g, err
	}
	if app.RequireMFA && !slices.Contains(g.AMR, amrTwoFactors) { // demanded since it was granted
		return g, &Error{Code: InvalidGrant, Explanation: "the app now requires two factors"}
	}
	allowed, err := p.mayUse(ctx, app, g.User)
	if err == nil && !allowed {
		err = &Error{Code: InvalidGrant, Explanation: "the account is in none of the app's groups any more"}
	}
	return g, err
}

// mayUse reports whether an account is in one of an app's groups.
func (p *Provider) mayUse(ctx context.Context, app App, user auth.UserID) (bool, error) {
	if len(app.Groups) == 0 {
		return true, nil
	}
	groups, err := p.store.FindGroups(ctx, user)
	return slices.ContainsFunc(groups, func(group string) bool { return slices.Contains(app.Groups, group) }), err
}

// narrow returns the scopes that an app asks for at a refresh: those of the grant, or
// fewer.
func narrow(granted []Scope, asked string) ([]Scope, error) {
	if asked == "" {
		return granted, nil
	}
	names := strings.Fields(asked)
	var scopes []Scope
	for _, scope := range granted {
		if slices.Contains(names, string(scope)) {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) != len(names) {
		return nil, &Error{Code: InvalidScope, Explanation: "the scope was not granted"}
	}
	return scopes, nil
}

// firstRefreshToken returns a refresh token for the grant of a code. A web app gets one
// only with offline_access: it has a session of its own. A public app needs one to renew
// its tokens while the session lasts (OI-28).
func (p *Provider) firstRefreshToken(app App, g Grant, now time.Time) (RefreshToken, string) {
	if !app.Public() && !g.Offline {
		return RefreshToken{}, ""
	}
	return p.nextRefreshToken(app, g, now)
}

// nextRefreshToken returns a random token that expires when it is not used, or with its
// grant (OI-25).
func (p *Provider) nextRefreshToken(app App, g Grant, now time.Time) (RefreshToken, string) {
	token, expires := string(auth.NewToken()), now.Add(app.RefreshIdle)
	if expires.After(g.ExpiresAt) {
		expires = g.ExpiresAt
	}
	return RefreshToken{Hash: hash(token), ExpiresAt: expires}, token
}

// reuseChanges are applied if a code or refresh token was used before (OI-24).
func (p *Provider) reuseChanges(ctx context.Context, client auth.Client, app App, user auth.UserID, now time.Time) (auth.ChangeSet, error) {
	return p.rules.AppChanges(ctx, client, user, now, auth.Event{Type: auth.AppTokenReused, Name: app.Name})
}

// tokens signs the tokens of a grant. It is called after the transaction: a signature
// takes longer than that.
func (p *Provider) tokens(ctx context.Context, app App, g Grant, nonce, refreshToken string, now time.Time) (Tokens, error) {
	keys, err := p.keySet(ctx, now)
	if err != nil {
		return Tokens{}, err
	}
	t := Tokens{
		TokenType: "Bearer", ExpiresIn: int(auth.AppTokenLifetime.Seconds()), RefreshToken: refreshToken, Scope: ScopeText(g.Scopes),
	}
	if t.AccessToken, err = p.accessToken(keys, app, g, now); err != nil {
		return Tokens{}, err
	}
	t.IDToken, err = p.idToken(ctx, keys, app, g, nonce, t.AccessToken, now)
	return t, err
}

// ScopeText joins scopes with spaces (6749 section 3.3).
func ScopeText(scopes []Scope) string {
	texts := make([]string, len(scopes))
	for i, scope := range scopes {
		texts[i] = string(scope)
	}
	return strings.Join(texts, " ")
}

func isNotFound(err error) bool { return errors.Is(err, auth.ErrNotFound) }
