// Package oidc makes the site an OpenID Connect provider: apps, authorization
// requests, codes, tokens, claims and signing keys. Who is signed in, how recently and
// with which factors is decided by package auth, on which it builds.
//
// Terms, in addition to those of package auth:
//
//   - app: a registered OAuth client
//   - request: the validated parameters of /oauth/authorize, stored until the user
//     has signed in and agreed
//   - grant: what an app may do for an account. A code, and the access, ID and refresh
//     tokens that follow from it, belong to one grant and end with it
//
// C is OpenID Connect Core 1.0; a number is an RFC. An id in parentheses, such as
// (OI-01), is a row of auth/standards.md.
package oidc

import (
	"crypto/rand"
	"strings"
	"time"

	"twostep/auth"
)

// A Provider carries out what apps, users and the operator's commands ask for. It is
// safe for concurrent use.
type Provider struct {
	store  Store
	rules  *auth.Rules
	issuer string
	keys   keyCache
	known  knownTokens
}

// New returns a provider over a store and the rules of the site. The issuer is the site's
// public origin, such as https://id.example.org.
func New(store Store, rules *auth.Rules, issuer string) *Provider {
	return &Provider{store: store, rules: rules, issuer: issuer}
}

// now returns the time by the clock of the rules. It is read once per public method.
func (p *Provider) now() time.Time { return p.rules.Now() }

// Issuer returns the site's origin, which identifies the provider.
func (p *Provider) Issuer() string { return p.issuer }

// newID returns 130 random bits, fit for a URL.
func newID() string { return strings.ToLower(rand.Text()) }

// An Explanation is an error for the operator or for an app's author: it says what is
// wrong and what would be right (OI-53).
type Explanation string

func (e Explanation) Error() string { return string(e) }

// hash is the SHA-256 of a secret, base64url. It is enough for a random one, see
// [auth.Token.Hash].
func hash(secret string) string { return auth.Token(secret).Hash() }
