package views

import "twostep/auth"

// A notification is the mail about a security event, with what to do if it was
// not the user.
type notification struct{ subject, text, help string }

// What to do if it was not the user. An attacker who made the change knows the
// password or uses a signed-in browser, so changing the password comes first
// (RC-07).
const (
	helpPassword    = "If not, change your password now: ORIGIN/account/password"
	helpLocked      = "If not, nobody got in, and your password still works after the wait. If you use the same password on another site, change it: ORIGIN/account/password"
	helpResetLocked = "If not, nobody got in. To unlock it, sign in with your password: ORIGIN/sign-in"
	helpFactors     = helpPassword + "\n\nThen remove anything you did not add, and generate new backup codes: ORIGIN/account/manage-mfa"
	helpReset       = "If not, set a new password now, which signs everyone else out: ORIGIN/forgot-password"
	helpStop        = "If not, cancel the change: ORIGIN/account/email/stop?token=TOKEN\n\nThen change your password: ORIGIN/account/password"
	helpEmails      = helpPassword + "\n\nThen check your email addresses: ORIGIN/account/email"
	helpContact     = "If not, contact the site administrator of ORIGIN/"

	helpAdministrator = "If you did not expect this, contact the site administrator of ORIGIN/"
	helpInvitation    = "To get started, set a password: ORIGIN/invitation?token=TOKEN\n\nThe link works once, within 24 hours. After that, ask for a code instead: ORIGIN/forgot-password\n\nIf you did not expect this, you can ignore this email."
	helpNewPassword   = "To sign in, set a new password: ORIGIN/forgot-password\n\nIf you did not expect this, contact the site administrator."
)

// administratorHelp has the texts for what a site administrator did. They do
// not ask whether it was the user.
var administratorHelp = map[string]bool{helpAdministrator: true, helpInvitation: true, helpNewPassword: true}

