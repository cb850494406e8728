package auth

import (
	"context"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// A PhoneID names a phone of an account in URLs.
type PhoneID string

// ParsePhone parses a number in any common notation and returns it as E.164.
func ParsePhone(typed, region string) (string, error) {
	n, err := phonenumbers.Parse(typed, region)
	if err != nil || !phonenumbers.IsValidNumber(n) || n.GetExtension() != "" {
		return "", &Problem{Reason: PhoneInvalid, Field: "phone"}
	}
	number := phonenumbers.Format(n, phonenumbers.E164)
	if len(number) > len("+")+PhoneDigitsMax { // some countries' numbering plans have no maximum, E.164 has
		return "", &Problem{Reason: PhoneInvalid, Field: "phone"}
	}
	return number, nil
}

// UsePhone makes a phone a second factor. The first one reserved is the default.
func (r *Rules) UsePhone(ctx context.Context, client Client, session Session, id PhoneID) error {
	now := r.now()
	phone, _, err := r.findPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	changes, err := r.factorAdded(ctx, client, session, Event{Type: PhoneReserved, Phone: phone.Number}, now)
	if err != nil {
		return err
	}
	changes.add(SettleCounts{Reset: r.failureKeys(session.User, PhoneCode)})
	reserved, err := r.store.ReservePhone(ctx, session.User, id, changes)
	return r.conclude(ctx, changes, reserved, err)
}

// DisablePhone keeps a phone but not as a second factor.
func (r *Rules) DisablePhone(ctx context.Context, client Client, session Session, id PhoneID) error {
	now := r.now()
	phone, factors, err := r.findPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	changes, err := r.factorRemoved(ctx, client, session, Event{Type: PhoneReleased, Phone: phone.Number}, factors, now)
	if err != nil {
		return err
	}
	released, err := r.store.ReleasePhone(ctx, session.User, id, changes)
	return r.conclude(ctx, changes, released, err)
}

// RemovePhone removes a phone. One that is no second factor ends no sessions:
// nobody signed in with it.
func (r *Rules) RemovePhone(ctx context.Context, client Client, session Session, id PhoneID) error {
	now := r.now()
	phone, factors, err := r.findPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	e := Event{Type: PhoneRemoved, Phone: phone.Number}
	changes := ChangeSet{User: session.User, At: now}
	if phone.Reserved() {
		changes, err = r.factorRemoved(ctx, client, session, e, factors, now)
	} else {
		err = r.record(ctx, &changes, client, e)
	}
	if err != nil {
		return err
	}
	removed, err := r.store.RemovePhone(ctx, session.User, id, phone.Reserved(), changes)
	return r.conclude(ctx, changes, removed, err)
}

// MakePhoneDefault makes a reserved phone the first one that sign-in offers.
func (r *Rules) MakePhoneDefault(ctx context.Context, client Client, session Session, id PhoneID) error {
	now := r.now()
	phone, _, err := r.findPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	changes := ChangeSet{User: session.User, At: now}
	if err := r.record(ctx, &changes, client, Event{Type: PhoneMadeDefault, Phone: phone.Number}); err != nil {
		return err
	}
	replaced, err := r.store.ReplaceDefaultPhone(ctx, session.User, id, changes)
	return r.conclude(ctx, changes, replaced, err)
}

// findPhone returns the account's phone with that id. It returns [ErrNotFound]
// for a phone of another account too.
func (r *Rules) findPhone(ctx context.Context, session Session, id PhoneID, now time.Time) (Phone, Factors, error) {
	factors, err := r.factors(ctx, session.User, now)
	if err != nil {
		return Phone{}, factors, err
	}
	phone, found := factors.Phone(id)
	if !found {
		return Phone{}, factors, ErrNotFound
	}
	return phone, factors, nil
}

// mayCost reports whether an SMS to a number could cost far more than to another
// one: premium-rate, shared-cost, toll-free, satellite and other special numbers.
// Fraudsters own such numbers and share what each SMS costs.
func mayCost(number string) bool {
	n, err := phonenumbers.Parse(number, "")
	if err != nil || phonenumbers.GetRegionCodeForNumber(n) == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY {
		return true // +979 and satellites have no country
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.FIXED_LINE:
		return false
	}
	return true
}

func regionOf(number string) string {
	n, err := phonenumbers.Parse(number, "")
	if err != nil {
		return ""
	}
	return phonenumbers.GetRegionCodeForNumber(n)
}
