package auth

import (
	"context"
	"strings"
)

// A FactorID names a second factor of an account: its app, a reserved phone or a passkey.
type FactorID string

// AppFactor names the authenticator app, of which an account has one.
const AppFactor = FactorID(TOTPCode)

// Factor names the phone as a second factor.
func (p Phone) Factor() FactorID { return FactorID(PhoneCode) + ":" + FactorID(p.ID) }

// Factor names the passkey as a second factor.
func (p Passkey) Factor() FactorID { return FactorID(PasskeyPresent) + ":" + FactorID(p.ID) }

// removalOf returns the event of the removal of one factor, the same as if its owner removes
// it, or [ErrNotFound] if the account does not have it. A required last factor cannot be
// removed (RV-06): [ResetMFA], which says what the user then has to do, is for that.
func (r *Rules) removalOf(ctx context.Context, act Act, changes *ChangeSet) (Event, error) {
	account, err := r.store.FindAccount(ctx, act.User)
	if err != nil {
		return Event{}, err
	}
	factors, err := r.factors(ctx, act.User, changes.At)
	if err != nil {
		return Event{}, err
	}
	e := factorEvent(factors, act.Target)
	switch required := r.requiresMFA(account.MFA, changes.At); {
	case e.Type == "":
		return e, ErrNotFound
	case required && factors.Count() == 1:
		return e, &Problem{Reason: OnlyFactor}
	case required:
		changes.add(RequireMFA{})
	}
	return e, nil
}

// factorEvent is the event of the removal of one factor; zero if there is none.
func factorEvent(factors Factors, target string) (e Event) {
	kind, id, _ := strings.Cut(target, ":")
	switch FactorKind(kind) {
	case TOTPCode:
		if factors.TOTP != nil && id == "" {
			e.Type = TOTPRemoved
		}
	case PhoneCode:
		if phone, found := factors.Phone(PhoneID(id)); found && phone.Reserved() {
			e = Event{Type: PhoneRemoved, Phone: phone.Number}
		}
	case PasskeyPresent:
		if _, found := factors.Passkey(PasskeyID(id)); found {
			e.Type = PasskeyRemoved
		}
	}
	return e
}

// removeFactor removes what [Rules.removalOf] has found. It ends all sessions, because any
// may have been opened with the factor. Backup codes are removed with the last factor.
func (r *Rules) removeFactor(ctx context.Context, act Act, changes *ChangeSet) (removed bool, err error) {
	changes.add(EndSessions{})
	kind, id, _ := strings.Cut(act.Target, ":")
	switch FactorKind(kind) {
	case TOTPCode:
		changes.add(SettleCounts{Reset: r.failureKeys(act.User, TOTPCode)})
		return r.store.RemoveTOTP(ctx, act.User, *changes)
	case PhoneCode:
		return r.store.RemovePhone(ctx, act.User, PhoneID(id), true, *changes)
	}
	return r.store.RemovePasskey(ctx, act.User, PasskeyID(id), *changes)
}
