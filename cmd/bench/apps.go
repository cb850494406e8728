package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/db"
)

// A benchApp is an app whose people have agreed. Each of them has a code for it.
type benchApp struct{ id, secret string }

const (
	appCallback = "https://app.example.org/callback"
	appVerifier = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq"
	issuer      = "http://localhost"
)

func codeOf(p person) auth.Token { return auth.Token(p.id("code")) }

// addApp adds the app and the codes.
func addApp(ctx context.Context, store *db.Store, rules *auth.Rules, alg oidc.Algorithm, people ...*browser) (benchApp, error) {
	id, secret, err := oidc.New(store, rules, issuer).AddApp(ctx, auth.Operator{}, oidc.App{
		Name: "Bench", Kind: oidc.Web, Alg: alg, Trusted: true, RedirectURIs: []string{appCallback},
		RefreshIdle: auth.RefreshIdle, RefreshLifetime: auth.RefreshLifetime,
	})
	if err != nil {
		return benchApp{}, err
	}
	var next atomic.Int64
	err = parallel(connections, func(int) error {
		for n := int(next.Add(1)) - 1; n < len(people); n = int(next.Add(1)) - 1 {
			if err := addCode(ctx, store, id, people[n].person); err != nil {
				return err
			}
		}
		return nil
	})
	return benchApp{id, secret}, err
}

// addCode adds a code that is valid for longer than the server's own.
func addCode(ctx context.Context, store *db.Store, app string, p person) error {
	now, user := time.Now(), auth.UserID(p.id("user"))
	grant := oidc.Grant{
		ID: p.id("grant"), App: app, User: user, Session: auth.SessionID(p.id("session")), Scopes: []oidc.Scope{oidc.ScopeOpenID, oidc.ScopeEmail},
		AuthTime: now, ACR: oidc.ACROneFactor, CreatedAt: now, ExpiresAt: now.Add(auth.RefreshLifetime),
	}
	code := oidc.Code{Hash: codeOf(p).Hash(), RedirectURI: appCallback, Challenge: challengeOf(appVerifier), ExpiresAt: now.Add(time.Hour)}
	_, _, err := store.IssueCode(ctx, nil, oidc.Issue{
		Grant: grant, Code: code, Agreed: []oidc.Scope{oidc.ScopeOpenID}, Changes: auth.ChangeSet{User: user, At: now},
	})
	return err
}

// S256 of RFC 7636 is the hash that tokens are stored as.
func challengeOf(verifier string) string { return auth.Token(verifier).Hash() }

// exchange exchanges the code of a person and returns the access token.
func (a benchApp) exchange(c *conn, b *browser) (accessToken string, err error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {string(codeOf(b.person))}, "redirect_uri": {appCallback},
		"code_verifier": {appVerifier}, "client_id": {a.id}, "client_secret": {a.secret},
	}
	resp, err := c.do(request(oidc.TokenPath, b.ip, "", form.Encode()))
	if err == nil && resp.status != 200 {
		err = fmt.Errorf("POST %s: %d: %s", oidc.TokenPath, resp.status, c.body.Bytes())
	}
	if err != nil {
		return "", err
	}
	var tokens oidc.Tokens
	err = json.Unmarshal(c.body.Bytes(), &tokens)
	return tokens.AccessToken, err
}

// authorize sends a signed-in user to the app, which gets a code.
func (a benchApp) authorize(c *conn, b *browser) error {
	query := url.Values{
		"response_type": {"code"}, "client_id": {a.id}, "redirect_uri": {appCallback}, "scope": {"openid"}, "state": {"a-state"},
		"code_challenge": {challengeOf(appVerifier)}, "code_challenge_method": {"S256"},
	}
	resp, err := c.do(request(oidc.AuthorizePath+"?"+query.Encode(), b.ip, b.cookies(), ""))
	if err != nil {
		return err
	}
	b.keepCookie(resp)
	if resp.status != 303 || !strings.HasPrefix(resp.location, appCallback+"?code=") {
		return fmt.Errorf("authorize: %d, %s: %s", resp.status, resp.location, c.body.Bytes())
	}
	return nil
}

// measureApps runs after measureSecondFactor, which signs in to the pending accounts.
func measureApps(s *server, browsers prepared, r *results) error {
	people, app := browsers.pending, browsers.app
	var token string
	err := s.withConn(func(c *conn) (err error) {
		token, err = browsers.userInfoApp.exchange(c, browsers.signedIn)
		return err
	})
	if err != nil {
		return err
	}
	var next atomic.Int64
	if r.exchange, err = s.load(time.Minute, func(c *conn) (bool, error) {
		n := int(next.Add(1)) - 1
		if n >= len(people) {
			return false, nil
		}
		_, err := app.exchange(c, people[n])
		return true, err
	}); err != nil {
		return err
	}
	userInfo := func(c *conn) (bool, error) {
		plain := request(oidc.UserInfoPath, people[0].ip, "", "")
		resp, err := c.do(bytes.Replace(plain, []byte("\r\n\r\n"), []byte("\r\nAuthorization: Bearer "+token+"\r\n\r\n"), 1))
		if err == nil && resp.status != 200 {
			err = fmt.Errorf("GET %s: %d: %s", oidc.UserInfoPath, resp.status, c.body.Bytes())
		}
		return true, err
	}
	// Each account is used by one connection at a time, for its cookie.
	authorize := func() (cost, error) {
		var next atomic.Int64
		return s.load(slice, func(c *conn) (bool, error) {
			n := int(next.Add(1)) - 1
			if n >= len(people) {
				return false, nil
			}
			return true, app.authorize(c, people[n])
		})
	}
	for round := range rounds + 1 {
		page, err := s.load(slice, get(page, browsers.signedIn))
		if err != nil {
			return err
		}
		info, err := s.load(slice, userInfo)
		if err != nil {
			return err
		}
		authorized, err := authorize()
		if err != nil {
			return err
		}
		if round > 0 { // the first is a warm-up
			r.appPage.add(page)
			r.userInfo.add(info)
			r.authorize.add(authorized)
		}
	}
	return nil
}
