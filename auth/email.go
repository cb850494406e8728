package auth

import (
	"context"
	"errors"
	"strings"
	"time"
)

// An AddressUse is what a new address is for.
type AddressUse string

// The uses.
const (
	ForSignIn  AddressUse = "sign_in" // in place of the account's address
	ForNotices AddressUse = "notices" // a second address that gets the notices too (RC-08)
)

// An AddressEnrolment is an address that waits to be proved. Nothing changes
// before it is (RC-09). It belongs to the account, not to the session, so that
// the bearer of the old address can stop it from anywhere.
type AddressEnrolment struct {
	ID        string // holder of its code
	User      UserID
	Use       AddressUse
	Email     Email
	StopHash  string // hash of the token in the mail to the old address
	ExpiresAt time.Time

	Code *SentCode // the code sent for it, if one still stands
}

type addressStore interface {
	// FindNoticeAddress reads the account's second address.
	FindNoticeAddress(ctx context.Context, user UserID) (string, error)
	// RemoveNoticeAddress removes it.
	RemoveNoticeAddress(ctx context.Context, user UserID, grant Grant) (removed bool, err error)
	// FindAddressEnrolment reads the address that waits to be proved.
	FindAddressEnrolment(ctx context.Context, user UserID, now time.Time) (AddressEnrolment, error)
	// FindStoppable reads the enrolment that a stop token belongs to.
	FindStoppable(ctx context.Context, stopHash string, now time.Time) (AddressEnrolment, error)
	// ReplaceAddressEnrolment puts one in place of the account's, with its code.
	ReplaceAddressEnrolment(ctx context.Context, e AddressEnrolment, grant Grant) error
	// ReplaceAddressCode puts a new code in place of an enrolment's that still waits.
	ReplaceAddressCode(ctx context.Context, id string, grant Grant) (replaced bool, err error)
	// SpendAddressEnrolment ends an enrolment; nothing of it can be used any more.
	SpendAddressEnrolment(ctx context.Context, id string, grant Grant) (spent bool, err error)
}

// An Addresses is what an account has and what waits to be proved.
type Addresses struct {
	SignIn  string
	Notices string            // empty for none
	Waiting *AddressEnrolment // nil for none
}

// Addresses returns an account's addresses.
func (r *Rules) Addresses(ctx context.Context, session Session) (Addresses, error) {
	now := r.now()
	all := Addresses{SignIn: session.Email}
	var err error
	if all.Notices, err = r.store.FindNoticeAddress(ctx, session.User); notMissing(err) != nil {
		return all, err
	}
	e, err := r.addressEnrolment(ctx, session, now)
	if err == nil {
		all.Waiting = &e
	}
	return all, notMissing(err)
}

func (r *Rules) addressEnrolment(ctx context.Context, session Session, now time.Time) (AddressEnrolment, error) {
	e, err := r.store.FindAddressEnrolment(ctx, session.User, now)
	if err == nil {
		e.Code, err = r.sentCode(ctx, e.ID, ByEmail, now)
	}
	return e, err
}

// AskAddress begins the change of an address: a code goes to the new one, and
// of a change of the sign-in address the old one is told, with a token by which
// it can be stopped. An address that is another account's looks the same, but
// no code goes there.
func (r *Rules) AskAddress(ctx context.Context, visitor Visitor, session Session, use AddressUse, typed string) error {
	now := r.now()
	email, err := ParseEmail(typed)
	if err != nil {
		return err
	}
	own, err := ParseEmail(session.Email)
	if err != nil {
		return err
	}
	notices, err := r.store.FindNoticeAddress(ctx, session.User)
	if notMissing(err) != nil {
		return err
	}
	if email.Key == own.Key || use == ForNotices && strings.EqualFold(notices, email.Typed) {
		return &Problem{Reason: EmailSame, Field: "email"}
	}
	if use == ForNotices && notices != "" {
		return &Problem{Reason: EmailsFull, Limit: 1 + NoticeEmailMost}
	}
	stop := NewHandle()
	e := AddressEnrolment{
		ID: newID(), User: session.User, Use: use, Email: email, StopHash: stop.Hash(), ExpiresAt: now.Add(StopTokenKept),
	}
	grant := Grant{At: now}
	if err := r.oweAddressCode(ctx, visitor, e, &grant, now); err != nil {
		return err
	}
	if use == ForSignIn {
		if err := r.tell(ctx, &grant, visitor, Event{User: session.User, What: EmailChangeAsked, Email: email.Typed}); err != nil {
			return err
		}
		for i := range grant.Messages {
			if grant.Messages[i].Letter == Letter(EmailChangeAsked) {
				grant.Messages[i].StopToken = stop
			}
		}
	}
	if err := r.store.ReplaceAddressEnrolment(ctx, e, grant); err != nil {
		return err
	}
	r.granted(ctx, grant)
	return nil
}

