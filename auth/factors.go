package auth

import (
	"context"
	"slices"
	"time"
)

// A FactorKind is a kind of factor.
type FactorKind string

// The kinds. A code by email verifies an address and never replaces a second
// factor (FF-08).
const (
	Password   FactorKind = "password"
	TOTPCode   FactorKind = "totp"
	PhoneCode  FactorKind = "sms"
	BackupCode FactorKind = "backup_code"
	EmailCode  FactorKind = "email_code"

	PasskeyPresent  FactorKind = "passkey"          // a passkey whose user was present: a second factor
	PasskeyVerified FactorKind = "passkey_verified" // a passkey that has verified its user: both factors
)

// secondFactors are the kinds that complete two-step verification.
var secondFactors = []FactorKind{TOTPCode, PhoneCode, BackupCode, PasskeyPresent, PasskeyVerified}

// firstFactors are the kinds that complete the first step of a sign-in.
var firstFactors = []FactorKind{Password, PasskeyVerified}

// Factors are the second factors of an account, read live whenever a step is
// derived: a factor that was just removed no longer counts.
type Factors struct {
	TOTP        *TOTP     // nil without an authenticator app
	Phones      []Phone   // verified phones: the default, then reserved ones, then the others, oldest first
	Passkeys    []Passkey // oldest first
	Recovered   bool      // a [Recovery] has removed all second factors, and none was added since
	BackupCodes int       // the number left
	CodesUnseen bool      // the user has not confirmed yet that a new set was saved

	allowed []FactorKind // enabled by the operator, see [Factors.Methods]
	rpID    string       // of the site at present
}

// TOTP is an enrolled authenticator app. Its key is read only to check a code, see
// [TOTPKey].
type TOTP struct {
	AddedAt    time.Time
	LastUsedAt time.Time // zero if it was never used to sign in
}

// A Phone is a phone whose number was verified by a code.
type Phone struct {
	ID         PhoneID
	Number     string // E.164
	VerifiedAt time.Time
	ReservedAt time.Time // when it became a second factor; zero if it is none
	Default    bool      // the first of the reserved phones that sign-in offers
}

// Reserved reports whether the phone is a second factor.
func (p Phone) Reserved() bool { return !p.ReservedAt.IsZero() }

// Phone returns the account's phone with that id.
func (f Factors) Phone(id PhoneID) (Phone, bool) {
	for _, p := range f.Phones {
		if p.ID == id {
			return p, true
		}
	}
	return Phone{}, false
}

// HasMFA reports whether two-step verification is on: the account has an app, a
// reserved phone or a passkey. Backup codes do not count: they come and go with a factor. A
// factor that the operator has disabled counts, see [Factors.Methods].
func (f Factors) HasMFA() bool { return f.Count() > 0 }

// Count is the number of second factors, without backup codes.
func (f Factors) Count() int { return len(f.enrolled()) + len(f.Passkeys) }

// enrolled lists the app and phones in the order of [Factors.Methods], disabled ones too.
func (f Factors) enrolled() []Method {
	var all []Method
	if f.TOTP != nil {
		all = append(all, Method{Factor: TOTPCode})
	}
	for _, p := range f.Phones {
		if p.Reserved() {
			all = append(all, Method{Factor: PhoneCode, Phone: p})
		}
	}
	return all
}

// Allows reports whether the operator has enabled a factor.
func (f Factors) Allows(kind FactorKind) bool { return slices.Contains(f.allowed, kind) }

// A Method is one second factor of an account: a kind and, for a code by SMS, the
// phone.
type Method struct {
	Factor FactorKind
	Phone  Phone
}

// Methods lists the account's second factors in the order in which sign-in offers
// them: the app, the default phone, the other phones, and all passkeys as one. Backup
// codes are no method: they are accepted wherever a second factor is.
//
// A factor that the operator has disabled is not offered. An account whose
// factors are all disabled still owes one (owesMFA uses HasMFA, not Methods): the
// operator's setting must not turn two factors into one for users who rely on two
// (ASVS 6.3.3, RV-06), and NIST 800-63B-4 section 4.5 retires an authenticator by
// invalidating it, not by skipping it. Such a user signs in with a backup code, or
// the operator resets the factors with a command that is recorded and notified to
// the owner (RC-10).
func (f Factors) Methods() []Method {
	all := f.enrolled()
	if len(f.usablePasskeys()) > 0 {
		all = append(all, Method{Factor: PasskeyPresent})
	}
	return slices.DeleteFunc(all, func(m Method) bool { return !f.Allows(m.Factor) })
}

