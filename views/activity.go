package views

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"

	"twostep/auth"
)

// eventTexts describes each audit event. FACTOR is the factor that was used,
// NUMBER, EMAIL and NAME are the phone number, email address, and app or group concerned, and LEFT
// is how many backup codes are left.
var eventTexts = map[auth.EventType]string{
	auth.SignedUp:             "Account created",
	auth.SignedIn:             "Signed in (FACTOR)",
	auth.SignedInNewDevice:    "Signed in from a new browser (FACTOR)",
	auth.SignedInRemembered:   "Signed in on a remembered device (FACTOR)",
	auth.SecondFactorFailed:   "Correct password but wrong code (FACTOR), not signed in",
	auth.SignInLocked:         "Sign-in paused after too many attempts (FACTOR)",
	auth.ResetLocked:          "Password reset locked after too many wrong codes",
	auth.Reauthenticated:      "Verified again (FACTOR)",
	auth.SessionEnded:         "Another device signed out",
	auth.SessionsEnded:        "All other devices signed out",
	auth.DeviceRemembered:     "Device remembered: it skips two-step verification at sign-in",
	auth.DeviceForgotten:      "Remembered device forgotten",
	auth.TOTPAdded:            "Authenticator app added",
	auth.TOTPRemoved:          "Authenticator app removed",
	auth.PasskeyAdded:         "Passkey added",
	auth.PasskeyRemoved:       "Passkey removed",
	auth.PasskeyRenamed:       "Passkey renamed",
	auth.PasskeyCloned:        "Passkey refused because it may have been copied",
	auth.PhoneAdded:           "Phone number NUMBER added",
	auth.PhoneRemoved:         "Phone number NUMBER removed",
	auth.PhoneReserved:        "Phone number NUMBER turned on for MFA",
	auth.PhoneReleased:        "Phone number NUMBER turned off for MFA",
	auth.PhoneMadeDefault:     "Phone number NUMBER made the default",
	auth.BackupCodesReplaced:  "New backup codes generated",
	auth.BackupCodeUsed:       "Backup code used, LEFT left",
	auth.PasswordChanged:      "Password changed",
	auth.PasswordReset:        "Password reset by email, signed out everywhere",
	auth.EmailChangeRequested: "Change of email address to EMAIL requested",
	auth.EmailChangeStopped:   "Change of email address to EMAIL cancelled",
	auth.EmailChanged:         "Email address changed to EMAIL",
	auth.NoticeEmailAdded:     "Second email address EMAIL added",
	auth.NoticeEmailRemoved:   "Second email address EMAIL removed",
	auth.SignedInToApp:        "Signed in to NAME",
	auth.NameChanged:          "Name changed",
	auth.AccountDeleted:       "Account deleted",
	auth.AppConnected:         "Signed in to NAME for the first time",
	auth.AppDisconnected:      "NAME disconnected",
	auth.AppTokenReused:       "Access of NAME ended, because a code or token of it was used twice",

	auth.RecoveryRequested: "Recovery requested",
	auth.RecoveryReminded:  "Reminded of the recovery",
	auth.RecoveryCompleted: "Recovery completed: two-step verification removed, signed out everywhere",
	auth.RecoveryStopped:   "Recovery stopped",
	auth.RecoveryDisputed:  "Account blocked with the link in a message about the recovery, signed out everywhere",

	auth.OperatorStartedRecovery: "Recovery started by a site administrator",
	auth.OperatorRefusedRecovery: "Recovery stopped by a site administrator",

	auth.OperatorAdded:         "Account created by a site administrator",
	auth.OperatorUnlocked:      "Account unlocked by a site administrator",
	auth.OperatorResetMFA:      "Two-step verification removed by a site administrator, signed out everywhere",
	auth.OperatorResetPassword: "Password reset by a site administrator, signed out everywhere",
	auth.OperatorMustChange:    "New password required by a site administrator",
	auth.OperatorSignedOut:     "Signed out everywhere by a site administrator",
	auth.OperatorEndedSession:  "Device signed out by a site administrator",
	auth.OperatorDisabled:      "Account disabled by a site administrator",
	auth.OperatorAddedGroup:    "Added to the group NAME by a site administrator",
	auth.OperatorRemovedGroup:  "Removed from the group NAME by a site administrator",
	auth.OperatorChangedRole:   "Role on the administration pages changed to NAME by a site administrator",
	auth.OperatorEnabled:       "Account enabled by a site administrator",
	auth.SettingChanged:        "Setting changed: NAME",
	auth.MFAPolicySet:          "MFA policy set for NAME",
	auth.MFAPolicyRemoved:      "MFA policy removed for NAME",
	auth.OperatorDeleted:       "Account deleted by a site administrator",

	auth.OperatorExempted:       "Exempted from MFA until DAY by a site administrator",
	auth.OperatorEndedExemption: "Exemption from MFA ended by a site administrator",
	auth.OperatorReminded:       "Reminded of MFA by a site administrator",
	auth.OperatorExported:       "Downloaded: NAME",
	auth.OperatorInvited:        "Invitation sent to EMAIL",
	auth.OperatorUninvited:      "Invitation of EMAIL withdrawn",

	auth.OperatorAddedApp:       "App added: NAME",
	auth.OperatorChangedApp:     "App changed: NAME",
	auth.OperatorAddedSecret:    "New secret of the app NAME",
	auth.OperatorEndedSecret:    "Previous secret of the app NAME ended",
	auth.OperatorReplacedSecret: "New secret of the app NAME, the previous one ended",
	auth.OperatorDisabledApp:    "App disabled: NAME",
	auth.OperatorEnabledApp:     "App enabled: NAME",
	auth.OperatorRemovedApp:     "App removed: NAME",

	auth.ApprovalRequested: "NAME requested by a site administrator, waiting for approval by another",
	auth.ApprovalGranted:   "Request approved by another site administrator: NAME",
	auth.ApprovalRefused:   "Request refused by another site administrator: NAME",
	auth.ApprovalWithdrawn: "Request withdrawn by the site administrator who made it: NAME",
}

