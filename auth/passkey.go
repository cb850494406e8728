package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"time"
)

// A PasskeyID names a passkey of an account in URLs. Unlike the credential ID, it is of
// no use to anybody else.
type PasskeyID string

// A Passkey is a public key credential of an account, as defined by W3C WebAuthn. One
// that verifies its user is both factors; a security key without a PIN, which does not,
// is a second factor.
type Passkey struct {
	ID             PasskeyID
	CredentialID   []byte
	RPID           string   // the domain it was made for
	Name           string   // as typed; empty for the name of its make
	AAGUID         string   // make of the authenticator, as it claims; it decides nothing (PK-14)
	Transports     []string // how browsers reach the authenticator
	UserVerified   bool     // whether it verified its user when it was added; otherwise it is never a first factor (PK-08)
	BackupEligible bool     // whether it may be synced; this never changes
	BackedUp       bool     // whether it was synced when it was last used
	SignCount      uint32   // of the authenticator when it was last used; 0 if it does not count
	AddedAt        time.Time
	LastUsedAt     time.Time // zero if it was never used to sign in
}

// A PasskeyKey is a passkey with its public key, and its account.
type PasskeyKey struct {
	Passkey
	PublicKey []byte // COSE; encrypted at rest, so that no row can be moved to another account
	User      User
}

// PasskeyUse is what an assertion changes in a passkey.
type PasskeyUse struct {
	ID        PasskeyID
	Seen      uint32 // SignCount when the assertion was checked; another use since makes it fail
	SignCount uint32
	BackedUp  bool
}

// NewPasskeyHandle returns the user handle of a new account: 256 random bits as text.
func NewPasskeyHandle() string { return string(NewToken()) }

// A passkeyFactor is an account's passkeys or, without an account, everybody's: then the
// passkey says whose it is.
type passkeyFactor struct {
	user      UserID
	challenge challengeFor
	accepts   []FactorKind

	key      PasskeyKey // that signed, once its credential ID was found
	verified FactorKind // the kind that a correct response proved
}

func (f *passkeyFactor) alreadySpent() Reason { return PasskeyUsed }

// syncable reports whether the response is by a passkey that may be synced.
func (c challenge) syncable() bool {
	f, ok := c.factor.(*passkeyFactor)
	return ok && f.key.BackupEligible
}

// kind is PasskeyPresent until a response has proved more.
func (f *passkeyFactor) kind() FactorKind {
	if f.verified != "" {
		return f.verified
	}
	return PasskeyPresent
}

func (f *passkeyFactor) verify(ctx context.Context, r *Rules, response string, now time.Time) (spend, error) {
	rp := r.relyingParty()
	if response == "" {
		return nil, &Problem{Reason: PasskeyMissing}
	}
	a, err := parseAssertion(response, rp)
	if err != nil {
		return nil, &Problem{Reason: PasskeyWrong}
	}
	challenge, err := r.openChallenge(f.challenge, a.challenge, now)
	if err != nil {
		return nil, err
	}
	f.key, err = r.store.FindPasskey(ctx, a.credentialID)
	if ignoreNotFound(err) != nil {
		return nil, err
	}
	if err := f.check(a, rp); err != nil {
		return nil, err
	}
	use := PasskeyUse{ID: f.key.ID, Seen: f.key.SignCount, SignCount: a.signCount, BackedUp: a.backedUp}
	return func(ctx context.Context, changes ChangeSet) (bool, error) {
		changes.Changes = append([]Change{challenge}, changes.Changes...)
		return r.store.SpendPasskey(ctx, use, changes)
	}, nil
}

