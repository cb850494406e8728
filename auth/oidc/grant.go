package oidc

import (
	"slices"
	"time"

	"twostep/auth"
)

// A Grant is what an account has granted to an app with one code. Its tokens end with
// it. It is active while it has not been ended, its app and account are enabled, and its
// session has neither ended nor expired; an offline grant outlives a session that has
// expired or was signed out of (OI-21, OI-26).
type Grant struct {
	ID        string
	App       string
	User      auth.UserID
	Session   auth.SessionID // empty once an offline grant outlives it
	Scopes    []Scope
	Nonce     string
	AuthTime  time.Time // of the sign-in, as far as the level counts it
	ACR       string
	AMR       []string
	Offline   bool
	CreatedAt time.Time
	ExpiresAt time.Time // of its last refresh token

	// Of the account, now.
	Email     string
	Name      string    // empty for none
	UpdatedAt time.Time // of both
}

// Has reports whether the grant has a scope.
func (g Grant) Has(scope Scope) bool { return slices.Contains(g.Scopes, scope) }

// A Code is a stored authorization code.
type Code struct {
	Hash        string
	RedirectURI string
	Challenge   string
	ExpiresAt   time.Time
}

// An Issue is a code with all that is stored together with it.
type Issue struct {
	Request string // hash of the request; empty if it was not stored
	Grant   Grant
	Code    Code
	Agreed  []Scope // by the user, on the page of the request
	Changes auth.ChangeSet
}

// A CodeUse is an exchange of a code. Every field must be that of the code, so that the
// code cannot be used without its app, redirect URI or verifier (OI-08).
type CodeUse struct{ Hash, App, RedirectURI, Challenge string }

// A RefreshToken is a stored refresh token.
type RefreshToken struct {
	Hash      string
	ExpiresAt time.Time // the last use plus the idle time, at most the end of the grant
}

// A FoundRefreshToken says what a stored refresh token belongs to.
type FoundRefreshToken struct {
	Grant     string
	User      auth.UserID
	ExpiresAt time.Time
	Spent     bool // or replaced
}

// A Use is the result of using a code or refresh token.
type Use int

// The results.
const (
	NotUsed Use = iota // unknown, expired, of another app, or its grant is not active
	Used
	Reused // it was used before: the grant has been ended (OI-10, OI-24)
)
