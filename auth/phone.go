package auth

import (
	"context"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// A PhoneID names a phone of an account in addresses of pages.
type PhoneID string

// A PhoneEnrolment is the adding of a number in one session. Its code is bound
// to it; when the code is proved the enrolment is gone and the phone stands.
type PhoneEnrolment struct {
	ID        string // holder of the code
	Session   SessionID
	User      UserID
	Number    string // E.164
	ExpiresAt time.Time

	Code *SentCode // the code sent for it, if one still stands
}

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
	ReplacePhoneEnrolment(ctx context.Context, e PhoneEnrolment, grant Grant) error
	// ReplacePhoneCode puts a new code in place of an enrolment's that still waits.
	ReplacePhoneCode(ctx context.Context, id string, grant Grant) (replaced bool, err error)
	// RemovePhoneEnrolment forgets the session's enrolment and its code.
	RemovePhoneEnrolment(ctx context.Context, session SessionID) error
	// ReservePhone makes a number a second factor, once.
	ReservePhone(ctx context.Context, user UserID, phone PhoneID, grant Grant) (reserved bool, err error)
	// ReleasePhone makes it none again; the backup codes go with the last factor.
	ReleasePhone(ctx context.Context, user UserID, phone PhoneID, grant Grant) (released bool, err error)
	// RemovePhone takes the number from the account; likewise. reserved is how it
	// was seen: where that has changed, nothing is removed.
	RemovePhone(ctx context.Context, user UserID, phone PhoneID, reserved bool, grant Grant) (removed bool, err error)
	// ReplaceDefaultPhone makes a reserved number the first one asked.
	ReplaceDefaultPhone(ctx context.Context, user UserID, phone PhoneID, grant Grant) (replaced bool, err error)
}

// parsePhone reads a number in any common notation and returns it as E.164.
func parsePhone(typed, region string) (string, error) {
	n, err := phonenumbers.Parse(typed, region)
	if err != nil || !phonenumbers.IsValidNumber(n) || n.GetExtension() != "" {
		return "", &Problem{Reason: PhoneInvalid, Field: "phone"}
	}
	return phonenumbers.Format(n, phonenumbers.E164), nil
}

// PhoneEnrolment returns the enrolment under way, or ErrNotFound.
func (r *Rules) PhoneEnrolment(ctx context.Context, session Session) (PhoneEnrolment, error) {
	return r.phoneEnrolment(ctx, session, r.now())
}

func (r *Rules) phoneEnrolment(ctx context.Context, session Session, now time.Time) (PhoneEnrolment, error) {
	e, err := r.store.FindPhoneEnrolment(ctx, session.ID, now)
	if err != nil {
		return e, err
	}
	e.Code, err = r.sentCode(ctx, e.ID, now)
	return e, err
}

// AddPhone begins to add a number: a code goes there, and until it is proved
// the number is worth nothing (SM-02).
func (r *Rules) AddPhone(ctx context.Context, visitor Visitor, session Session, typed string) error {
	now := r.now()
	number, err := parsePhone(typed, r.policy.Region)
	if err != nil {
		return err
	}
	factors, err := r.factors(ctx, session.User, now)
	if err != nil {
		return err
	}
	if len(factors.Phones) >= PhonesMost {
		return &Problem{Reason: PhonesFull, Limit: PhonesMost}
	}
	for _, p := range factors.Phones {
		if p.Number == number {
			return &Problem{Reason: PhoneKnown, Field: "phone"}
		}
	}
	e := PhoneEnrolment{
		ID: newID(), Session: session.ID, User: session.User,
		Number: number, ExpiresAt: now.Add(EnrolmentLifetime),
	}
	grant, err := r.enrolmentCode(ctx, visitor, e, now, r.tries(DoorPhone, who{ByAccount: string(session.User)})...)
	if err == nil {
		err = r.store.ReplacePhoneEnrolment(ctx, e, grant)
	}
	return r.changed(ctx, true, err, grant)
}

// SendPhoneCode sends a new code to the number that is being added.
func (r *Rules) SendPhoneCode(ctx context.Context, visitor Visitor, session Session) error {
	now := r.now()
	e, err := r.phoneEnrolment(ctx, session, now)
	if err != nil {
		return formOver(err)
	}
	grant, err := r.enrolmentCode(ctx, visitor, e, now)
	if err != nil {
		return err
	}
	replaced, err := r.store.ReplacePhoneCode(ctx, e.ID, grant)
	return r.changed(ctx, replaced, err, grant)
}

