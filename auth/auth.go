// Package auth is the rules: who may come in, with what, how often; what a
// step owes and what a code is worth. It knows no page, no SQL and no network.
//
// A person's way through a door is an [Attempt]: facts, from which a table
// derives the step. [Rules.Verify] is the one place where an answer meets a
// factor, and every way in ends in one gate. What may be used once is spent by
// one conditional write of the [Store], together with all it earns.
package auth

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"
)

// UserID names an account for ever; an address can change.
type UserID string

// What a store answers beside faults.
var (
	ErrNotFound   = errors.New("not found")        // by every Find, where nothing stands
	ErrEmailTaken = errors.New("address is taken") // where an account would have the address of another
)

// A Visitor is where a request comes from: the client's address as far as the
// operator's proxies can be trusted, and the browser's own name for itself,
// which is a claim and decides nothing.
type Client struct {
	IP          netip.Addr
	UserAgent   string
	DeviceToken Token // of a browser that has signed in here before; empty for none
}

// ip writes the client's address; empty where it is not known.
func (v Client) ip() string {
	if !v.IP.IsValid() {
		return ""
	}
	return v.IP.String()
}

// A Policy is what the operator has decided.
type Policy struct {
	Name              string        // the product's name on pages and in authenticator apps
	Host              string        // the site's host, without scheme or port: SMS codes are bound to it
	Factors           []FactorKind  // second factors switched on
	SignUpOpen        bool          // whether strangers may make an account
	PasswordMin       int           // code points, see [PasswordMinSingleFactor]
	CodeLifetime      time.Duration // of codes by SMS and mail; at most [CodeLifetimeMax]
	SessionLifetime   time.Duration // overall limit of a session (SE-06)
	SessionIdle       time.Duration // silence that ends a session (SE-05)
	Region            string        // ISO 3166 region of phone numbers typed without a country
	RequireMFA        bool          // everyone must have a second factor: the task setup-mfa
	SMSBudget         int           // SMS in a day, by everybody together
	SMSCountries      []string      // ISO 3166 regions that SMS may go to; empty for all
	Reauth            ReauthPolicy  // what must be proved anew, and how fresh it must be
	ActivityRetention time.Duration // how long an account's history is kept

	// Breached reports whether a password is known from a breach; nil where the
	// operator has no such list. Where the list cannot be read the answer is no,
	// and the embedded list of common passwords alone decides (PW-07).
	Breached func(password string) bool
}

// Allows reports whether the operator has switched a factor on.
func (p Policy) Allows(kind FactorKind) bool { return slices.Contains(p.Factors, kind) }

// Rules answers every question the pages ask. It is safe for concurrent use
// and keeps nothing between calls: all facts stand in the store.
type Rules struct {
	store  Store
	keys   Keyring
	hasher *Hasher
	policy Policy
	now    func() time.Time
	queued map[Channel]chan struct{}
}

// New returns rules over a store. The clock is read once in each public method
// and passed down, so that one decision knows one time.
func New(store Store, keys Keyring, hasher *Hasher, policy Policy, clock func() time.Time) *Rules {
	r := &Rules{
		store: store, keys: keys, hasher: hasher, policy: policy,
		now:    func() time.Time { return clock().UTC().Truncate(time.Millisecond) },
		queued: map[Channel]chan struct{}{},
	}
	for _, channel := range Channels {
		r.queued[channel] = make(chan struct{}, 1)
	}
	return r
}

// Policy returns what the operator has decided.
func (r *Rules) Policy() Policy { return r.policy }

// Now is the time the rules go by, for pages to speak of.
func (r *Rules) Now() time.Time { return r.now() }

// Ready answers nil while the store can be used, and else, within seconds, an
// [NotReady].
func (r *Rules) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ReadyTimeout)
	defer cancel()
	return r.store.Ping(ctx)
}
