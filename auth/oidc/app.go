package oidc

import (
	"context"
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

// Kinds lists them.
var Kinds = []AppKind{Web, SPA, Native}

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
	Version      int      // from 1; grows with each change of the app or its secrets
	SecretHashes []string // of its valid secrets
}

// Public reports whether the app cannot keep a secret.
func (a App) Public() bool { return a.Kind != Web }

// check returns an [auth.Problem] if an app is not valid. Its field has the name of the flag.
func (a App) check() error {
	if n := utf8.RuneCountInString(a.Name); n == 0 || n > auth.AppNameMax || !isPlain(a.Name) {
		return invalid("name", "the name must have 1 to %d printable characters", auth.AppNameMax)
	}
	if !slices.Contains(Kinds, a.Kind) {
		return invalid("kind", "the kind must be web, spa or native")
	}
	if !slices.Contains(Algorithms, a.Alg) {
		return invalid("alg", "the algorithm must be RS256 or ES256")
	}
	if a.Public() && a.WithoutPKCE {
		return invalid("without-pkce", "only a web app can do without PKCE: the other kinds have no secret either")
	}
	if a.Public() && a.Trusted {
		return invalid("trusted", "only a web app can be trusted: other programs can use the client ID of the other kinds, so users are always asked")
	}
	if len(a.RedirectURIs) == 0 {
		return invalid("redirect", "at least one redirect URI is needed")
	}
	if len(a.RedirectURIs)+len(a.PostLogoutURIs) > auth.AppURIsMax {
		return invalid("redirect", "at most %d URIs are possible", auth.AppURIsMax)
	}
	if err := a.checkURIs(); err != nil {
		return err
	}
	if len(a.Groups) > auth.AppGroupsMax {
		return invalid("group", "at most %d groups are possible", auth.AppGroupsMax)
	}
	for _, group := range a.Groups {
		if !auth.ValidGroup(group) {
			return invalid("group", "%q is not the name of a group: use a to z, 0 to 9 and -, at most %d characters", group, auth.GroupNameMax)
		}
	}
	if a.RefreshIdle <= 0 || a.RefreshIdle > a.RefreshLifetime {
		return invalid("refresh-idle", "unused (idle) refresh tokens must be valid for more than zero and not longer than used ones")
	}
	return nil
}

func (a App) checkURIs() error {
	for _, field := range []struct {
		name string
		kind AppKind
		uris []string
	}{
		{"redirect", a.Kind, a.RedirectURIs},
		{"post-logout", a.Kind, a.PostLogoutURIs},
		{"backchannel-logout", Web, nonEmpty(a.BackchannelURI)}, // messages are sent by this site, not by the user's device
	} {
		for _, uri := range field.uris {
			if err := CheckURI(field.kind, uri); err != nil {
				return invalid(field.name, "%v", err)
			}
		}
	}
	return nil
}

func nonEmpty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func invalid(field, format string, args ...any) error {
	return &auth.Problem{Reason: auth.EntryInvalid, Field: field, Detail: fmt.Sprintf(format, args...)}
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

// App returns an app, disabled or not.
func (p *Provider) App(ctx context.Context, id string) (App, error) { return p.store.FindApp(ctx, id) }

// Apps returns all apps, ordered by name.
func (p *Provider) Apps(ctx context.Context) ([]App, error) { return p.store.FindApps(ctx) }
