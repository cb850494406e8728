package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// EventType says what happened to an account, in one word a machine can read.
type EventType string

// What can happen.
const (
	SignedUp             EventType = "signed_up"
	SignedIn             EventType = "signed_in"
	SignedInNewDevice    EventType = "signed_in_new_device"
	SecondFactorFailed   EventType = "second_factor_failed" // after the right password (RC-11)
	SignInLocked         EventType = "sign_in_locked"       // by the brake on failures
	Reauthenticated      EventType = "reauthenticated"
	SessionEnded         EventType = "session_ended"
	SessionsEnded        EventType = "sessions_ended"
	TOTPAdded            EventType = "totp_added"
	TOTPRemoved          EventType = "totp_removed"
	PhoneAdded           EventType = "phone_added"
	PhoneRemoved         EventType = "phone_removed"
	PhoneReserved        EventType = "phone_reserved"
	PhoneReleased        EventType = "phone_released"
	PhoneMadeDefault     EventType = "phone_made_default"
	BackupCodesReplaced  EventType = "backup_codes_replaced"
	BackupCodeUsed       EventType = "backup_code_used"
	PasswordChanged      EventType = "password_changed"
	PasswordReset        EventType = "password_reset"
	EmailChangeRequested EventType = "email_change_requested"
	EmailChangeStopped   EventType = "email_change_stopped"
	EmailChanged         EventType = "email_changed"
	NoticeEmailAdded     EventType = "notice_email_added"
	NoticeEmailRemoved   EventType = "notice_email_removed"
	AccountDeleted       EventType = "account_deleted"

	OperatorAdded         EventType = "operator_added"
	OperatorUnlocked      EventType = "operator_unlocked"
	OperatorResetMFA      EventType = "operator_reset_mfa"
	OperatorResetPassword EventType = "operator_reset_password"
	OperatorMustChange    EventType = "operator_must_change"
	OperatorSignedOut     EventType = "operator_signed_out"
	OperatorDisabled      EventType = "operator_disabled"
	OperatorEnabled       EventType = "operator_enabled"
)

// EventTypes lists all that can happen, for the tests that each has its words.
var EventTypes = []EventType{
	SignedUp, SignedIn, SignedInNewDevice, SecondFactorFailed, SignInLocked, Reauthenticated, SessionEnded, SessionsEnded,
	TOTPAdded, TOTPRemoved, PhoneAdded, PhoneRemoved, PhoneReserved, PhoneReleased, PhoneMadeDefault,
	BackupCodesReplaced, BackupCodeUsed, PasswordChanged, PasswordReset, EmailChangeRequested, EmailChangeStopped,
	EmailChanged, NoticeEmailAdded, NoticeEmailRemoved, AccountDeleted,
	OperatorAdded, OperatorUnlocked, OperatorResetMFA, OperatorResetPassword, OperatorMustChange, OperatorSignedOut,
	OperatorDisabled, OperatorEnabled,
}

// told are the events of which the owner gets a mail, at every stored address
// (RC-07, RC-11, BC-06). The rest stands in the history alone.
var told = map[EventType]bool{
	SignedInNewDevice: true, SecondFactorFailed: true, SignInLocked: true,
	TOTPAdded: true, TOTPRemoved: true, PhoneAdded: true, PhoneRemoved: true, PhoneReserved: true, PhoneReleased: true,
	BackupCodesReplaced: true, BackupCodeUsed: true, PasswordChanged: true, PasswordReset: true,
	EmailChangeRequested: true, EmailChanged: true, NoticeEmailAdded: true, NoticeEmailRemoved: true, AccountDeleted: true,
	OperatorAdded: true, OperatorUnlocked: true, OperatorResetMFA: true, OperatorResetPassword: true,
	OperatorMustChange: true, OperatorSignedOut: true, OperatorDisabled: true, OperatorEnabled: true,
}

// An Event is one line of an account's history. It is written once and never edited.
type Event struct {
	ID        string
	User      UserID
	At        time.Time
	Type      EventType
	Factor    FactorKind // by which factor, where one was proved
	IP        string     // of the client
	UserAgent string     // its own name for itself
	Number    string     // the phone it is about, E.164
	Email     string     // the address it is about
	Left      int        // backup codes left
}

type activityStore interface {
	// FindEmails reads where an account's notices go: its address and, where
	// there is one, the second address.
	FindEmails(ctx context.Context, user UserID) ([]string, error)
	// FindActivity reads a page of the history, newest first: events older than
	// the one with the id given, or the newest where it is empty.
	FindActivity(ctx context.Context, user UserID, before string, most int) ([]Event, error)
}

// Activity returns a page of an account's history, newest first, and whether
// there is more. before is the id of the last event of the page before.
func (r *Rules) Activity(ctx context.Context, user UserID, before string) (events []Event, more bool, err error) {
	events, err = r.store.FindActivity(ctx, user, before, ActivityPage+1)
	if len(events) > ActivityPage {
		return events[:ActivityPage], true, err
	}
	return events, false, err
}

// record is the one hook by which anything gets into an account's history and
// its owner's mail: it puts the event into the grant of the fact it tells of.
func (r *Rules) record(ctx context.Context, grant *ChangeSet, visitor Visitor, e Event) error {
	e.ID, e.At = newEventID(grant.At), grant.At
	e.IP, e.UserAgent = visitor.ip(), cutBrowser(visitor.UserAgent)
	grant.Events = append(grant.Events, e)
	if !told[e.Type] {
		return nil
	}
	addresses, err := r.store.FindEmails(ctx, e.User)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	for _, to := range addresses {
		m := r.notice(MessageKind(e.Type), to, visitor, grant.At)
		m.Number, m.Email, m.Left = e.Number, e.Email, e.Left
		grant.Messages = append(grant.Messages, m)
	}
	return nil
}

// fail tells the owner of an answer that was wrong after a right password,
// and of a brake that closed, and hands the problem on. What an attacker can
// repeat at will is told once an hour: the owner's mailbox is not his to fill.
// For an address nobody bears the same is counted, and nobody told (FF-04).
func (r *Rules) fail(ctx context.Context, visitor Visitor, a Attempt, q question, err error, now time.Time) error {
	var p *Problem
	if !errors.As(err, &p) {
		return err
	}
	e := Event{User: a.User, Factor: q.kind}
	switch {
	case p.Reason == FactorLocked || p.Reason == TooManyAttempts:
		e.Type = SignInLocked
	case a.Step() == StepSecond && q.kind != BackupCode:
		e.Type = SecondFactorFailed
	default:
		return err
	}
	once := r.allow(ctx, now, r.limits(ActionNotify, subjects{ByFactor: string(e.Type) + "/" + q.brake})...)
	if isProblem(once) || once == nil && a.User == "" {
		return err
	}
	if once != nil {
		return once
	}
	grant := ChangeSet{At: now}
	if fault := r.record(ctx, &grant, visitor, e); fault != nil {
		return fault
	}
	if fault := r.store.Apply(ctx, grant); fault != nil {
		return fault
	}
	r.applied(ctx, grant)
	return err
}

// newEventID draws an id that sorts as the events happened.
func newEventID(at time.Time) string {
	return fmt.Sprintf("%013d-%s", at.UnixMilli(), newID()[:10])
}
