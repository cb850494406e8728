package auth

import (
	"context"
	"slices"
	"time"
)

// A FactorKind is a kind of proof; the verifiers table has one row for each.
type FactorKind string

// The kinds. Mail proves an address and never stands in for a second factor (FF-08).
const (
	Password   FactorKind = "password"
	TOTPCode   FactorKind = "totp"
	PhoneCode  FactorKind = "sms"
	BackupCode FactorKind = "backup_code"
	EmailCode  FactorKind = "email_code"
)

// Factors is what an account has beside its password, read live wherever a
// step is derived: what was removed a moment ago no longer counts.
type Factors struct {
	TOTP        *TOTP   // nil where no authenticator app is enrolled
	Phones      []Phone // verified numbers: the default first, then reserved ones, then the others, the oldest first
	BackupCodes int     // how many are left
	CodesUnseen bool    // a new set waits for the person to say it was saved

	allowed []FactorKind // what the operator has switched on; see [Factors.Methods]
}

// TOTP is an enrolled authenticator app. The key stays in the store; who
// checks a code asks for it by [totpStore].
type TOTP struct {
	AddedAt    time.Time
	LastUsedAt time.Time // zero where it has not signed anybody in yet
}

// A Phone is a number that was proved by a code.
type Phone struct {
	ID         PhoneID
	Number     string // E.164
	VerifiedAt time.Time
	ReservedAt time.Time // when it became a second factor; zero where it is none
	Default    bool      // the first one asked at sign-in, of those reserved
}

// Reserved reports whether the number is a second factor.
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

// HasMFA reports whether two-step verification is on: an app, or a phone reserved
// for it. Backup codes alone do not count: they come with a factor and go with
// it. A factor that the operator has switched off still counts here, see
// [Factors.Methods].
func (f Factors) HasMFA() bool {
	return f.TOTP != nil || slices.ContainsFunc(f.Phones, Phone.Reserved)
}

// Count is how many second factors the account has, backup codes apart.
func (f Factors) Count() int {
	n := 0
	if f.TOTP != nil {
		n++
	}
	for _, p := range f.Phones {
		if p.Reserved() {
			n++
		}
	}
	return n
}

// Allows reports whether the operator has switched a factor on.
func (f Factors) Allows(kind FactorKind) bool { return slices.Contains(f.allowed, kind) }

// A Method is one way to prove the second factor: a kind and, for a code by
// SMS, the phone it goes to.
type Method struct {
	Kind  FactorKind
	Phone Phone
}

// Methods lists the ways to prove the second factor, the first asked first:
// the app, the default phone, the other phones. Backup codes are no method of
// their own: they are taken wherever a second factor is asked.
//
// What the operator has switched off is not asked. An account whose every
// factor is switched off still owes one (owesSecond asks On, not Methods): a
// switch in the operator's hand must not turn two factors into one for people
// who relied on two (ASVS 6.3.3, RV-06), and NIST 800-63B-4 section 4.5 ends the
// use of an authenticator by invalidating it, not by waving its holder through.
// Such a person comes in by a backup code, or is helped by the operator, who
// resets the factors by a command that is logged and told to the owner (RC-10).
func (f Factors) Methods() []Method {
	var methods []Method
	if f.TOTP != nil && f.Allows(TOTPCode) {
		methods = append(methods, Method{Kind: TOTPCode})
	}
	for _, p := range f.Phones {
		if p.Reserved() && f.Allows(PhoneCode) {
			methods = append(methods, Method{Kind: PhoneCode, Phone: p})
		}
	}
	return methods
}

// Factors returns what an account has, live.
func (r *Rules) Factors(ctx context.Context, user UserID) (Factors, error) {
	return r.factors(ctx, user, r.now())
}

// factors reads what an account has, with what the operator allows.
func (r *Rules) factors(ctx context.Context, user UserID, now time.Time) (Factors, error) {
	f := Factors{}
	if user != "" {
		var err error
		if f, err = r.store.FindFactors(ctx, user, now); err != nil {
			return f, err
		}
	}
	return r.allowing(f), nil
}

// allowing adds what the operator allows.
func (r *Rules) allowing(f Factors) Factors {
	f.allowed = r.policy.Factors
	f.CodesUnseen = f.CodesUnseen && f.Allows(BackupCode)
	return f
}

type factorStore interface {
	// FindFactors reads an account's factors; an account without any, and one
	// that does not exist, have empty ones.
	FindFactors(ctx context.Context, user UserID, now time.Time) (Factors, error)
}

// factorAdded is what comes with a factor: the owner is told and, with the
// first one, there come backup codes, other sessions end, and this one counts
// as having proved the factor.
func (r *Rules) factorAdded(ctx context.Context, visitor Visitor, session Session, e Event, now time.Time) (ChangeSet, error) {
	grant := ChangeSet{At: now}
	e.User = session.User
	if err := r.record(ctx, &grant, visitor, e); err != nil {
		return grant, err
	}
	factors, err := r.factors(ctx, session.User, now)
	if err != nil || factors.HasMFA() {
		return grant, err
	}
	grant.EndSessions = &EndSessions{User: session.User, Except: session.ID}
	grant.RenewSession = &RenewSession{Session: session.ID, MFAAt: now}
	if r.policy.Allows(BackupCode) {
		grant.BackupCodes, err = r.newBackupCodes(ctx, session.User, now)
	}
	return grant, err
}

// factorRemoved is what goes with a factor: the owner is told, and other
// sessions end, for they may have come in by what is gone. Where a second
// factor is required the last one stays.
func (r *Rules) factorRemoved(ctx context.Context, visitor Visitor, session Session, e Event, factors Factors, now time.Time) (ChangeSet, error) {
	grant := ChangeSet{At: now, KeepFactor: r.keepsFactor(), EndSessions: &EndSessions{User: session.User, Except: session.ID}}
	if grant.KeepFactor && factors.Count() == 1 {
		return grant, &Problem{Reason: LastFactor}
	}
	e.User = session.User
	return grant, r.record(ctx, &grant, visitor, e)
}

// changed ends a change that the store was asked for: where it changed
// nothing, the form belonged to a step that is over.
func (r *Rules) changed(ctx context.Context, changed bool, err error, grant ChangeSet) error {
	if err == nil && !changed {
		err = &Problem{Reason: FormExpired}
	}
	if err == nil {
		r.applied(ctx, grant)
	}
	return err
}
