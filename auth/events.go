package auth

import "slices"

// An EventType names what happened to an account.
type EventType string

// The event types of accounts.
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

// The event types of the site, of no account.
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

// MailedCodesGuessed is an alarm: only the observer gets it, and no history has it.
const MailedCodesGuessed EventType = "mailed_codes_guessed"

// ObservedEvents lists all event types that the observer can get.
var ObservedEvents = append(slices.Clone(EventTypes), MailedCodesGuessed)

// EventTypes lists all event types of histories, for the tests that each has a text.
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