// usablePasskeys are the passkeys for the site's present domain: browsers do not offer
// others. Those still count as second factors (PK-28).
func (f Factors) usablePasskeys() []Passkey {
	return slices.DeleteFunc(slices.Clone(f.Passkeys), func(p Passkey) bool { return p.RPID != f.rpID })
}

// Passkey returns the account's passkey with that id.
func (f Factors) Passkey(id PasskeyID) (Passkey, bool) {
	for _, p := range f.Passkeys {
		if p.ID == id {
			return p, true
		}
	}
	return Passkey{}, false
}

// Factors returns an account's second factors, or without an account only what the
// operator has enabled.
func (r *Rules) Factors(ctx context.Context, user UserID) (Factors, error) {
	if user == "" {
		return r.withPolicy(Factors{}), nil
	}
	return r.factors(ctx, user, r.now())
}

func (r *Rules) factors(ctx context.Context, user UserID, now time.Time) (Factors, error) {
	f, err := r.store.FindFactors(ctx, user, now) // also without an account, to take as long
	if err != nil {
		return f, err
	}
	return r.withPolicy(f), nil
}

// withPolicy adds which factors the operator has enabled.
func (r *Rules) withPolicy(f Factors) Factors {
	f.allowed, f.rpID = r.policy().Factors, r.policy().PasskeyDomain
	f.CodesUnseen = f.CodesUnseen && f.Allows(BackupCode)
	return f
}

// factorAdded returns the changes that come with a new factor: a record and, with
// the first factor, backup codes, the end of other sessions, and the verification
// of the factor in this session; verified has no kind if this session has not verified
// it, so that a session never claims a factor it has not seen (OI-36). It fails if the
// factor turns out to be the first one although the account had others: they were removed
// meanwhile, with their codes. An app that replaces another ends other sessions, as
// removing that one would.
func (r *Rules) factorAdded(ctx context.Context, client Client, session Session, e Event, verified VerifiedFactor, now time.Time) (ChangeSet, error) {
	changes := ChangeSet{User: session.User, At: now}
	factors, err := r.factors(ctx, session.User, now)
	if err != nil {
		return changes, err
	}
	if !factors.HasMFA() {
		changes.add(EndSessions{Except: session.ID}, RenewSession{Session: session.ID, Second: verified}, ClearRecovered{})
		if r.policy().Allows(BackupCode) {
			set, err := r.newBackupCodes(ctx, session.User, now)
			if err != nil {
				return changes, err
			}
			changes.add(EnsureBackupCodes{set})
		}
	} else {
		others := RequireMFA{Factors: 1}
		if e.Type == PhoneReserved { // the store has reserved it by then
			others.Factors = 2
		}
		changes.add(others)
		if e.Type == TOTPAdded && factors.TOTP != nil {
			changes.add(EndSessions{Except: session.ID})
		}
	}
	return changes, r.record(ctx, &changes, client, e)
}

// factorRemoved returns the changes that come with the removal of a factor: a
// record and the end of other sessions, which may have been signed in with it. If
// a second factor is required the last one cannot be removed, only replaced
// (RV-06).
func (r *Rules) factorRemoved(ctx context.Context, client Client, session Session, e Event, factors Factors, now time.Time) (ChangeSet, error) {
	changes := ChangeSet{User: session.User, At: now}
	if r.requiresMFA(session.MFA, now) {
		if factors.Count() == 1 {
			return changes, &Problem{Reason: LastFactor}
		}
		changes.add(RequireMFA{})
	}
	changes.add(EndSessions{Except: session.ID})
	return changes, r.record(ctx, &changes, client, e)
}

// MustKeepLast reports whether the account has one second factor and must have one
// (RV-06).
func (r *Rules) MustKeepLast(d MFADeadline, factors Factors) bool {
	return factors.Count() == 1 && r.requiresMFA(d, r.now())
}