func (r *Rules) enrolmentCode(ctx context.Context, visitor Visitor, e PhoneEnrolment, now time.Time, more ...Try) (Grant, error) {
	grant := Grant{At: now}
	if err := r.takeSMS(ctx, visitor, now, e.Number, e.User, more...); err != nil {
		return grant, err
	}
	r.oweCode(e.ID, e.Number, Message{Channel: BySMS, Letter: LetterPhoneCode}, &grant, now)
	return grant, nil
}

// VerifyPhone proves the number that is being added. It becomes one of the
// account's; a second factor it becomes only by [Rules.UsePhone].
func (r *Rules) VerifyPhone(ctx context.Context, visitor Visitor, session Session, answer string) (PhoneID, error) {
	now := r.now()
	e, err := r.phoneEnrolment(ctx, session, now)
	if err != nil {
		return "", formOver(err)
	}
	if cleanCode(answer) == "" {
		return "", &Problem{Reason: CodeMissing, Field: "code"}
	}
	q := question{
		kind: PhoneCode, user: session.User, visitor: visitor, holder: e.ID, numbers: []string{e.Number},
		brake: brakeName("enrol_phone", string(session.User), false),
	}
	spend, err := r.verify(ctx, q, answer, now)
	if err != nil {
		return "", err
	}
	phone := Phone{ID: PhoneID(newID()), Number: e.Number, VerifiedAt: now}
	grant := Grant{At: now, Phone: &NewPhone{Phone: phone, User: session.User, Session: session.ID}}
	r.right(&grant, q)
	if err := r.tell(ctx, &grant, visitor, Event{User: session.User, What: PhoneAdded, Number: e.Number}); err != nil {
		return "", err
	}
	spent, err := spend(ctx, grant)
	if err == nil && !spent {
		return "", &Problem{Reason: CodeOver, Field: "code"}
	}
	return phone.ID, r.changed(ctx, spent, err, grant)
}

// AnotherPhone forgets the number that is being added, to begin with another.
func (r *Rules) AnotherPhone(ctx context.Context, session Session) error {
	return r.store.RemovePhoneEnrolment(ctx, session.ID)
}

// UsePhone makes a verified number a second factor. The first one reserved is
// the default; with the account's first factor come backup codes.
func (r *Rules) UsePhone(ctx context.Context, visitor Visitor, session Session, id PhoneID) error {
	now := r.now()
	phone, _, err := r.ownPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	grant, err := r.factorAdded(ctx, visitor, session, Event{What: PhoneReserved, Number: phone.Number}, now)
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
	grant, err := r.factorRemoved(ctx, visitor, session, Event{What: PhoneReleased, Number: phone.Number}, factors, now)
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
	e := Event{User: session.User, What: PhoneRemoved, Number: phone.Number}
	grant := Grant{At: now}
	if phone.Reserved() {
		grant, err = r.factorRemoved(ctx, visitor, session, e, factors, now)
	} else {
		err = r.tell(ctx, &grant, visitor, e)
	}
	if err != nil {
		return err
	}
	removed, err := r.store.RemovePhone(ctx, session.User, id, phone.Reserved(), grant)
	return r.changed(ctx, removed, err, grant)
}

// DefaultPhone makes a reserved number the first one asked at sign-in.
func (r *Rules) DefaultPhone(ctx context.Context, visitor Visitor, session Session, id PhoneID) error {
	now := r.now()
	phone, _, err := r.ownPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	grant := Grant{At: now}
	if err := r.tell(ctx, &grant, visitor, Event{User: session.User, What: PhoneMadeDefault, Number: phone.Number}); err != nil {
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

// Region is the country whose notation a number was read in, for the page to
// say so: an ISO 3166 code, or empty for numbers of no country.
func (e PhoneEnrolment) Region() string {
	return regionOf(e.Number)
}

func regionOf(number string) string {
	n, err := phonenumbers.Parse(number, "")
	if err != nil {
		return ""
	}
	return phonenumbers.GetRegionCodeForNumber(n)
}
