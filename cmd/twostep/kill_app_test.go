package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// A grant is what the app got from one sign-in.
type grant struct {
	offline  bool   // it outlives the session
	session  string // that the app knows, from the ID token
	access   string
	refresh  string // empty unless offline
	issuedAt time.Time
	ended    bool // the site has confirmed that
}

var appChallenge = sha256.Sum256([]byte(appVerifier))

const (
	appCallback = "http://127.0.0.1/callback"
	appVerifier = "0123456789012345678901234567890123456789012"
	appGrants   = 3 // of one user, at most, that are checked
)

// addApp registers the app, with a receiver of logout tokens.
func (k *killTest) addApp() {
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		claims := struct {
			Session string `json:"sid"`
		}{}
		if err := decodeClaims(r.PostFormValue("logout_token"), &claims); err != nil {
			k.t.Errorf("logout token: %v", err)
		}
		k.logouts.Store(claims.Session, true)
	}))
	k.t.Cleanup(receiver.Close)
	k.app = addClientApp(k.t, k.folder, "Wiki", "--kind=web", "--trusted", "--alg=ES256", "--redirect="+appCallback,
		"--backchannel-logout="+receiver.URL, "--url="+siteOrigin, "--database="+k.dir.Database)
}

// decodeClaims reads a token without verifying it; other tests do that.
func decodeClaims(token string, claims any) error {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, claims)
}

// useApp signs the user in to the app. Then the app uses its tokens, or misuses them.
func (u *user) useApp() {
	u.ensureSignedIn()
	n := u.k.appUses.Add(1)
	g := &grant{offline: n%2 == 0}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {u.appCode(g)}, "redirect_uri": {appCallback}, "code_verifier": {appVerifier}}
	if used := u.exchange(form, g); !used { // the tokens were lost with the response, and have ended
		return
	}
	u.confirm("tokens")
	switch n % 8 {
	case 1:
		u.wantReused(form, g)
	case 2, 3:
		u.endGrant(g)
	case 4, 6:
		first := u.refreshGrant(g)
		if u.refreshGrant(g); n%8 == 6 {
			u.wantReused(first, g)
		}
	}
	if u.grants = append(u.grants, g); len(u.grants) > appGrants {
		u.grants = u.grants[1:]
	}
}

// appCode leads the browser to the app, and returns the code that it brings.
func (u *user) appCode(g *grant) string {
	scope := "openid"
	if g.offline {
		scope += " offline_access"
	}
	u.c.send(http.MethodGet, oidc.AuthorizePath+"?"+url.Values{
		"client_id": {u.k.app.ID}, "redirect_uri": {appCallback}, "response_type": {"code"}, "scope": {scope},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(appChallenge[:])}, "code_challenge_method": {"S256"},
	}.Encode(), nil)
	at := u.c.url
	u.c.url, _ = url.Parse(siteOrigin)
	code := at.Query().Get("code")
	if !strings.HasPrefix(at.String(), appCallback) || code == "" {
		u.fatalf("the browser is at %s, not back at the app", at)
	}
	return code
}

// exchange asks for tokens until a response is complete. A code, unlike a refresh token,
// is used up by a request whose response was lost.
func (u *user) exchange(form url.Values, g *grant) (used bool) {
	var status int
	var tokens struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		IDToken      string `json:"id_token"`
		Error        string
	}
	began, lost := time.Now(), -1
	u.repeat(func() {
		lost++
		status = u.askAsApp(oidc.TokenPath, form, &tokens)
	})
	if form.Has("code") && lost > 0 && status == http.StatusBadRequest && tokens.Error == "invalid_grant" {
		return false
	}
	if status != http.StatusOK && (!form.Has("refresh_token") || time.Since(began) < auth.RefreshGrace) {
		u.fatalf("exchange, after %d lost responses: %d %s", lost, status, tokens.Error)
	}
	claims := struct {
		Session string `json:"sid"`
	}{}
	if err := decodeClaims(tokens.IDToken, &claims); err != nil {
		u.fatalf("ID token: %v", err)
	}
	g.access, g.refresh, g.session, g.issuedAt = tokens.AccessToken, tokens.RefreshToken, claims.Session, time.Now()
	if (g.refresh != "") != g.offline {
		u.fatalf("refresh token %q, offline %v", g.refresh, g.offline)
	}
	return true
}

