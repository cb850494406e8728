package auth

import (
	"context"
	"time"
)

// A Kind is a kind of proof; the verifiers table has one row for each.
type Kind string

// The kinds. Mail proves an address and never stands in for a second factor (FF-08).
const (
	Password   Kind = "password"
	TOTPCode   Kind = "totp"
	PhoneCode  Kind = "sms"
	BackupCode Kind = "backup_code"
	EmailCode  Kind = "email_code"
)

// Factors is what an account has beside its password, read live wherever a
// step is derived: what was removed a moment ago no longer counts.
type Factors struct {
	TOTP        *TOTP   // nil where no authenticator app is enrolled
	Phones      []Phone // verified numbers: the default first, then reserved ones, then the others, the oldest first
	BackupCodes int     // how many are left
	CodesUnseen bool    // a new set waits for the person to say it was saved
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

// On reports whether two-step verification is on: an app, or a phone reserved
// for it. Backup codes alone do not count: they come with a factor and go with it.
func (f Factors) On() bool { return len(f.Methods()) > 0 }

// A Method is one way to prove the second factor: a kind and, for a code by
// SMS, the phone it goes to.
type Method struct {
	Kind  Kind
	Phone Phone
}

// Methods lists the ways to prove the second factor, the first asked first:
// the app, the default phone, the other phones. Backup codes are no method of
// their own: they are taken wherever one of these is asked.
func (f Factors) Methods() []Method {
	var methods []Method
	if f.TOTP != nil {
		methods = append(methods, Method{Kind: TOTPCode})
	}
	for _, p := range f.Phones {
		if p.Reserved() {
			methods = append(methods, Method{Kind: PhoneCode, Phone: p})
		}
	}
	return methods
}

// Factors returns what an account has, live.
func (r *Rules) Factors(ctx context.Context, user UserID) (Factors, error) {
	return r.factors(ctx, user, r.now())
}

// factors reads what an account has, less what the operator has switched off.
func (r *Rules) factors(ctx context.Context, user UserID, now time.Time) (Factors, error) {
	if user == "" {
		return Factors{}, nil
	}
	return r.store.FindFactors(ctx, user, now)
}

type factorStore interface {
	// FindFactors reads an account's factors; an account without any, and one
	// that does not exist, have empty ones.
	FindFactors(ctx context.Context, user UserID, now time.Time) (Factors, error)
}
