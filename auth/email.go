package auth

import (
	"context"
	"errors"
	"strings"
	"time"
)

// An EmailUse is what a new address is for.
type EmailUse string

// The uses.
const (
	ForSignIn  EmailUse = "sign_in" // in place of the account's address
	ForNotices EmailUse = "notices" // a second address that gets the notices too (RC-08)
)

// An EmailEnrolment is an address that waits to be proved. Nothing changes
// before it is (RC-09). It belongs to the account, not to the session, so that
// the bearer of the old address can stop it from anywhere.
type EmailEnrolment struct {
	ID        string // holder of its code
	User      UserID
	Use       EmailUse
	Email     Email
	StopHash  string // hash of the token in the mail to the old address
	ExpiresAt time.Time

	Code *SentCode // the code sent for it, if one still stands
}

type emailStore interface {
	// FindNoticeEmail reads the account's second address.
	FindNoticeEmail(ctx context.Context, user UserID) (string, error)
	// RemoveNoticeEmail removes it.
	RemoveNoticeEmail(ctx context.Context, user UserID, grant ChangeSet) (removed bool, err error)
	// FindEmailEnrolment reads the address that waits to be proved.
	FindEmailEnrolment(ctx context.Context, user UserID, now time.Time) (EmailEnrolment, error)
	// FindEmailChange reads the enrolment that a stop token belongs to.
	FindEmailChange(ctx context.Context, stopHash string, now time.Time) (EmailEnrolment, error)
	// ReplaceEmailEnrolment puts one in place of the account's, with its code.
	ReplaceEmailEnrolment(ctx context.Context, e EmailEnrolment, grant ChangeSet) error
	// ReplaceEmailCode puts a new code in place of an enrolment's that still waits.
	ReplaceEmailCode(ctx context.Context, id string, grant ChangeSet) (replaced bool, err error)
	// SpendEmailEnrolment ends an enrolment; nothing of it can be used any more.
	SpendEmailEnrolment(ctx context.Context, id string, grant ChangeSet) (spent bool, err error)
}

// An Emails is what an account has and what waits to be proved.
type Emails struct {
	SignIn  string
	Notices string          // empty for none
	Pending *EmailEnrolment // nil for none
}

// Emails returns an account's addresses.
func (r *Rules) Emails(ctx context.Context, session Session) (Emails, error) {
	now := r.now()
	all := Emails{SignIn: session.Email}
	var err error
	if all.Notices, err = r.store.FindNoticeEmail(ctx, session.User); notMissing(err) != nil {
		return all, err
	}
	e, err := r.emailEnrolment(ctx, session, now)
	if err == nil {
		all.Pending = &e
	}
	return all, notMissing(err)
}

func (r *Rules) emailEnrolment(ctx context.Context, session Session, now time.Time) (EmailEnrolment, error) {
	e, err := r.store.FindEmailEnrolment(ctx, session.User, now)
	if err == nil {
		e.Code, err = r.sentCode(ctx, e.ID, ByEmail, now)
	}
	return e, err
}

// StartEmailChange begins the change of an address: a code goes to the new one, and
// of a change of the sign-in address the old one is told, with a token by which
// it can be stopped. An address that is another account's looks the same, but
// no code goes there.
func (r *Rules) StartEmailChange(ctx context.Context, visitor Visitor, session Session, use EmailUse, typed string) error {
	now := r.now()
	email, err := ParseEmail(typed)
	if err != nil {
		return err
	}
	own, err := ParseEmail(session.Email)
	if err != nil {
		return err
	}
	notices, err := r.store.FindNoticeEmail(ctx, session.User)
	if notMissing(err) != nil {
		return err
	}
	if email.Key == own.Key || use == ForNotices && strings.EqualFold(notices, email.Typed) {
		return &Problem{Reason: EmailSame, Field: "email"}
	}
	if use == ForNotices && notices != "" {
		return &Problem{Reason: TooManyEmails, Limit: 1 + NoticeEmailsMax}
	}
	stop := NewToken()
	e := EmailEnrolment{
		ID: newID(), User: session.User, Use: use, Email: email, StopHash: stop.Hash(), ExpiresAt: now.Add(StopTokenLifetime),
	}
	grant := ChangeSet{At: now}
	if err := r.oweAddressCode(ctx, visitor, e, &grant, now); err != nil {
		return err
	}
	if use == ForSignIn {
		if err := r.record(ctx, &grant, visitor, Event{User: session.User, Type: EmailChangeRequested, Email: email.Typed}); err != nil {
			return err
		}
		for i := range grant.Messages {
			if grant.Messages[i].Kind == MessageKind(EmailChangeRequested) {
				grant.Messages[i].StopToken = stop
			}
		}
	}
	if err := r.store.ReplaceEmailEnrolment(ctx, e, grant); err != nil {
		return err
	}
	r.applied(ctx, grant)
	return nil
}