// wantReused sends a used code or refresh token again, which ends the grant.
func (u *user) wantReused(form url.Values, g *grant) {
	var refused struct{ Error string }
	var status int
	u.repeat(func() { status = u.askAsApp(oidc.TokenPath, form, &refused) })
	if status != http.StatusBadRequest || refused.Error != "invalid_grant" {
		u.fatalf("%s was accepted twice: %d %s", form.Get("grant_type"), status, refused.Error)
	}
	g.ended = true
	u.confirm(auth.AppTokenReused)
}

// endGrant revokes the app's tokens.
func (u *user) endGrant(g *grant) {
	u.repeat(func() {
		if status := u.askAsApp(oidc.RevokePath, url.Values{"token": {g.access}}, nil); status != http.StatusOK {
			u.fatalf("revoke: %d", status)
		}
	})
	g.ended = true
	u.confirm("revoked")
}

// refreshGrant refreshes the tokens, and returns the form with the token that it used.
func (u *user) refreshGrant(g *grant) (form url.Values) {
	form = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {g.refresh}}
	u.exchange(form, g)
	u.confirm("refreshed")
	return form
}

// endSessionGrants records that the session has ended, and with it what it granted.
func (u *user) endSessionGrants() {
	for _, g := range u.grants {
		if !g.offline && !g.ended {
			g.ended = true
			u.logouts = append(u.logouts, g.session)
		}
	}
}

// checkGrants checks that tokens work until their grant has ended, and that the app was
// notified of the sessions that ended.
func (u *user) checkGrants() {
	for _, g := range u.grants {
		if time.Since(g.issuedAt) > auth.AppTokenLifetime {
			continue
		}
		if status := u.ask(http.MethodGet, oidc.UserInfoPath, nil, "Bearer "+g.access, nil); (status == http.StatusOK) == g.ended {
			u.fatalf("userinfo: %d; the grant has ended: %v", status, g.ended)
		}
		if !g.offline {
			continue
		}
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {g.refresh}}
		if status := u.askAsApp(oidc.TokenPath, form, nil); (status == http.StatusOK) == g.ended {
			u.fatalf("refresh: %d; the grant has ended: %v", status, g.ended)
		}
	}
	for _, session := range u.logouts {
		if _, ok := u.k.logouts.Load(session); !ok {
			u.fatalf("the app was not notified of the end of session %s", session)
		}
	}
}

// askAsApp posts a form as the app.
func (u *user) askAsApp(path string, form url.Values, response any) (status int) {
	secret := base64.StdEncoding.EncodeToString([]byte(u.k.app.ID + ":" + u.k.app.Secret))
	return u.ask(http.MethodPost, path, form, "Basic "+secret, response)
}

// ask sends a request of a program, and reads the JSON of the response.
func (u *user) ask(method, path string, form url.Values, authorization string, response any) (status int) {
	request, err := http.NewRequest(method, siteOrigin+path, strings.NewReader(form.Encode()))
	if err != nil {
		u.fatalf("%v", err)
	}
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Forwarded-For", u.c.ip)
	resp, err := u.c.http.Transport.RoundTrip(request)
	if err != nil {
		u.k.lost.Add(1)
		panic(errLost)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		u.k.lost.Add(1)
		panic(errLost)
	}
	u.k.responses.Add(1)
	u.mayRepeat(method, path, resp.StatusCode, string(body))
	if resp.StatusCode == http.StatusTooManyRequests {
		u.fatalf("%s %s: %d %s", method, path, resp.StatusCode, body)
	}
	if response != nil {
		if err := json.Unmarshal(body, response); err != nil {
			u.fatalf("%s %s: %d %s: %v", method, path, resp.StatusCode, body, err)
		}
	}
	return resp.StatusCode
}
