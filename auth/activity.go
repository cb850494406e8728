package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// An EventType names what happened to an account.
type EventType string

// The event types.
const (
	SignedUp             EventType = "signed_up"
	SignedIn             EventType = "signed_in"
	SignedInNewDevice    EventType = "signed_in_new_device"
	SignedInRemembered   EventType = "signed_in_remembered" // on a remembered device, without the second step
	SecondFactorFailed   EventType = "second_factor_failed" // after the right password (RC-11)
	SignInLocked         EventType = "sign_in_locked"       // by the limit on failures
	Reauthenticated      EventType = "reauthenticated"
	SessionEnded         EventType = "session_ended"
	SessionsEnded        EventType = "sessions_ended"
	DeviceRemembered     EventType = "device_remembered"
	DeviceForgotten      EventType = "device_forgotten"
	TOTPAdded            EventType = "totp_added"
	TOTPRemoved          EventType = "totp_removed"
	PasskeyAdded         EventType = "passkey_added"
	PasskeyRemoved       EventType = "passkey_removed"
	PasskeyRenamed       EventType = "passkey_renamed"
	PasskeyCloned        EventType = "passkey_cloned" // its counter did not increase
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
	NameChanged          EventType = "name_changed"
	AccountDeleted       EventType = "account_deleted"

	SignedInToApp   EventType = "signed_in_to_app" // the first use of an app behind forward auth
	AppConnected    EventType = "app_connected"    // the first use of an app
	AppDisconnected EventType = "app_disconnected"
	AppTokenReused  EventType = "app_token_reused" // a code or refresh token, by the app or by somebody who has copied it

	ResetLocked EventType = "reset_locked" // by the limit on wrong codes

	RecoveryRequested EventType = "recovery_requested"
	RecoveryReminded  EventType = "recovery_reminded"
	RecoveryCompleted EventType = "recovery_completed"
	RecoveryStopped   EventType = "recovery_stopped"
	RecoveryDisputed  EventType = "recovery_disputed" // after its end: the account is disabled

	OperatorAdded         EventType = "operator_added"
	OperatorUnlocked      EventType = "operator_unlocked"
	OperatorResetMFA      EventType = "operator_reset_mfa"
	OperatorResetPassword EventType = "operator_reset_password"
	OperatorMustChange    EventType = "operator_must_change"
	OperatorSignedOut     EventType = "operator_signed_out"
	OperatorEndedSession  EventType = "operator_ended_session"
	OperatorDisabled      EventType = "operator_disabled"
	OperatorEnabled       EventType = "operator_enabled"
	OperatorAddedGroup    EventType = "operator_added_group"
	OperatorRemovedGroup  EventType = "operator_removed_group"
	OperatorChangedRole   EventType = "operator_changed_role"
	OperatorDeleted       EventType = "operator_deleted"

	OperatorStartedRecovery EventType = "operator_started_recovery"
	OperatorRefusedRecovery EventType = "operator_refused_recovery"

	OperatorExempted       EventType = "operator_exempted" // from the MFA policies
	OperatorEndedExemption EventType = "operator_ended_exemption"
	OperatorReminded       EventType = "operator_reminded" // of the MFA deadline

	ApprovalRequested EventType = "approval_requested" // of an act by an administrator, see [Approval]
	ApprovalGranted   EventType = "approval_granted"   // of a download; of another act, the act itself is recorded
	ApprovalRefused   EventType = "approval_refused"   // by another one
	ApprovalWithdrawn EventType = "approval_withdrawn"
)

// Events of the site, of no account.
const (
	MFAPolicySet           EventType = "mfa_policy_set"
	MFAPolicyRemoved       EventType = "mfa_policy_removed"
	SettingChanged         EventType = "setting_changed"
	OperatorAddedApp       EventType = "operator_added_app"
	OperatorChangedApp     EventType = "operator_changed_app"
	OperatorAddedSecret    EventType = "operator_added_app_secret"
	OperatorEndedSecret    EventType = "operator_ended_app_secret"
	OperatorReplacedSecret EventType = "operator_replaced_app_secret" // the previous one ended at once
	OperatorDisabledApp    EventType = "operator_disabled_app"
	OperatorEnabledApp     EventType = "operator_enabled_app"
	OperatorRemovedApp     EventType = "operator_removed_app"
	OperatorExported       EventType = "operator_exported" // a list, to a file
	OperatorInvited        EventType = "operator_invited"  // also of an account that has no password yet
	OperatorUninvited      EventType = "operator_uninvited"
)