// eventFills are what is filled into these texts.
var eventFills = regexp.MustCompile(`FACTOR|NUMBER|EMAIL|NAME|DAY|LEFT`)

var factorNames = map[auth.FactorKind]string{
	auth.Password:   "password",
	auth.TOTPCode:   "authenticator app",
	auth.PhoneCode:  "SMS code",
	auth.BackupCode: "backup code",
	auth.EmailCode:  "email code",

	auth.PasskeyPresent:  "security key",
	auth.PasskeyVerified: "passkey",
}

// counterNames are the names of failure counts that are of no factor of a sign-in.
var counterNames = map[auth.FactorKind]string{
	"enrol_totp":    "adding an authenticator app",
	"enrol_phone":   "adding a phone number",
	"enrol_email":   "email code for a new address",
	"reset_email":   "email code to reset the password",
	"sign_up_email": "email code to sign up",
	"recover_email": "email code to recover the account",
}

// counterName is the name of a failure count.
func counterName(kind auth.FactorKind) string { return cmp.Or(factorNames[kind], counterNames[kind]) }

// eventText describes an audit event. A newer version may have recorded types
// that this one does not know; they are still listed.
func eventText(e auth.Event) string {
	text, ok := eventTexts[e.Type]
	if !ok {
		return "Unknown event"
	}
	factor, ok := factorNames[e.Factor]
	if !ok {
		factor = "another method"
	}
	switch e.Type {
	case auth.ApprovalRequested, auth.ApprovalGranted, auth.ApprovalRefused, auth.ApprovalWithdrawn:
		e.Name = requestedAct(e.Name)
	}
	return strings.NewReplacer(
		"FACTOR", factor, "NUMBER", maskPhone(e.Phone), "EMAIL", oneLine(e.Email), "NAME", oneLine(e.Name), "DAY", dayText(e.Name), "LEFT", strconv.Itoa(e.BackupCodesLeft),
	).Replace(text)
}

// eventIcon draws the kind of an event.
func eventIcon(t auth.EventType) icon {
	switch t {
	case auth.SignedIn, auth.SignedInNewDevice, auth.SignedInRemembered:
		return iconSignIn
	case auth.SecondFactorFailed, auth.SignInLocked, auth.ResetLocked, auth.PasskeyCloned, auth.AppTokenReused,
		auth.RecoveryRequested, auth.RecoveryReminded, auth.RecoveryDisputed, auth.OperatorStartedRecovery:
		return iconWarning
	case auth.SessionEnded, auth.SessionsEnded, auth.OperatorSignedOut, auth.OperatorEndedSession:
		return iconSignOut
	case auth.DeviceRemembered, auth.DeviceForgotten:
		return iconDevices
	case auth.SignedInToApp, auth.AppConnected, auth.AppDisconnected, auth.OperatorAddedApp, auth.OperatorChangedApp, auth.OperatorDisabledApp, auth.OperatorEnabledApp:
		return iconApps
	case auth.PasskeyAdded, auth.PasskeyRemoved, auth.PasskeyRenamed, auth.OperatorAddedSecret, auth.OperatorEndedSecret, auth.OperatorReplacedSecret:
		return iconKey
	case auth.TOTPAdded, auth.TOTPRemoved:
		return iconApp
	case auth.Reauthenticated, auth.OperatorResetMFA, auth.RecoveryCompleted, auth.RecoveryStopped, auth.OperatorRefusedRecovery,
		auth.OperatorExempted, auth.OperatorEndedExemption, auth.OperatorReminded, auth.MFAPolicySet, auth.MFAPolicyRemoved:
		return iconShield
	case auth.PhoneAdded, auth.PhoneRemoved, auth.PhoneReserved, auth.PhoneReleased, auth.PhoneMadeDefault:
		return iconPhone
	case auth.BackupCodesReplaced, auth.BackupCodeUsed:
		return iconCodes
	case auth.PasswordChanged, auth.PasswordReset, auth.OperatorResetPassword, auth.OperatorMustChange, auth.OperatorUnlocked:
		return iconLock
	case auth.EmailChangeRequested, auth.EmailChangeStopped, auth.EmailChanged, auth.NoticeEmailAdded, auth.NoticeEmailRemoved, auth.OperatorInvited, auth.OperatorUninvited:
		return iconMail
	case auth.AccountDeleted, auth.OperatorDeleted, auth.OperatorRemovedApp:
		return iconBin
	}
	return iconPerson
}