// notifications has one entry for each event that the account's owner is
// notified of.
var notifications = map[auth.MessageKind]notification{
	auth.MessageKind(auth.SignedInNewDevice): {
		"New sign-in to your PRODUCT account",
		"New sign-in to your PRODUCT account, from a new browser.",
		helpPassword,
	},
	auth.MessageKind(auth.SecondFactorFailed): {
		"Someone entered your PRODUCT password",
		"Someone entered your PRODUCT password but not the right code. They did not get in.",
		helpPassword,
	},
	auth.MessageKind(auth.SignInLocked): {
		"Too many attempts to sign in to PRODUCT",
		"We paused sign-in to your PRODUCT account after too many attempts.",
		helpLocked,
	},
	auth.MessageKind(auth.ResetLocked): {
		"Password reset is locked for your PRODUCT account",
		"We locked password reset for your PRODUCT account after too many wrong codes.",
		helpResetLocked,
	},
	auth.MessageKind(auth.TOTPAdded): {
		"Authenticator app added to your PRODUCT account",
		"An authenticator app was added to your PRODUCT account. If you had another one, it no longer works.",
		helpFactors,
	},
	auth.MessageKind(auth.PasskeyAdded): {
		"Passkey added to your PRODUCT account",
		"A passkey was added to your PRODUCT account. It can be used to sign in.",
		helpFactors,
	},
	auth.MessageKind(auth.PasskeyRemoved): {
		"Passkey removed from your PRODUCT account",
		"A passkey was removed from your PRODUCT account.",
		helpFactors,
	},
	auth.MessageKind(auth.PasskeyCloned): {
		"Passkey refused for your PRODUCT account",
		"A passkey for your PRODUCT account was refused because it may have been copied. Remove it and add a new one.",
		helpFactors,
	},
	auth.MessageKind(auth.TOTPRemoved): {
		"Authenticator app removed from your PRODUCT account",
		"The authenticator app was removed from your PRODUCT account.",
		helpFactors,
	},
	auth.MessageKind(auth.PhoneAdded): {
		"Phone number added to your PRODUCT account",
		"The phone number NUMBER was added to your PRODUCT account.",
		helpFactors,
	},
	auth.MessageKind(auth.PhoneRemoved): {
		"Phone number removed from your PRODUCT account",
		"The phone number NUMBER was removed from your PRODUCT account.",
		helpFactors,
	},
	auth.MessageKind(auth.PhoneReserved): {
		"Phone number turned on for your PRODUCT account",
		"The phone number NUMBER now gets sign-in codes for your PRODUCT account.",
		helpFactors,
	},
	auth.MessageKind(auth.PhoneReleased): {
		"Phone number turned off for your PRODUCT account",
		"The phone number NUMBER no longer gets sign-in codes for your PRODUCT account.",
		helpFactors,
	},
	auth.MessageKind(auth.BackupCodesReplaced): {
		"New backup codes for your PRODUCT account",
		"New backup codes were generated for your PRODUCT account. The old ones no longer work.",
		helpFactors,
	},
	auth.MessageKind(auth.BackupCodeUsed): {
		"Backup code used for your PRODUCT account",
		"A backup code was used for your PRODUCT account. LEFT",
		helpFactors,
	},
	auth.MessageKind(auth.PasswordChanged): {
		"Your PRODUCT password was changed",
		"The password of your PRODUCT account was changed.",
		helpReset,
	},
	auth.MessageKind(auth.PasswordReset): {
		"Your PRODUCT password was reset",
		"The password of your PRODUCT account was reset with a code we sent by email. You were signed out everywhere.",
		helpReset,
	},
	auth.MessageKind(auth.EmailChangeRequested): {
		"Change of your PRODUCT email address",
		"Someone asked to change the email address of your PRODUCT account to EMAIL. Nothing changes until the new address is verified.",
		helpStop,
	},
	auth.MessageKind(auth.EmailChanged): {
		"Your PRODUCT email address was changed",
		"The email address of your PRODUCT account is now EMAIL. Use it to sign in.",
		helpContact,
	},
	auth.MessageKind(auth.NoticeEmailAdded): {
		"Second email address added to your PRODUCT account",
		"We now send security alerts about your PRODUCT account to EMAIL as well.",
		helpEmails,
	},
	auth.MessageKind(auth.NoticeEmailRemoved): {
		"Second email address removed from your PRODUCT account",
		"We no longer send security alerts about your PRODUCT account to EMAIL.",
		helpEmails,
	},
	auth.MessageKind(auth.AccountDeleted): {
		"Your PRODUCT account was deleted",
		"Your PRODUCT account and everything in it was deleted.",
		helpContact,
	},
	auth.MessageInvitation: {
		"Your new PRODUCT account",
		"The site administrator created your PRODUCT account.",
		helpInvitation,
	},
	auth.MessageKind(auth.OperatorUnlocked): {
		"Your PRODUCT account is unlocked",
		"The site administrator unlocked your PRODUCT account. You can sign in again.",
		helpAdministrator,
	},
	auth.MessageKind(auth.OperatorResetMFA): {
		"Two-step verification removed from your PRODUCT account",
		"The site administrator removed two-step verification from your PRODUCT account and signed you out everywhere. Sign in with your password and set it up again.",
		helpAdministrator,
	},
	auth.MessageKind(auth.OperatorResetPassword): {
		"Set a new PRODUCT password",
		"The site administrator reset your PRODUCT password and signed you out everywhere.",
		helpNewPassword,
	},
	auth.MessageKind(auth.OperatorMustChange): {
		"Change your PRODUCT password",
		"The site administrator asks you to change your PRODUCT password. You can do it the next time you use the site.",
		helpAdministrator,
	},
	auth.MessageKind(auth.OperatorSignedOut): {
		"Signed out of PRODUCT everywhere",
		"The site administrator signed you out of PRODUCT everywhere. You can sign in again.",
		helpAdministrator,
	},
	auth.MessageKind(auth.OperatorDisabled): {
		"Your PRODUCT account is disabled",
		"The site administrator disabled your PRODUCT account and signed you out everywhere. You can no longer sign in.",
		helpAdministrator,
	},
	auth.MessageKind(auth.OperatorEnabled): {
		"Your PRODUCT account is enabled",
		"The site administrator enabled your PRODUCT account. You can sign in again.",
		helpAdministrator,
	},
}