// MailedCodesGuessed is an alarm: it is about no account and in no history, and passed
// only to the observer.
const MailedCodesGuessed EventType = "mailed_codes_guessed"

// ObservedEvents lists all event types that the observer can get.
var ObservedEvents = append(slices.Clone(EventTypes), MailedCodesGuessed)

// EventTypes lists all event types of accounts, for the tests that each has a text.
var EventTypes = []EventType{
	SignedUp, SignedIn, SignedInNewDevice, SignedInRemembered, SecondFactorFailed, SignInLocked, Reauthenticated,
	SessionEnded, SessionsEnded, DeviceRemembered, DeviceForgotten,
	TOTPAdded, TOTPRemoved, PasskeyAdded, PasskeyRemoved, PasskeyRenamed, PasskeyCloned,
	PhoneAdded, PhoneRemoved, PhoneReserved, PhoneReleased, PhoneMadeDefault,
	BackupCodesReplaced, BackupCodeUsed, PasswordChanged, PasswordReset, EmailChangeRequested, EmailChangeStopped,
	EmailChanged, NoticeEmailAdded, NoticeEmailRemoved, NameChanged, AccountDeleted, ResetLocked,
	SignedInToApp, AppConnected, AppDisconnected, AppTokenReused,
	RecoveryRequested, RecoveryReminded, RecoveryCompleted, RecoveryStopped, RecoveryDisputed, OperatorStartedRecovery, OperatorRefusedRecovery,
	OperatorAdded, OperatorUnlocked, OperatorResetMFA, OperatorResetPassword, OperatorMustChange, OperatorSignedOut, OperatorEndedSession,
	OperatorDisabled, OperatorEnabled, OperatorAddedGroup, OperatorRemovedGroup, OperatorChangedRole, OperatorDeleted, SettingChanged,
	OperatorExempted, OperatorEndedExemption, OperatorReminded, MFAPolicySet, MFAPolicyRemoved,
	OperatorAddedApp, OperatorChangedApp, OperatorAddedSecret, OperatorEndedSecret, OperatorReplacedSecret,
	OperatorDisabledApp, OperatorEnabledApp, OperatorRemovedApp, OperatorExported, OperatorInvited, OperatorUninvited,
	ApprovalRequested, ApprovalGranted, ApprovalRefused, ApprovalWithdrawn,
}

// notified are the events that the owner is notified of at every stored email
// address (RC-07, RC-11, BC-06). All others are only recorded.
var notified = map[EventType]bool{
	SignedInNewDevice: true, SecondFactorFailed: true, SignInLocked: true,
	TOTPAdded: true, TOTPRemoved: true, PasskeyAdded: true, PasskeyRemoved: true, PasskeyCloned: true, PhoneAdded: true, PhoneRemoved: true, PhoneReserved: true, PhoneReleased: true,
	BackupCodesReplaced: true, BackupCodeUsed: true, PasswordChanged: true, PasswordReset: true,
	EmailChangeRequested: true, EmailChanged: true, NoticeEmailAdded: true, NoticeEmailRemoved: true, AccountDeleted: true, ResetLocked: true,
	AppConnected: true, AppTokenReused: true,
	RecoveryRequested: true, RecoveryReminded: true, RecoveryCompleted: true, RecoveryStopped: true, RecoveryDisputed: true,
	OperatorStartedRecovery: true, OperatorRefusedRecovery: true,
	OperatorUnlocked: true, OperatorResetMFA: true, OperatorResetPassword: true,
	OperatorMustChange: true, OperatorSignedOut: true, OperatorEndedSession: true, OperatorDisabled: true, OperatorEnabled: true, OperatorAddedGroup: true, OperatorRemovedGroup: true, OperatorChangedRole: true, OperatorDeleted: true,
	OperatorExempted: true, OperatorEndedExemption: true,
}

// An Event is one entry of an account's history. It is written once and never
// edited.
type Event struct {
	ID              string
	User            UserID
	At              time.Time
	Type            EventType
	Factor          FactorKind // the factor that was verified, if any
	IP              string     // of the client
	UserAgent       string     // its own name for itself
	Phone           string     // of the phone, E.164
	Email           string     // the address that was added, changed or removed
	Name            string     // of the app, its host, the group, the role, the setting, the policy or the requested act; or a day
	BackupCodesLeft int        // backup codes left
	StopHash        string     // hash of the token in the notice, which stops a change of address
	Actor           string     // account of the administrator, or [CommandActor]; empty for the user
	Reason          string     // that the administrator gave
}

