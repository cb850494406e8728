// Package auth has the rules: who may sign in, with which factors and how often,
// what an attempt still owes and what a code is worth. It knows no page, no SQL
// and no network.
//
// Terms:
//
//   - attempt: one sign-in, sign-up, password reset or re-authentication, stored as
//     facts; [Attempt.Step] derives what it owes next
//   - factor: a way to authenticate; challenge: asking for one; response: what the
//     user enters
//   - method: one second factor of an account that sign-in offers
//   - spend: consume what may be used once, with one conditional write
//   - change set: what a correct response leads to, applied in the same transaction
//   - enrolment: adding an app, phone or email address, until it is verified
//   - holder: the attempt or enrolment that a code by SMS or email is bound to
//   - token: a random secret in a cookie or email, stored as its hash
//   - known device: a browser that has signed in to the account before
//   - limit: how often an action is allowed, counted by factor, account, recipient or IP
//   - event, notice: a recorded fact, and the email that notifies the owner of it
//   - problem: an error that the user can act on; every other error is a fault
//
// An id in parentheses, such as (RL-06), is a row of auth/standards.md.
package auth

import (
	"errors"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// A UserID names an account. It never changes, unlike the email address.
type UserID string

// The errors of a store that are no faults.
var (
	ErrNotFound   = errors.New("not found")
	ErrEmailTaken = errors.New("address is taken") // another account has the email address
	ErrNotQueued  = errors.New("a required message exceeds its limits")

	ErrPasskeyExists = errors.New("passkey exists") // an account has the credential ID
)

func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// A Client is the client of a request: its IP address, as far as the operator's
// proxies are trusted, and its own name for itself, which is not verified and
// decides nothing.
type Client struct {
	IP          netip.Addr
	UserAgent   string
	DeviceToken Token // of a known device; empty for none
	Remember    bool  // whether the user asks that this device be remembered
	FormToken   Token // the session or attempt token that the posted form is bound to; empty for none
}

// ip formats the IP address; empty if it is not known.
func (c Client) ip() string {
	if !c.IP.IsValid() {
		return ""
	}
	return c.IP.String()
}

// A Policy is the operator's configuration.
type Policy struct {
	Name              string             // the product's name on pages and in authenticator apps
	Host              string             // the site's host, without scheme or port: SMS codes are bound to it
	Origin            string             // of the site, as browsers write it
	PasskeyDomain     string             // RP ID: the domain that passkeys belong to
	Factors           []FactorKind       // enabled second factors
	SignUpOpen        bool               // whether users may sign up
	SignUpDomains     []string           // of the email addresses that users sign up with and change to, as in [Email.Domain]; empty for all
	PasswordMin       int                // code points, see [PasswordMinSingleFactor]
	CodeLifetime      time.Duration      // of codes by SMS and email; at most [CodeLifetimeMax]
	SessionLifetime   time.Duration      // overall limit of a session (SE-06)
	SessionIdle       time.Duration      // inactivity that ends a session (SE-05)
	Region            string             // ISO 3166 region of phone numbers entered without a country
	RequireMFA        bool               // every user must have a second factor, see [TaskSetupMFA]
	SMSBudget         int                // SMS a day, of all accounts together
	SMSCountries      []string           // ISO 3166 regions that SMS may be sent to; empty for all
	Reauth            ReauthPolicy       // when to re-authenticate
	ActivityRetention time.Duration      // how long history is kept
	Fixed             map[Setting]string // settings that cannot be changed, with the flags that set them
	RecoveryDelay     time.Duration      // of a [Recovery]: [RecoveryDelayMin] to [RecoveryDelayMax], or zero if there are none
	AdminApproval     bool               // whether what takes factors away needs two administrators, see [Rules.NeedsApproval]
	RememberDevice    time.Duration      // for which a device can be remembered; at most [RememberDeviceMax], zero for never

	// Breached reports whether a password is known from a breach; nil if the
	// operator has no such list. It returns false if the list cannot be read: then
	// the embedded list of common passwords decides (PW-07).
	Breached func(password string) bool
}

// Allows reports whether the operator has enabled a factor.
func (p Policy) Allows(kind FactorKind) bool { return slices.Contains(p.Factors, kind) }

// Rules carries out what pages and commands ask for. It is safe for concurrent
// use and keeps nothing between calls but the settings in force: all facts are in the
// store.
type Rules struct {
	store      Store
	keys       Keyring
	hasher     *Hasher
	configured Policy                 // by flags
	current    atomic.Pointer[Policy] // with the settings that operators have changed
	now        func() time.Time
	queued     map[Channel]chan struct{}
}

// New returns rules over a store. Each public method reads the clock once and
// passes the time down, so that one decision is made at one time.
func New(store Store, keys Keyring, hasher *Hasher, policy Policy, clock func() time.Time) *Rules {
	r := &Rules{
		store: store, keys: keys, hasher: hasher, configured: policy,
		now:    func() time.Time { return clock().UTC().Truncate(time.Millisecond) },
		queued: map[Channel]chan struct{}{},
	}
	r.current.Store(&policy)
	for _, channel := range Channels {
		r.queued[channel] = make(chan struct{}, 1)
	}
	return r
}

// Policy returns the operator's configuration, with the settings in force.
func (r *Rules) Policy() Policy { return *r.policy() }

func (r *Rules) policy() *Policy { return r.current.Load() }

// Now returns the time by the rules' clock, for pages.
func (r *Rules) Now() time.Time { return r.now() }