// ResendEmailCode sends a new code to the address that waits.
func (r *Rules) ResendEmailCode(ctx context.Context, visitor Visitor, session Session) error {
	now := r.now()
	e, err := r.emailEnrolment(ctx, session, now)
	if err != nil {
		return formExpired(err)
	}
	grant := ChangeSet{At: now}
	if err := r.oweAddressCode(ctx, visitor, e, &grant, now); err != nil {
		return err
	}
	replaced, err := r.store.ReplaceEmailCode(ctx, e.ID, grant)
	return r.changed(ctx, replaced, err, grant)
}

func (r *Rules) oweAddressCode(ctx context.Context, visitor Visitor, e EmailEnrolment, grant *ChangeSet, now time.Time) error {
	if err := r.allowSending(ctx, visitor, now, e.Email.Key, string(e.User)); err != nil {
		return err
	}
	_, err := r.store.FindUserByEmail(ctx, e.Email.Key)
	switch {
	case err == nil && e.Use == ForSignIn:
		r.oweTaken(e.ID, e.Email.Typed, grant, now)
	case err == nil || errors.Is(err, ErrNotFound):
		r.oweCode(e.ID, e.Email.Typed, Message{Channel: ByEmail, Kind: MessageEmailCode}, grant, now)
		err = nil
	}
	return notMissing(err)
}

// VerifyEmail ends the change: the address is the account's from now on. Both
// the old and the new one are told, other sessions end, and so does what was
// asked for under the old address.
func (r *Rules) VerifyEmail(ctx context.Context, visitor Visitor, session Session, answer string) error {
	now := r.now()
	e, err := r.emailEnrolment(ctx, session, now)
	if err != nil {
		return formExpired(err)
	}
	if cleanCode(answer) == "" {
		return &Problem{Reason: CodeMissing, Field: "code"}
	}
	q := question{
		kind: EmailCode, user: session.User, visitor: visitor, holder: e.ID, numbers: []string{e.Email.Typed},
		brake: brakeName(enrolEmail, string(session.User), false),
	}
	spend, err := r.checkResponse(ctx, q, answer, now)
	if err != nil {
		return err
	}
	grant := ChangeSet{At: now, Email: &e}
	r.right(&grant, q)
	event := Event{User: session.User, Type: NoticeEmailAdded, Email: e.Email.Typed}
	if e.Use == ForSignIn {
		event.Type = EmailChanged
		grant.EndSessions = &EndSessions{User: session.User, Except: session.ID}
	}
	if err := r.record(ctx, &grant, visitor, event); err != nil {
		return err
	}
	m := r.notice(MessageKind(event.Type), e.Email.Typed, visitor, now)
	m.Email = e.Email.Typed
	grant.Messages = append(grant.Messages, m)
	spent, err := spend(ctx, grant)
	if errors.Is(err, ErrEmailTaken) {
		err = &Problem{Reason: EmailTaken}
	}
	return r.changed(ctx, spent, err, grant)
}

// CancelEmailChange forgets the address that waits to be proved.
func (r *Rules) CancelEmailChange(ctx context.Context, visitor Visitor, session Session) error {
	now := r.now()
	e, err := r.emailEnrolment(ctx, session, now)
	if err != nil {
		return formExpired(err)
	}
	return r.stopEmailChange(ctx, visitor, e, now)
}

// FindEmailChange is the change that a token from a mail can stop, or
// ErrNotFound where it is over. Looking stops nothing.
func (r *Rules) FindEmailChange(ctx context.Context, token Token) (EmailEnrolment, error) {
	return r.store.FindEmailChange(ctx, token.Hash(), r.now())
}

// StopEmailChange stops the change that a token belongs to. Whoever reads the
// mail of the old address may do that, signed in or not.
func (r *Rules) StopEmailChange(ctx context.Context, visitor Visitor, token Token) error {
	now := r.now()
	e, err := r.store.FindEmailChange(ctx, token.Hash(), now)
	if err != nil {
		return formExpired(err)
	}
	return r.stopEmailChange(ctx, visitor, e, now)
}

func (r *Rules) stopEmailChange(ctx context.Context, visitor Visitor, e EmailEnrolment, now time.Time) error {
	grant := ChangeSet{At: now}
	if e.Use == ForSignIn {
		if err := r.record(ctx, &grant, visitor, Event{User: e.User, Type: EmailChangeStopped, Email: e.Email.Typed}); err != nil {
			return err
		}
	}
	spent, err := r.store.SpendEmailEnrolment(ctx, e.ID, grant)
	return r.changed(ctx, spent, err, grant)
}

// RemoveNoticeEmail removes the second address; it gets one last notice.
func (r *Rules) RemoveNoticeEmail(ctx context.Context, visitor Visitor, session Session) error {
	grant := ChangeSet{At: r.now()}
	notices, err := r.store.FindNoticeEmail(ctx, session.User)
	if err != nil {
		return formExpired(err)
	}
	if err := r.record(ctx, &grant, visitor, Event{User: session.User, Type: NoticeEmailRemoved, Email: notices}); err != nil {
		return err
	}
	removed, err := r.store.RemoveNoticeEmail(ctx, session.User, grant)
	return r.changed(ctx, removed, err, grant)
}
