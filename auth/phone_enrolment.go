package auth

import (
	"context"
	"time"
)

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

// Region is the country whose notation a number was read in, for the page to
// say so: an ISO 3166 code, or empty for numbers of no country.
func (e PhoneEnrolment) Region() string {
	return regionOf(e.Number)
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
	e.Code, err = r.sentCode(ctx, e.ID, BySMS, now)
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
	if len(factors.Phones) >= PhonesMax {
		return &Problem{Reason: TooManyPhones, Limit: PhonesMax}
	}
	for _, p := range factors.Phones {
		if p.Number == number {
			return &Problem{Reason: PhoneAlreadyAdded, Field: "phone"}
		}
	}
	e := PhoneEnrolment{
		ID: newID(), Session: session.ID, User: session.User,
		Number: number, ExpiresAt: now.Add(EnrolmentLifetime),
	}
	grant, err := r.enrolmentCode(ctx, visitor, e, now, r.limits(ActionAddPhone, subjects{ByAccount: string(session.User)})...)
	if err == nil {
		err = r.store.ReplacePhoneEnrolment(ctx, e, grant)
	}
	return r.changed(ctx, true, err, grant)
}

// ResendPhoneCode sends a new code to the number that is being added.
func (r *Rules) ResendPhoneCode(ctx context.Context, visitor Visitor, session Session) error {
	now := r.now()
	e, err := r.phoneEnrolment(ctx, session, now)
	if err != nil {
		return formExpired(err)
	}
	grant, err := r.enrolmentCode(ctx, visitor, e, now)
	if err != nil {
		return err
	}
	replaced, err := r.store.ReplacePhoneCode(ctx, e.ID, grant)
	return r.changed(ctx, replaced, err, grant)
}

func (r *Rules) enrolmentCode(ctx context.Context, visitor Visitor, e PhoneEnrolment, now time.Time, more ...RateLimit) (ChangeSet, error) {
	grant := ChangeSet{At: now}
	if err := r.allowSMS(ctx, visitor, now, e.Number, e.User, more...); err != nil {
		return grant, err
	}
	r.oweCode(e.ID, e.Number, Message{Channel: BySMS, Kind: MessagePhoneCode}, &grant, now)
	return grant, nil
}

// VerifyPhone proves the number that is being added. It becomes one of the
// account's; a second factor it becomes only by [Rules.UsePhone].
func (r *Rules) VerifyPhone(ctx context.Context, visitor Visitor, session Session, answer string) (PhoneID, error) {
	now := r.now()
	e, err := r.phoneEnrolment(ctx, session, now)
	if err != nil {
		return "", formExpired(err)
	}
	if cleanCode(answer) == "" {
		return "", &Problem{Reason: CodeMissing, Field: "code"}
	}
	q := question{
		kind: PhoneCode, user: session.User, visitor: visitor, holder: e.ID, numbers: []string{e.Number},
		brake: brakeName(enrolPhone, string(session.User), false),
	}
	spend, err := r.checkResponse(ctx, q, answer, now)
	if err != nil {
		return "", err
	}
	phone := Phone{ID: PhoneID(newID()), Number: e.Number, VerifiedAt: now}
	grant := ChangeSet{At: now, Phone: &NewPhone{Phone: phone, User: session.User, Session: session.ID}}
	r.right(&grant, q)
	if err := r.record(ctx, &grant, visitor, Event{User: session.User, Type: PhoneAdded, Number: e.Number}); err != nil {
		return "", err
	}
	spent, err := spend(ctx, grant)
	if err == nil && !spent {
		return "", r.phoneRefused(ctx, session.User, now)
	}
	return phone.ID, r.changed(ctx, spent, err, grant)
}

// phoneRefused is why a number that was proved is not the account's: others
// were added meanwhile, or the code was used by somebody who was quicker.
func (r *Rules) phoneRefused(ctx context.Context, user UserID, now time.Time) error {
	factors, err := r.factors(ctx, user, now)
	if err != nil {
		return err
	}
	if len(factors.Phones) >= PhonesMax {
		return &Problem{Reason: TooManyPhones, Limit: PhonesMax}
	}
	return &Problem{Reason: CodeExpired, Field: "code"}
}

// CancelPhone forgets the number that is being added, to begin with another.
func (r *Rules) CancelPhone(ctx context.Context, session Session) error {
	return r.store.RemovePhoneEnrolment(ctx, session.ID)
}
