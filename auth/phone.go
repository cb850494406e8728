package auth

import (
	"context"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// A PhoneID names a phone of an account in addresses of pages.
type PhoneID string

// A NewPhone is a number that was proved in a session's enrolment, which ends with it.
type NewPhone struct {
	Phone
	User    UserID
	Session SessionID
}

type phoneStore interface {
	// FindPhoneEnrolment reads the enrolment under way in a session.
	FindPhoneEnrolment(ctx context.Context, session SessionID, now time.Time) (PhoneEnrolment, error)
	// ReplacePhoneEnrolment puts one in place of the session's, with its code.
	ReplacePhoneEnrolment(ctx context.Context, e PhoneEnrolment, grant ChangeSet) error
	// ReplacePhoneCode puts a new code in place of an enrolment's that still waits.
	ReplacePhoneCode(ctx context.Context, id string, grant ChangeSet) (replaced bool, err error)
	// RemovePhoneEnrolment forgets the session's enrolment and its code.
	RemovePhoneEnrolment(ctx context.Context, session SessionID) error
	// ReservePhone makes a number a second factor, once.
	ReservePhone(ctx context.Context, user UserID, phone PhoneID, grant ChangeSet) (reserved bool, err error)
	// ReleasePhone makes it none again; the backup codes go with the last factor.
	ReleasePhone(ctx context.Context, user UserID, phone PhoneID, grant ChangeSet) (released bool, err error)
	// RemovePhone takes the number from the account; likewise. reserved is how it
	// was seen: where that has changed, nothing is removed.
	RemovePhone(ctx context.Context, user UserID, phone PhoneID, reserved bool, grant ChangeSet) (removed bool, err error)
	// ReplaceDefaultPhone makes a reserved number the first one asked.
	ReplaceDefaultPhone(ctx context.Context, user UserID, phone PhoneID, grant ChangeSet) (replaced bool, err error)
}

// parsePhone reads a number in any common notation and returns it as E.164.
func parsePhone(typed, region string) (string, error) {
	n, err := phonenumbers.Parse(typed, region)
	if err != nil || !phonenumbers.IsValidNumber(n) || n.GetExtension() != "" {
		return "", &Problem{Reason: PhoneInvalid, Field: "phone"}
	}
	number := phonenumbers.Format(n, phonenumbers.E164)
	if len(number) > len("+")+PhoneDigitsMax { // some countries' plans are open at the end, E.164 is not
		return "", &Problem{Reason: PhoneInvalid, Field: "phone"}
	}
	return number, nil
}

// UsePhone makes a verified number a second factor. The first one reserved is
// the default; with the account's first factor come backup codes.
func (r *Rules) UsePhone(ctx context.Context, visitor Visitor, session Session, id PhoneID) error {
	now := r.now()
	phone, _, err := r.ownPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	grant, err := r.factorAdded(ctx, visitor, session, Event{Type: PhoneReserved, Number: phone.Number}, now)
	if err != nil {
		return err
	}
	r.bound(&grant, PhoneCode, session.User)
	reserved, err := r.store.ReservePhone(ctx, session.User, id, grant)
	return r.changed(ctx, reserved, err, grant)
}

// DisablePhone makes a number no second factor any more.
func (r *Rules) DisablePhone(ctx context.Context, visitor Visitor, session Session, id PhoneID) error {
	now := r.now()
	phone, factors, err := r.ownPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	grant, err := r.factorRemoved(ctx, visitor, session, Event{Type: PhoneReleased, Number: phone.Number}, factors, now)
	if err != nil {
		return err
	}
	released, err := r.store.ReleasePhone(ctx, session.User, id, grant)
	return r.changed(ctx, released, err, grant)
}

// RemovePhone takes a number from the account. One that is no second factor
// takes nothing with it: nobody came in by it.
func (r *Rules) RemovePhone(ctx context.Context, visitor Visitor, session Session, id PhoneID) error {
	now := r.now()
	phone, factors, err := r.ownPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	e := Event{User: session.User, Type: PhoneRemoved, Number: phone.Number}
	grant := ChangeSet{At: now}
	if phone.Reserved() {
		grant, err = r.factorRemoved(ctx, visitor, session, e, factors, now)
	} else {
		err = r.record(ctx, &grant, visitor, e)
	}
	if err != nil {
		return err
	}
	removed, err := r.store.RemovePhone(ctx, session.User, id, phone.Reserved(), grant)
	return r.changed(ctx, removed, err, grant)
}

// MakePhoneDefault makes a reserved number the first one asked at sign-in.
func (r *Rules) MakePhoneDefault(ctx context.Context, visitor Visitor, session Session, id PhoneID) error {
	now := r.now()
	phone, _, err := r.ownPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	grant := ChangeSet{At: now}
	if err := r.record(ctx, &grant, visitor, Event{User: session.User, Type: PhoneMadeDefault, Number: phone.Number}); err != nil {
		return err
	}
	replaced, err := r.store.ReplaceDefaultPhone(ctx, session.User, id, grant)
	return r.changed(ctx, replaced, err, grant)
}

// ownPhone is the account's phone with that id, or ErrNotFound: another
// person's phone and none at all are the same.
func (r *Rules) ownPhone(ctx context.Context, session Session, id PhoneID, now time.Time) (Phone, Factors, error) {
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

func regionOf(number string) string {
	n, err := phonenumbers.Parse(number, "")
	if err != nil {
		return ""
	}
	return phonenumbers.GetRegionCodeForNumber(n)
}
