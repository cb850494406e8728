package handlers_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"twostep/auth"
	"twostep/auth/oidc"
)

// signed returns a token.
func (site *testSite) signed(key jose.SigningKey, options *jose.SignerOptions, claims []byte) string {
	site.t.Helper()
	signer, err := jose.NewSigner(key, options)
	if err != nil {
		site.t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		site.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		site.t.Fatal(err)
	}
	return text
}

// stolenKey returns a key of this site and its ID.
func (site *testSite) stolenKey() (key jose.SigningKey, id string) {
	site.t.Helper()
	keys, err := site.apps.SigningKeys(context.Background())
	if err != nil {
		site.t.Fatal(err)
	}
	stolen := keys[slices.IndexFunc(keys, func(k oidc.SigningKey) bool { return k.Alg == oidc.ES256 })]
	private, err := x509.ParsePKCS8PrivateKey(stolen.Private)
	if err != nil {
		site.t.Fatal(err)
	}
	return jose.SigningKey{Algorithm: jose.ES256, Key: private}, stolen.ID
}

// stolen returns an access token that a thief of the oldest key has signed.
func (site *testSite) stolen(claims map[string]any) string {
	site.t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		site.t.Fatal(err)
	}
	key, id := site.stolenKey()
	return site.signed(key, (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", id), payload)
}

// forgeries returns tokens with the claims of one that was issued, which no key of this
// site has signed, or as a token of another type.
func (site *testSite) forgeries(token string) map[string]string {
	site.t.Helper()
	parts := strings.Split(token, ".")
	decode := func(part string) []byte {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			site.t.Fatal(err)
		}
		return text
	}
	var header struct{ Kid, Typ string }
	if err := json.Unmarshal(decode(parts[0]), &header); err != nil {
		site.t.Fatal(err)
	}
	sign := func(key jose.SigningKey, options *jose.SignerOptions) string {
		return site.signed(key, options.WithType(jose.ContentType(header.Typ)).WithHeader("kid", header.Kid), decode(parts[1]))
	}
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		site.t.Fatal(err)
	}
	own, id := site.stolenKey()
	published := site.program(http.MethodGet, oidc.KeySetPath, nil, nil).Body.Bytes()
	changed := strings.Replace(string(decode(parts[1])), `"sub":"`, `"sub":"x`, 1)
	return map[string]string{
		"unsigned":             "eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"no signature":         parts[0] + "." + parts[1] + ".",
		"other claims":         parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(changed)) + "." + parts[2],
		"unknown key":          site.signed(jose.SigningKey{Algorithm: jose.ES256, Key: foreign}, (&jose.SignerOptions{}).WithType(jose.ContentType(header.Typ)).WithHeader("kid", "x"), decode(parts[1])),
		"logout token":         site.signed(own, (&jose.SignerOptions{}).WithType("logout+jwt").WithHeader("kid", id), decode(parts[1])),
		"foreign key":          sign(jose.SigningKey{Algorithm: jose.ES256, Key: foreign}, &jose.SignerOptions{}),
		"embedded key":         sign(jose.SigningKey{Algorithm: jose.ES256, Key: foreign}, &jose.SignerOptions{EmbedJWK: true}),
		"public key as secret": sign(jose.SigningKey{Algorithm: jose.HS256, Key: published}, &jose.SignerOptions{}),
		"empty":                "..",
		"too long":             token + strings.Repeat("A", 5000),
	}
}

// OI-22, OI-30, OI-38, OI-41, OI-47, OI-48, OI-49: a token that this site has not signed is nothing, wherever
// it is sent; and neither is one of another type.
func TestForgedTokens(t *testing.T) {
	site := newSite(t)
	const back = "https://wiki.example/bye"
	b, app := site.browser().signUp(ann), site.addApp(trusted, func(a *oidc.App) { a.PostLogoutURIs = []string{back} })
	tokens := app.tokens(app.code(b, "scope", "openid offline_access"))

	hints := site.forgeries(tokens.IDToken)
	hints["access token"], hints["refresh token"] = tokens.AccessToken, tokens.RefreshToken
	for name, hint := range hints {
		t.Run("hint, "+name, func(t *testing.T) {
			app.wantReturned(app.start(b, "id_token_hint", hint, "prompt", "none"), oidc.InvalidRequest)
			b.open(oidc.LogoutPath + "?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {back}}.Encode()).wantHeading("Sign out")
		})
	}
	access := site.forgeries(tokens.AccessToken)
	access["ID token"], access["refresh token"] = tokens.IDToken, tokens.RefreshToken
	for name, changed := range map[string]map[string]any{
		"expired":           {"exp": site.clock().Unix()},
		"of future":         {"iat": site.clock().Add(auth.ClockSkew + time.Minute).Unix(), "exp": site.clock().Add(time.Hour).Unix()},
		"of another issuer": {"iss": "https://other.example"},
		"for another site":  {"aud": "https://other.example"},
	} {
		_, claims := app.claims(tokens.AccessToken)
		maps.Copy(claims, changed)
		access[name] = site.stolen(claims)
	}
	for name, token := range access {
		t.Run("access token, "+name, func(t *testing.T) {
			if app.userInfo(token) != nil {
				t.Error("userinfo has claims")
			}
			if name == "refresh token" { // which can be introspected, and revokes its grant
				return
			}
			app.post(oidc.RevokePath, url.Values{"token": {token}})
			response := app.site.program(http.MethodPost, oidc.IntrospectPath, url.Values{"token": {token}, "client_id": {app.id}, "client_secret": {app.secret}}, nil)
			if body := strings.TrimSpace(response.Body.String()); body != `{"active":false}` {
				t.Errorf("introspection: %s", body)
			}
		})
	}
	if app.userInfo(tokens.AccessToken) == nil {
		t.Error("a forged token has revoked the issued one")
	}
}

// OI-31: access tokens signed with a retired key are not valid, so its theft gains nothing.
func TestForgedTokens_RetiredKey(t *testing.T) {
	site := newSite(t)
	b, app := site.browser().signUp(ann), site.addApp(trusted)
	tokens := app.tokens(app.code(b, "scope", "openid offline_access"))
	_, claims := app.claims(tokens.AccessToken)
	forge := func() string {
		claims["iat"], claims["exp"] = site.clock().Unix(), site.clock().Add(365*24*time.Hour).Unix()
		return site.stolen(claims)
	}
	forged := forge()
	if app.userInfo(forged) == nil {
		t.Fatal("the test does not forge a token")
	}
	site.wait(auth.AppTokenLifetime)
	if app.userInfo(forged) != nil {
		t.Error("an access token lives longer than any that is issued")
	}
	if rotated, err := site.apps.RotateSigningKeys(t.Context()); err != nil || !rotated {
		t.Fatal(rotated, err)
	}
	site.wait(auth.SigningKeyPublished + auth.AppTokenLifetime + auth.ClockSkew)
	if app.userInfo(forge()) != nil {
		t.Error("a retired key makes access tokens")
	}
	if app.userInfo(app.refresh(tokens.RefreshToken).AccessToken) == nil {
		t.Error("the new key makes none")
	}
}