// check checks an assertion against the passkey with its credential ID; the key is zero
// if there is none. Then a signature is verified all the same, to take as long (PK-18).
func (f *passkeyFactor) check(a assertion, rp relyingParty) error {
	unknown := len(f.key.CredentialID) == 0
	if unknown {
		_ = a.verify(noKey, rp)
		return &Problem{Reason: PasskeyUnknown}
	}
	sameUser := f.user == f.key.User.ID
	sameHandle := subtle.ConstantTimeCompare(a.userHandle, []byte(f.key.User.PasskeyHandle)) == 1
	if f.user == "" { // discoverable: the authenticator says whose it is (PK-11)
		sameUser = sameHandle && !f.key.User.Disabled
	}
	err := a.verify(f.key.PublicKey, rp)
	switch {
	case !sameUser || f.key.RPID != rp.id:
		return &Problem{Reason: PasskeyRefused}
	case err != nil || len(a.userHandle) > 0 && !sameHandle:
		return &Problem{Reason: PasskeyWrong}
	case a.backupEligible != f.key.BackupEligible:
		return &Problem{Reason: PasskeyChanged}
	case f.key.cloned(a.signCount):
		return &Problem{Reason: PasskeyCopied}
	}
	kind := PasskeyPresent
	if a.userVerified && f.key.UserVerified { // now and when it was added (PK-07)
		kind = PasskeyVerified
	}
	if !slices.Contains(f.accepts, kind) {
		return &Problem{Reason: PasskeyUnverified}
	}
	f.verified = kind
	return nil
}

// cloned reports whether a count shows that there are two authenticators with the same
// key: a key bound to one device counts up. Synced passkeys count in several places, if
// at all (PK-13).
func (p Passkey) cloned(count uint32) bool {
	return !p.BackupEligible && p.SignCount > 0 && count <= p.SignCount
}

// noKey is a public key of nobody: its point is the generator of P-256.
var noKey = []byte("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" +
	"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96" +
	"\x22\x58\x20" +
	"\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5")

func (r *Rules) relyingParty() relyingParty {
	return relyingParty{id: r.policy().PasskeyDomain, origin: r.policy().Origin}
}

// SignInWithPasskey signs in with a passkey that verifies its user, which is both
// factors. It stores no attempt: the sign-in is complete or refused. Requests are limited
// by IP address only, because nobody can guess a credential ID.
func (r *Rules) SignInWithPasskey(ctx context.Context, client Client, response, next string) (Result, error) {
	now := r.now()
	if err := r.allow(ctx, now, r.limits(ActionSignIn, subjects{}.from(client))...); err != nil {
		return Result{}, err
	}
	f := &passkeyFactor{challenge: signInChallenge(client), accepts: []FactorKind{PasskeyVerified}}
	c := challenge{
		factor: f, client: client, anonymous: true,
		posted: submission{from: client.FormToken, device: client.DeviceToken, form: formPasskey, response: response},
	}
	spend, err := r.checkResponse(ctx, c, response, now)
	user := f.key.User
	c.user, c.counter = user.ID, failureCounter(PasskeyPresent, string(user.ID), false)
	a := Attempt{Purpose: SignIn, User: user.ID, Email: user.Email.Typed, Next: next}
	if isProblemOf(err, PasskeyCopied) {
		return Result{}, r.fail(ctx, a, c, err, now)
	}
	if err != nil {
		return Result{}, err
	}
	if c.known, err = r.isKnownDevice(ctx, user.ID, client); err != nil {
		return Result{}, err
	}
	if a.Factors, err = r.factors(ctx, user.ID, now); err != nil {
		return Result{}, err
	}
	return r.spendResponse(ctx, a, c, spend, now)
}

// VerifyPasskey is [Rules.Verify] for a response by a passkey.
func (r *Rules) VerifyPasskey(ctx context.Context, client Client, token Token, response string) (Result, error) {
	now := r.now()
	posted := submission{from: token, device: client.DeviceToken, form: formVerify, response: response}
	a, err := r.attempt(ctx, token, now)
	if errors.Is(err, ErrNotFound) {
		return r.repeatedForm(ctx, client, posted, now)
	}
	if err != nil {
		return Result{}, err
	}
	_, kinds := a.owes()
	if !slices.Contains(kinds, PasskeyVerified) {
		return Result{}, &Problem{Reason: FormExpired}
	}
	if a.Purpose == Reauthentication {
		if err := r.allowExpulsion(ctx, now, a.Session); err != nil {
			return Result{}, err
		}
	}
	known, err := r.isKnownDevice(ctx, a.User, client)
	if err != nil {
		return Result{}, err
	}
	c := challenge{
		factor: &passkeyFactor{user: a.User, challenge: attemptPasskey(a), accepts: kinds},
		user:   a.User, client: client, known: known, posted: posted,
		counter: failureCounter(PasskeyPresent, string(a.User), known),
	}
	return r.verifyAttempt(ctx, a, c, response, now)
}
