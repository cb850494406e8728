package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"twostep/auth"
)

// An AppKind says where an app runs, which decides whether it can keep a secret
// (6749 section 2.1).
type AppKind string

// The kinds.
const (
	Web    AppKind = "web"    // on a server: it has a secret
	SPA    AppKind = "spa"    // in the browser
	Native AppKind = "native" // on the user's device
)

// An App is a registered app.
type App struct {
	ID       string // the client ID
	Name     string // shown to users
	Kind     AppKind
	Alg      Algorithm // of its tokens
	Trusted  bool      // users are not asked for consent, see [App.AsksConsent]
	Disabled bool

	RequireMFA      bool // tokens only for sessions with two factors
	RequirePAR      bool // requests only through /oauth/par (OI-51)
	WithoutPKCE     bool // of a web app: then a nonce is required (OI-07)
	ClaimsInIDToken bool // for clients that do not use userinfo

	RedirectURIs   []string
	PostLogoutURIs []string
	BackchannelURI string   // empty for none
	Groups         []string // accounts in one of these may use it; empty for all accounts

	RefreshIdle     time.Duration // an unused refresh token expires after this long
	RefreshLifetime time.Duration // after this long the user must sign in again

	CreatedAt    time.Time
	SecretHashes []string // of its valid secrets
}

// Public reports whether the app cannot keep a secret.
func (a App) Public() bool { return a.Kind != Web }

// check returns an [Explanation] of what is wrong with an app.
func (a App) check() error {
	if n := utf8.RuneCountInString(a.Name); n == 0 || n > auth.AppNameMax || !isPlain(a.Name) {
		return Explanation(fmt.Sprintf("the name must have 1 to %d printable characters", auth.AppNameMax))
	}
	if !slices.Contains([]AppKind{Web, SPA, Native}, a.Kind) {
		return Explanation("the kind must be web, spa or native")
	}
	if !slices.Contains(Algorithms, a.Alg) {
		return Explanation("the algorithm must be RS256 or ES256")
	}
	if a.Public() && a.WithoutPKCE {
		return Explanation("only a web app can do without PKCE: the other kinds have no secret either")
	}
	if a.Public() && a.Trusted {
		return Explanation("only a web app can be trusted: other programs can use the client ID of the other kinds, so users are always asked")
	}
	if len(a.RedirectURIs) == 0 {
		return Explanation("at least one redirect URI is needed")
	}
	if len(a.RedirectURIs)+len(a.PostLogoutURIs) > auth.AppURIsMax {
		return Explanation(fmt.Sprintf("at most %d URIs are possible", auth.AppURIsMax))
	}
	for _, uri := range slices.Concat(a.RedirectURIs, a.PostLogoutURIs) {
		if err := CheckURI(a.Kind, uri); err != nil {
			return err
		}
	}
	if a.BackchannelURI != "" { // messages are sent by this site, not by the user's device
		if err := CheckURI(Web, a.BackchannelURI); err != nil {
			return err
		}
	}
	for _, group := range a.Groups {
		if !auth.ValidGroup(group) {
			return Explanation(fmt.Sprintf("%q is not the name of a group: use a to z, 0 to 9 and -", group))
		}
	}
	if a.RefreshIdle <= 0 || a.RefreshIdle > a.RefreshLifetime {
		return Explanation("refresh tokens must be valid for some time, and idle for at most that long")
	}
	return nil
}

// isPlain reports whether text has only printable characters and spaces, none of which
// changes the direction of the text around it.
func isPlain(text string) bool {
	for _, c := range text {
		if !unicode.IsPrint(c) {
			return false
		}
	}
	return utf8.ValidString(text)
}

// AddApp registers an app. It returns the client ID and, for a web app, the secret,
// which is stored as a hash only (OI-16). The error may be an [Explanation].
func (p *Provider) AddApp(ctx context.Context, app App) (id, secret string, err error) {
	app.ID, app.CreatedAt = newID(), p.now()
	if err := app.check(); err != nil {
		return "", "", err
	}
	if !app.Public() {
		secret = newSecret()
		app.SecretHashes = []string{hash(secret)}
	}
	return app.ID, secret, p.store.AddApp(ctx, app)
}

// App returns an app, disabled or not.
func (p *Provider) App(ctx context.Context, id string) (App, error) { return p.store.FindApp(ctx, id) }

// Apps returns all apps, ordered by name.
func (p *Provider) Apps(ctx context.Context) ([]App, error) { return p.store.FindApps(ctx) }

// ReplaceApp changes an app. The error may be an [Explanation].
func (p *Provider) ReplaceApp(ctx context.Context, app App) error {
	if err := app.check(); err != nil {
		return err
	}
	replaced, err := p.store.ReplaceApp(ctx, app)
	return orNotFound(replaced, err)
}

// DisableApp disables or enables an app. changed is false if it was so already.
func (p *Provider) DisableApp(ctx context.Context, id string, disabled bool) (changed bool, err error) {
	return p.store.ReplaceAppDisabled(ctx, id, disabled, p.now())
}

// RemoveApp deletes an app with its consents, grants and tokens.
func (p *Provider) RemoveApp(ctx context.Context, id string) error {
	removed, err := p.store.RemoveApp(ctx, id)
	return orNotFound(removed, err)
}

// NewSecret gives a web app another secret. Its previous one stays valid, so that the
// app can change over. With endPrevious it ends: if two are valid, the older one, and no
// secret is made.
func (p *Provider) NewSecret(ctx context.Context, app App, endPrevious bool) (secret string, err error) {
	if app.Public() {
		return "", Explanation("only a web app has a secret")
	}
	if endPrevious && len(app.SecretHashes) > 1 {
		return "", p.store.EndAppSecrets(ctx, app.ID, p.now())
	}
	keep := auth.AppSecretsMax
	if endPrevious {
		keep = 1
	}
	secret = newSecret()
	added, err := p.store.AddAppSecret(ctx, app.ID, hash(secret), keep, p.now())
	return secret, orNotFound(added, err)
}

// hasSecret reports whether a secret is one of the app's, in constant time.
func (a App) hasSecret(secret string) bool {
	given, found := []byte(hash(secret)), 0
	for _, h := range a.SecretHashes {
		found |= subtle.ConstantTimeCompare(given, []byte(h))
	}
	return found == 1
}

// newSecret returns 256 random bits, in letters and digits only: the secret then is the
// same with and without the encoding of 6749 section 2.3.1, which some clients forget.
func newSecret() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	const fair = 256 - 256%len(alphabet) // a byte from here on would make some characters likelier
	secret := make([]byte, 0, auth.AppSecretLength)
	for len(secret) < auth.AppSecretLength {
		var random [64]byte
		rand.Read(random[:])
		for _, b := range random {
			if int(b) < fair && len(secret) < auth.AppSecretLength {
				secret = append(secret, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(secret)
}

func orNotFound(done bool, err error) error {
	if err == nil && !done {
		err = auth.ErrNotFound
	}
	return err
}
