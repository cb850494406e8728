package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What says what happened to an account, in one word a machine can read.
type What string

// What can happen.
const (
	SignedUp            What = "signed_up"
	SignedIn            What = "signed_in"
	SignedInNewBrowser  What = "signed_in_new_browser"
	SecondFactorMissed  What = "second_factor_missed" // after the right password (RC-11)
	SignInStopped       What = "sign_in_stopped"      // by the brake on failures
	Reverified          What = "reverified"
	SessionEnded        What = "session_ended"
	SessionsEnded       What = "sessions_ended"
	TOTPAdded           What = "totp_added"
	TOTPRemoved         What = "totp_removed"
	PhoneAdded          What = "phone_added"
	PhoneRemoved        What = "phone_removed"
	PhoneReserved       What = "phone_reserved"
	PhoneReleased       What = "phone_released"
	PhoneMadeDefault    What = "phone_made_default"
	BackupCodesReplaced What = "backup_codes_replaced"
	BackupCodeUsed      What = "backup_code_used"
	PasswordChanged     What = "password_changed"
	PasswordReset       What = "password_reset"
	EmailChangeAsked    What = "email_change_asked"
	EmailChangeStopped  What = "email_change_stopped"
	EmailChanged        What = "email_changed"
	NoticeEmailAdded    What = "notice_email_added"
	NoticeEmailRemoved  What = "notice_email_removed"
	AccountDeleted      What = "account_deleted"

	OperatorAdded         What = "operator_added"
	OperatorUnlocked      What = "operator_unlocked"
	OperatorResetMFA      What = "operator_reset_mfa"
	OperatorResetPassword What = "operator_reset_password"
	OperatorMustChange    What = "operator_must_change"
	OperatorSignedOut     What = "operator_signed_out"
	OperatorDisabled      What = "operator_disabled"
	OperatorEnabled       What = "operator_enabled"
)

// Whats lists all that can happen, for the tests that each has its words.
var Whats = []What{
	SignedUp, SignedIn, SignedInNewBrowser, SecondFactorMissed, SignInStopped, Reverified, SessionEnded, SessionsEnded,
	TOTPAdded, TOTPRemoved, PhoneAdded, PhoneRemoved, PhoneReserved, PhoneReleased, PhoneMadeDefault,
	BackupCodesReplaced, BackupCodeUsed, PasswordChanged, PasswordReset, EmailChangeAsked, EmailChangeStopped,
	EmailChanged, NoticeEmailAdded, NoticeEmailRemoved, AccountDeleted,
	OperatorAdded, OperatorUnlocked, OperatorResetMFA, OperatorResetPassword, OperatorMustChange, OperatorSignedOut,
	OperatorDisabled, OperatorEnabled,
}

// told are the events of which the owner gets a mail, at every stored address
// (RC-07, RC-11, BC-06). The rest stands in the history alone.
var told = map[What]bool{
	SignedInNewBrowser: true, SecondFactorMissed: true, SignInStopped: true,
	TOTPAdded: true, TOTPRemoved: true, PhoneAdded: true, PhoneRemoved: true, PhoneReserved: true, PhoneReleased: true,
	BackupCodesReplaced: true, BackupCodeUsed: true, PasswordChanged: true, PasswordReset: true,
	EmailChangeAsked: true, EmailChanged: true, NoticeEmailAdded: true, NoticeEmailRemoved: true, AccountDeleted: true,
	OperatorAdded: true, OperatorUnlocked: true, OperatorResetMFA: true, OperatorResetPassword: true,
	OperatorMustChange: true, OperatorSignedOut: true, OperatorDisabled: true, OperatorEnabled: true,
}

// An Event is one line of an account's history. It is written once and never edited.
type Event struct {
	ID      string
	User    UserID
	At      time.Time
	What    What
	Kind    Kind   // by which factor, where one was proved
	Address string // of the client
	Browser string // its own name for itself
	Number  string // the phone it is about, E.164
	Email   string // the address it is about
	Left    int    // backup codes left
}

type activityStore interface {
	// FindAddresses reads where an account's notices go: its address and, where
	// there is one, the second address.
	FindAddresses(ctx context.Context, user UserID) ([]string, error)
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

// tell is the one hook by which anything gets into an account's history and
// its owner's mail: it puts the event into the grant of the fact it tells of.
func (r *Rules) tell(ctx context.Context, grant *Grant, visitor Visitor, e Event) error {
	e.ID, e.At = newEventID(grant.At), grant.At
	e.Address, e.Browser = visitor.address(), cutBrowser(visitor.Browser)
	grant.Events = append(grant.Events, e)
	if !told[e.What] {
		return nil
	}
	addresses, err := r.store.FindAddresses(ctx, e.User)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	for _, to := range addresses {
		m := r.notice(Letter(e.What), to, visitor, grant.At)
		m.Number, m.Email, m.Left = e.Number, e.Email, e.Left
		grant.Messages = append(grant.Messages, m)
	}
	return nil
}

// missed tells the owner of an answer that was wrong after a right password,
// and of a brake that closed, and hands the problem on. What an attacker can
// repeat at will is told once an hour: the owner's mailbox is not his to fill.
// For an address nobody bears the same is counted, and nobody told (FF-04).
func (r *Rules) missed(ctx context.Context, visitor Visitor, a Attempt, q question, err error, now time.Time) error {
	var p *Problem
	if !errors.As(err, &p) {
		return err
	}
	e := Event{User: a.User, Kind: q.kind}
	switch {
	case p.Reason == FactorStopped || p.Reason == TooManyTries:
		e.What = SignInStopped
	case a.Step() == StepSecond && q.kind != BackupCode:
		e.What = SecondFactorMissed
	default:
		return err
	}
	once := r.take(ctx, now, r.tries(DoorTell, who{ByFactor: string(e.What) + "/" + q.brake})...)
	if isProblem(once) || once == nil && a.User == "" {
		return err
	}
	if once != nil {
		return once
	}
	grant := Grant{At: now}
	if fault := r.tell(ctx, &grant, visitor, e); fault != nil {
		return fault
	}
	if fault := r.store.AddGrant(ctx, grant); fault != nil {
		return fault
	}
	r.granted(ctx, grant)
	return err
}

// newEventID draws an id that sorts as the events happened.
func newEventID(at time.Time) string {
	return fmt.Sprintf("%013d-%s", at.UnixMilli(), newID()[:10])
}
