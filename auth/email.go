package auth

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// An EmailUse is what an email address is for.
type EmailUse string

// The uses.
const (
	ForSignIn  EmailUse = "sign_in" // replaces the sign-in address
	ForNotices EmailUse = "notices" // a second address for notices (RC-08)
)

// An EmailEnrolment is an email address to be verified. Nothing changes before
// (RC-09). It belongs to the account, not to a session, so that the owner of the
// old address can stop the change without signing in.
type EmailEnrolment struct {
	ID        string // holder of its code
	User      UserID
	Use       EmailUse
	Email     Email
	StopHash  string // hash of the token sent to the old address
	ExpiresAt time.Time

	Code *SentCode // if one was sent and has not expired
}

// Emails are an account's email addresses.
type Emails struct {
	SignIn  string
	Notices string          // empty if there is none
	Pending *EmailEnrolment // nil if there is none
}

// Emails returns the account's email addresses.
func (r *Rules) Emails(ctx context.Context, session Session) (Emails, error) {
	now := r.now()
	all := Emails{SignIn: session.Email}
	var err error
	if all.Notices, err = r.store.FindNoticeEmail(ctx, session.User); ignoreNotFound(err) != nil {
		return all, err
	}
	e, err := r.emailEnrolment(ctx, session, now)
	if err == nil {
		all.Pending = &e
	}
	return all, ignoreNotFound(err)
}

func (r *Rules) emailEnrolment(ctx context.Context, session Session, now time.Time) (EmailEnrolment, error) {
	e, err := r.store.FindEmailEnrolment(ctx, session.User, now)
	if err == nil {
		e.Code, err = r.sentCode(ctx, e.ID, ByEmail, now)
	}
	return e, err
}

// StartEmailChange starts to add or change an email address: it sends a code to
// the new address. For a new sign-in address it also notifies the owner; the old
// address, and no other, gets a token that stops the change. If another account has the address the response is
// the same, but no code is sent.
func (r *Rules) StartEmailChange(ctx context.Context, client Client, session Session, use EmailUse, typed string) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	email, err := ParseEmail(typed)
	if use == ForSignIn {
		email, err = r.parseSignInEmail(typed)
	}
	if err != nil {
		return err
	}
	own, err := ParseEmail(session.Email)
	if err != nil {
		return err
	}
	notices, err := r.store.FindNoticeEmail(ctx, session.User)
	if ignoreNotFound(err) != nil {
		return err
	}
	second, _ := ParseEmail(notices) // it was parsed when it was added; there may be none
	if email.Key == own.Key || use == ForNotices && email.Key == second.Key {
		return &Problem{Reason: EmailSame, Field: "email"}
	}
	if use == ForNotices && notices != "" {
		return &Problem{Reason: TooManyEmails, Limit: 1 + NoticeEmailsMax}
	}
	stop := NewToken()
	e := EmailEnrolment{
		ID: newID(), User: session.User, Use: use, Email: email, StopHash: stop.Hash(), ExpiresAt: now.Add(StopTokenLifetime),
	}
	changes := ChangeSet{User: session.User, At: now}
	if err := r.queueEmailCode(ctx, client, e, &changes); err != nil {
		return err
	}
	if use == ForSignIn {
		if err := r.record(ctx, &changes, client, Event{Type: EmailChangeRequested, Email: email.Typed, StopHash: e.StopHash}); err != nil {
			return err
		}
		changes.eachMessage(MessageKind(EmailChangeRequested), func(m *Message) {
			if m.To == session.Email { // the second address may be an intruder's
				m.Token = stop
			}
		})
	}
	err = r.store.ReplaceEmailEnrolment(ctx, e, changes)
	return r.conclude(ctx, changes, true, err)
}

// ResendEmailCode sends a new code to the address of the enrolment.
func (r *Rules) ResendEmailCode(ctx context.Context, client Client, session Session) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	e, err := r.emailEnrolment(ctx, session, now)
	if err != nil {
		return formExpired(err)
	}
	changes := ChangeSet{User: session.User, At: now}
	if err := r.queueEmailCode(ctx, client, e, &changes); err != nil {
		return err
	}
	replaced, err := r.store.ReplaceEmailCode(ctx, e.ID, changes)
	return r.conclude(ctx, changes, replaced, err)
}

