package views

import (
	"strings"

	"twostep/auth"
)

// happenings has a sentence for all that can happen to an account. FACTOR is
// what was proved or tried, NUMBER the phone and EMAIL the address it is about,
// LEFT how many backup codes are left.
var happenings = map[auth.EventType]string{
	auth.SignedUp:             "Signed up. The account began.",
	auth.SignedIn:             "Signed in with FACTOR.",
	auth.SignedInNewDevice:    "Signed in with FACTOR, from a browser that was not used before.",
	auth.SecondFactorFailed:   "Right password, then a wrong try at FACTOR. Not signed in.",
	auth.SignInLocked:         "Too many wrong tries at FACTOR. Further ones had to wait.",
	auth.Reauthenticated:      "Verified again with FACTOR.",
	auth.SessionEnded:         "Another device was signed out.",
	auth.SessionsEnded:        "All other devices were signed out.",
	auth.TOTPAdded:            "Authentication app added.",
	auth.TOTPRemoved:          "Authentication app removed.",
	auth.PhoneAdded:           "Phone number NUMBER added.",
	auth.PhoneRemoved:         "Phone number NUMBER removed.",
	auth.PhoneReserved:        "Phone number NUMBER put to use for MFA.",
	auth.PhoneReleased:        "Phone number NUMBER no longer used for MFA.",
	auth.PhoneMadeDefault:     "Phone number NUMBER made the default.",
	auth.BackupCodesReplaced:  "New backup codes generated. The earlier ones stopped working.",
	auth.BackupCodeUsed:       "Backup code used, LEFT left.",
	auth.PasswordChanged:      "Password changed.",
	auth.PasswordReset:        "New password set with a code sent by email. All devices were signed out.",
	auth.EmailChangeRequested: "Change of the email address to EMAIL asked for.",
	auth.EmailChangeStopped:   "Change of the email address to EMAIL stopped.",
	auth.EmailChanged:         "Email address changed to EMAIL.",
	auth.NoticeEmailAdded:     "Second email address EMAIL added.",
	auth.NoticeEmailRemoved:   "Second email address EMAIL removed.",
	auth.AccountDeleted:       "Account deleted.",

	auth.OperatorAdded:         "Account made by the people who run this site.",
	auth.OperatorUnlocked:      "Waits after wrong tries lifted by the people who run this site.",
	auth.OperatorResetMFA:      "Two-step verification removed by the people who run this site. All devices were signed out.",
	auth.OperatorResetPassword: "Password ended by the people who run this site. All devices were signed out.",
	auth.OperatorMustChange:    "New password asked for by the people who run this site.",
	auth.OperatorSignedOut:     "All devices signed out by the people who run this site.",
	auth.OperatorDisabled:      "Account disabled by the people who run this site.",
	auth.OperatorEnabled:       "Account enabled again by the people who run this site.",
}

// factors names what was proved.
var factors = map[auth.FactorKind]string{
	auth.Password:   "the password",
	auth.TOTPCode:   "the authentication app",
	auth.PhoneCode:  "the SMS code",
	auth.BackupCode: "a backup code",
	auth.EmailCode:  "the code by email",
}

// happened says an event in a sentence. What a later version wrote and this
// one has no words for is still an entry of the history.
func happened(e auth.Event) string {
	text, known := happenings[e.Type]
	if !known {
		return "Something happened that this page has no words for."
	}
	factor, known := factors[e.Factor]
	if !known {
		factor = "another factor"
	}
	return strings.NewReplacer(
		"FACTOR", factor, "NUMBER", maskPhone(e.Number), "EMAIL", oneLine(e.Email), "LEFT", count(e.Left, "backup code"),
	).Replace(text)
}