// SendAddressCode sends a new code to the address that waits.
func (r *Rules) SendAddressCode(ctx context.Context, visitor Visitor, session Session) error {
	now := r.now()
	e, err := r.addressEnrolment(ctx, session, now)
	if err != nil {
		return formOver(err)
	}
	grant := Grant{At: now}
	if err := r.oweAddressCode(ctx, visitor, e, &grant, now); err != nil {
		return err
	}
	replaced, err := r.store.ReplaceAddressCode(ctx, e.ID, grant)
	return r.changed(ctx, replaced, err, grant)
}

func (r *Rules) oweAddressCode(ctx context.Context, visitor Visitor, e AddressEnrolment, grant *Grant, now time.Time) error {
	if err := r.takeSending(ctx, visitor, now, e.Email.Key, string(e.User)); err != nil {
		return err
	}
	_, err := r.store.FindUserByEmail(ctx, e.Email.Key)
	switch {
	case err == nil && e.Use == ForSignIn:
		r.oweTaken(e.ID, e.Email.Typed, grant, now)
	case err == nil || errors.Is(err, ErrNotFound):
		r.oweCode(e.ID, e.Email.Typed, Message{Channel: ByEmail, Letter: LetterEmailCode}, grant, now)
		err = nil
	}
	return notMissing(err)
}

// ProveAddress ends the change: the address is the account's from now on. Both
// the old and the new one are told, other sessions end, and so does what was
// asked for under the old address.
func (r *Rules) ProveAddress(ctx context.Context, visitor Visitor, session Session, answer string) error {
	now := r.now()
	e, err := r.addressEnrolment(ctx, session, now)
	if err != nil {
		return formOver(err)
	}
	if cleanCode(answer) == "" {
		return &Problem{Reason: CodeMissing, Field: "code"}
	}
	q := question{
		kind: EmailCode, user: session.User, visitor: visitor, holder: e.ID, numbers: []string{e.Email.Typed},
		brake: brakeName(enrolEmail, string(session.User), false),
	}
	spend, err := r.verify(ctx, q, answer, now)
	if err != nil {
		return err
	}
	grant := Grant{At: now, Address: &e}
	r.right(&grant, q)
	event := Event{User: session.User, What: NoticeEmailAdded, Email: e.Email.Typed}
	if e.Use == ForSignIn {
		event.What = EmailChanged
		grant.EndSessions = &EndSessions{User: session.User, Except: session.ID}
	}
	if err := r.tell(ctx, &grant, visitor, event); err != nil {
		return err
	}
	m := r.notice(Letter(event.What), e.Email.Typed, visitor, now)
	m.Email = e.Email.Typed
	grant.Messages = append(grant.Messages, m)
	spent, err := spend(ctx, grant)
	if errors.Is(err, ErrAddressTaken) {
		err = &Problem{Reason: AddressTaken}
	}
	return r.changed(ctx, spent, err, grant)
}

// DropAddress forgets the address that waits to be proved.
func (r *Rules) DropAddress(ctx context.Context, visitor Visitor, session Session) error {
	now := r.now()
	e, err := r.addressEnrolment(ctx, session, now)
	if err != nil {
		return formOver(err)
	}
	return r.stopAddress(ctx, visitor, e, now)
}

// StoppableAddress is the change that a token from a mail can stop, or
// ErrNotFound where it is over. Looking stops nothing.
func (r *Rules) StoppableAddress(ctx context.Context, token Handle) (AddressEnrolment, error) {
	return r.store.FindStoppable(ctx, token.Hash(), r.now())
}

// StopAddress stops the change that a token belongs to. Whoever reads the
// mail of the old address may do that, signed in or not.
func (r *Rules) StopAddress(ctx context.Context, visitor Visitor, token Handle) error {
	now := r.now()
	e, err := r.store.FindStoppable(ctx, token.Hash(), now)
	if err != nil {
		return formOver(err)
	}
	return r.stopAddress(ctx, visitor, e, now)
}

func (r *Rules) stopAddress(ctx context.Context, visitor Visitor, e AddressEnrolment, now time.Time) error {
	grant := Grant{At: now}
	if e.Use == ForSignIn {
		if err := r.tell(ctx, &grant, visitor, Event{User: e.User, What: EmailChangeStopped, Email: e.Email.Typed}); err != nil {
			return err
		}
	}
	spent, err := r.store.SpendAddressEnrolment(ctx, e.ID, grant)
	return r.changed(ctx, spent, err, grant)
}

// RemoveNoticeAddress removes the second address; it gets one last notice.
func (r *Rules) RemoveNoticeAddress(ctx context.Context, visitor Visitor, session Session) error {
	grant := Grant{At: r.now()}
	notices, err := r.store.FindNoticeAddress(ctx, session.User)
	if err != nil {
		return formOver(err)
	}
	if err := r.tell(ctx, &grant, visitor, Event{User: session.User, What: NoticeEmailRemoved, Email: notices}); err != nil {
		return err
	}
	removed, err := r.store.RemoveNoticeAddress(ctx, session.User, grant)
	return r.changed(ctx, removed, err, grant)
}