// queueEmailCode queues a code to the address of an enrolment or, if another
// account signs in with it, a notice to its owner.
func (r *Rules) queueEmailCode(ctx context.Context, client Client, e EmailEnrolment, changes *ChangeSet) error {
	if err := r.allow(ctx, changes.At, r.mailLimits(client, e.Email, false, string(e.User))...); err != nil {
		return err
	}
	_, err := r.store.FindUserByEmail(ctx, e.Email.Key)
	if ignoreNotFound(err) != nil {
		return err
	}
	if err == nil && e.Use == ForSignIn {
		r.queueEmailTaken(e.ID, e.Email.Typed, changes)
		return nil
	}
	r.queueCode(e.ID, e.Email.Typed, Message{Channel: ByEmail, Kind: MessageEmailCode}, changes)
	return nil
}

// VerifyEmail verifies the address of the enrolment and gives it to the account.
// It notifies the old and the new address. For a new sign-in address it ends other
// sessions and all attempts, which began with the old one.
func (r *Rules) VerifyEmail(ctx context.Context, client Client, session Session, response string) error {
	now := r.now()
	err := r.verifyEmail(ctx, client, session, response, now)
	if !refused(err) {
		return err
	}
	if _, fault := r.store.FindEmailEnrolment(ctx, session.User, now); !errors.Is(fault, ErrNotFound) {
		return cmp.Or(fault, err)
	}
	events, fault := r.store.FindActivity(ctx, session.User, "", ActivityPage)
	for _, e := range events {
		if (e.Type == EmailChanged || e.Type == NoticeEmailAdded) && recent(e.At, now) {
			return nil // the code was posted twice
		}
	}
	return cmp.Or(fault, err)
}

func (r *Rules) verifyEmail(ctx context.Context, client Client, session Session, response string, now time.Time) error {
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	e, err := r.emailEnrolment(ctx, session, now)
	if err != nil {
		return formExpired(err)
	}
	c := challenge{
		factor: sentCodeFactor{channel: ByEmail, holder: e.ID, to: e.Email.Typed},
		user:   session.User, client: client, counter: failureCounter(enrolEmail, e.Email.Key, false),
	}
	spend, counts, err := r.checkEnrolment(ctx, c, response, now)
	if err != nil {
		return err
	}
	changes := ChangeSet{User: session.User, At: now}
	event := Event{Type: NoticeEmailAdded, Email: e.Email.Typed}
	if e.Use == ForSignIn {
		if _, err := r.parseSignInEmail(e.Email.Typed); err != nil {
			return err
		}
		event.Type = EmailChanged
		changes.add(EndSessions{Except: session.ID})
	}
	changes.add(ReplaceEmail{e}, counts)
	if err := r.record(ctx, &changes, client, event); err != nil {
		return err
	}
	m := r.notice(MessageKind(event.Type), e.Email.Typed, client, now)
	m.Email = e.Email.Typed
	changes.add(QueueMessage{Message: m})
	spent, err := spend(ctx, changes)
	if errors.Is(err, ErrEmailTaken) {
		err = r.refund(ctx, c, &Problem{Reason: EmailTaken}, now)
	}
	return r.conclude(ctx, changes, spent, err)
}

// RemoveNoticeEmail removes the second address, which gets one last notice.
func (r *Rules) RemoveNoticeEmail(ctx context.Context, client Client, session Session) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	changes := ChangeSet{User: session.User, At: now}
	notices, err := r.store.FindNoticeEmail(ctx, session.User)
	if err != nil {
		return formExpired(err)
	}
	if err := r.record(ctx, &changes, client, Event{Type: NoticeEmailRemoved, Email: notices}); err != nil {
		return err
	}
	removed, err := r.store.RemoveNoticeEmail(ctx, session.User, changes)
	return r.conclude(ctx, changes, removed, err)
}
