package views

import (
	"strconv"
	"strings"

	"twostep/auth"
)

// eventTexts describes each audit event. FACTOR is the factor that was used,
// NUMBER and EMAIL are the phone number and email address concerned, and LEFT
// is how many backup codes are left.
var eventTexts = map[auth.EventType]string{
	auth.SignedUp:             "Account created",
	auth.SignedIn:             "Signed in (FACTOR)",
	auth.SignedInNewDevice:    "Signed in from a new browser (FACTOR)",
	auth.SecondFactorFailed:   "Correct password, wrong code (FACTOR). Not signed in.",
	auth.SignInLocked:         "Too many attempts (FACTOR). Sign-in was paused.",
	auth.ResetLocked:          "Too many wrong codes. Password reset was locked.",
	auth.Reauthenticated:      "Verified again (FACTOR)",
	auth.SessionEnded:         "Another device signed out",
	auth.SessionsEnded:        "All other devices signed out",
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
	auth.PasswordReset:        "Password reset by email. Signed out everywhere.",
	auth.EmailChangeRequested: "Change of email address to EMAIL requested",
	auth.EmailChangeStopped:   "Change of email address to EMAIL cancelled",
	auth.EmailChanged:         "Email address changed to EMAIL",
	auth.NoticeEmailAdded:     "Second email address EMAIL added",
	auth.NoticeEmailRemoved:   "Second email address EMAIL removed",
	auth.AccountDeleted:       "Account deleted",

	auth.OperatorAdded:         "Account created by an administrator",
	auth.OperatorUnlocked:      "Account unlocked by an administrator",
	auth.OperatorResetMFA:      "Two-step verification removed by an administrator. Signed out everywhere.",
	auth.OperatorResetPassword: "Password reset by an administrator. Signed out everywhere.",
	auth.OperatorMustChange:    "New password required by an administrator",
	auth.OperatorSignedOut:     "Signed out everywhere by an administrator",
	auth.OperatorDisabled:      "Account disabled by an administrator",
	auth.OperatorEnabled:       "Account enabled by an administrator",
}

var factorNames = map[auth.FactorKind]string{
	auth.Password:   "password",
	auth.TOTPCode:   "authenticator app",
	auth.PhoneCode:  "SMS code",
	auth.BackupCode: "backup code",
	auth.EmailCode:  "email code",

	auth.PasskeyPresent:  "security key",
	auth.PasskeyVerified: "passkey",
}

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
	return strings.NewReplacer(
		"FACTOR", factor, "NUMBER", maskPhone(e.Phone), "EMAIL", oneLine(e.Email), "LEFT", strconv.Itoa(e.BackupCodesLeft),
	).Replace(text)
}
