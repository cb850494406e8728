package auth

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// A PhoneEnrolment is the adding of a phone in one session. A code of its own
// verifies the number; then the enrolment ends and the account has the phone.
type PhoneEnrolment struct {
	ID        string // holder of the code
	Session   SessionID
	User      UserID
	Number    string // E.164
	ExpiresAt time.Time

	Code *SentCode // if one was sent and has not expired
}

// Region is the country whose notation the number was parsed in: an ISO 3166
// code, or empty for numbers of no country.
func (e PhoneEnrolment) Region() string {
	return regionOf(e.Number)
}

// PhoneEnrolment returns the session's enrolment, or [ErrNotFound].
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

// AddPhone starts to add a phone: it sends a code to the number, which has no use
// until it is verified (SM-02).
func (r *Rules) AddPhone(ctx context.Context, client Client, session Session, typed string) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	number, err := ParsePhone(typed, r.policy().Region)
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
	changes, err := r.enrolmentCode(ctx, client, e, now, ActionAddPhone)
	if err == nil {
		err = r.store.ReplacePhoneEnrolment(ctx, e, changes)
	}
	return r.conclude(ctx, changes, true, err)
}

// ResendPhoneCode sends a new code to the number of the enrolment.
func (r *Rules) ResendPhoneCode(ctx context.Context, client Client, session Session) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	e, err := r.phoneEnrolment(ctx, session, now)
	if err != nil {
		return formExpired(err)
	}
	changes, err := r.enrolmentCode(ctx, client, e, now)
	if err != nil {
		return err
	}
	replaced, err := r.store.ReplacePhoneCode(ctx, e.ID, changes)
	return r.conclude(ctx, changes, replaced, err)
}

func (r *Rules) enrolmentCode(ctx context.Context, client Client, e PhoneEnrolment, now time.Time, more ...Action) (ChangeSet, error) {
	changes := ChangeSet{User: e.User, At: now}
	to := subjects{ByRecipient: {e.Number}, ByAccount: {"enrol", string(e.User)}}
	if err := r.allowSMS(ctx, now, e.Number, to.from(client), append(more, ActionEnrolSMS)...); err != nil {
		return changes, err
	}
	r.queueCode(e.ID, e.Number, Message{Channel: BySMS, Kind: MessagePhoneCode}, &changes)
	return changes, nil
}

// VerifyPhone verifies the number of the enrolment and adds the phone to the
// account. [Rules.UsePhone] makes it a second factor.
func (r *Rules) VerifyPhone(ctx context.Context, client Client, session Session, response string) (PhoneID, error) {
	now := r.now()
	id, err := r.verifyPhone(ctx, client, session, response, now)
	if !refused(err) {
		return id, err
	}
	if _, fault := r.store.FindPhoneEnrolment(ctx, session.ID, now); !errors.Is(fault, ErrNotFound) {
		return "", cmp.Or(fault, err)
	}
	factors, fault := r.factors(ctx, session.User, now)
	if fault != nil || len(factors.Phones) == 0 {
		return "", cmp.Or(fault, err)
	}
	newest := slices.MaxFunc(factors.Phones, func(a, b Phone) int { return a.VerifiedAt.Compare(b.VerifiedAt) })
	if recent(newest.VerifiedAt, now) {
		return newest.ID, nil // the code was posted twice
	}
	return "", err
}

func (r *Rules) verifyPhone(ctx context.Context, client Client, session Session, response string, now time.Time) (PhoneID, error) {
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return "", err
	}
	e, err := r.phoneEnrolment(ctx, session, now)
	if err != nil {
		return "", formExpired(err)
	}
	c := challenge{
		factor: sentCodeFactor{channel: BySMS, holder: e.ID, to: e.Number},
		user:   session.User, client: client, counter: failureCounter(enrolPhone, string(session.User), false),
	}
	spend, counts, err := r.checkEnrolment(ctx, c, response, now)
	if err != nil {
		return "", err
	}
	phone := Phone{ID: PhoneID(newID()), Number: e.Number, VerifiedAt: now}
	changes := ChangeSet{User: session.User, At: now}
	changes.add(AddPhone{Phone: phone, Session: session.ID}, counts)
	if err := r.record(ctx, &changes, client, Event{Type: PhoneAdded, Phone: e.Number}); err != nil {
		return "", err
	}
	spent, err := spend(ctx, changes)
	if err == nil && !spent {
		return "", r.phoneNotAdded(ctx, session.User, now)
	}
	return phone.ID, r.conclude(ctx, changes, spent, err)
}

// phoneNotAdded is why the account does not have a verified phone: a concurrent
// request added others or used the code.
func (r *Rules) phoneNotAdded(ctx context.Context, user UserID, now time.Time) error {
	factors, err := r.factors(ctx, user, now)
	if err != nil {
		return err
	}
	if len(factors.Phones) >= PhonesMax {
		return &Problem{Reason: TooManyPhones, Limit: PhonesMax}
	}
	return &Problem{Reason: CodeExpired, Field: "code"}
}

// CancelPhone ends the session's enrolment.
func (r *Rules) CancelPhone(ctx context.Context, session Session) error {
	return r.store.RemovePhoneEnrolment(ctx, session.ID)
}