// Activity returns a page of an account's history, newest first, and reports
// whether there is more. before is the id of the last event of the page before.
func (r *Rules) Activity(ctx context.Context, user UserID, before string) (events []Event, more bool, err error) {
	events, err = r.store.FindActivity(ctx, user, before, ActivityPage+1)
	events, more = firstPage(events, ActivityPage)
	return events, more, err
}

// record adds an event to the changes that it describes, and the notices to the
// account's owner. It is the only way into the history.
func (r *Rules) record(ctx context.Context, changes *ChangeSet, client Client, e Event) error {
	e = changes.addEvent(client, e)
	if stopsRecovery(e) {
		if err := r.stopRecovery(ctx, changes, client, e); err != nil {
			return err
		}
	}
	if !notified[e.Type] {
		return nil
	}
	emails, err := r.store.FindEmails(ctx, e.User)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	noticed, operated := client, e.Actor != ""
	if operated { // where an administrator was is not for the user
		noticed = Client{}
	}
	for _, to := range emails {
		m := r.notice(MessageKind(e.Type), to, noticed, changes.At)
		m.Number, m.Email, m.App, m.Left, m.Operated = e.Phone, e.Email, e.Name, e.BackupCodesLeft, operated
		changes.add(QueueMessage{Message: m, Limits: r.noticeLimits(m)})
	}
	return nil
}

// addEvent adds an event, and returns it with the fields that all events have.
func (s *ChangeSet) addEvent(client Client, e Event) Event {
	e.ID, e.User, e.At = newEventID(s.At), s.User, s.At
	e.IP, e.UserAgent = client.ip(), cutUserAgent(client.UserAgent)
	s.add(RecordEvent{e})
	return e
}

// hasToken are the notices that may have a token. None is left out: the requests that cause
// them are limited.
var hasToken = map[EventType]bool{
	EmailChangeRequested: true,
	RecoveryRequested:    true, OperatorStartedRecovery: true, RecoveryReminded: true, RecoveryCompleted: true,
}

// noticeLimits are the limits of notices of one kind to one address. The last one says
// that there are more events: the history has all of them.
func (r *Rules) noticeLimits(m Message) []RateLimit {
	if hasToken[EventType(m.Kind)] {
		return nil
	}
	to := subjects{ByRecipient: {string(m.Kind), m.To}}
	return append(r.limits(ActionNotice, to), r.limits(ActionSummary, to)...)
}

// fail notifies the owner of a wrong response after a correct password and of a
// limit that was reached, and returns err. What attackers can repeat at will is
// notified once an hour, so that they cannot fill the owner's mailbox. An email
// address without an account is counted the same, but nobody is notified: a decoy
// causes the same transactions (FF-04).
func (r *Rules) fail(ctx context.Context, a Attempt, c challenge, err error, now time.Time) error {
	p, ok := errors.AsType[*Problem](err)
	if !ok {
		return err
	}
	e := Event{Factor: c.kind()}
	switch {
	case p.Reason == MailedCodeLocked && a.Purpose == ResetPassword:
		e.Type = ResetLocked
	case p.Reason == FactorLocked || p.Reason == TooManyAttempts:
		e.Type = SignInLocked
	case p.Reason == PasskeyCopied:
		e.Type = PasskeyCloned
	case (a.Step() == StepMFA || a.Purpose == RecoverMFA || a.Purpose == SignIn && c.kind() == EmailCode) && !harmless[p.Reason]:
		e.Type = SecondFactorFailed
	default:
		return err
	}
	limited := r.allow(ctx, now, r.limits(ActionNotify, subjects{ByFactor: append([]string{string(e.Type)}, c.counter...)})...)
	if isProblem(limited) {
		return err
	}
	if limited != nil {
		return limited
	}
	changes := ChangeSet{User: a.User, At: now}
	if a.User == "" {
		if _, fault := r.store.FindEmails(ctx, ""); ignoreNotFound(fault) != nil {
			return fault
		}
		m := r.decoy(a.Email, now)
		changes.add(QueueMessage{Message: m, Limits: r.noticeLimits(m)})
	} else if fault := r.record(ctx, &changes, c.client, e); fault != nil {
		return fault
	}
	if fault := r.apply(ctx, changes); fault != nil {
		return fault
	}
	return err
}

// harmless are problems of a passkey that its owner meets, and that no attacker is
// needed for.
var harmless = map[Reason]bool{PasskeyMissing: true, PasskeyExpired: true, PasskeyChanged: true, PasskeyUnverified: true}

// newEventID returns an id that sorts by time.
func newEventID(at time.Time) string {
	return fmt.Sprintf("%013d-%s", at.UnixMilli(), newID()[:10])
}
