package views

import "twostep/auth"

// A notification is what a notice says happened, and what to do about it if it
// was somebody else.
type notification struct{ subject, text, help string }

// What to do if it was not you. Whoever did it knows the password or sits at a
// browser that is signed in, so a new password comes first (RC-07).
const (
	helpPassword = "If it was not you, somebody knows your password. Change it at once: ORIGIN/account/password"
	helpTries    = "If it was not you, nobody got in by it, and your password still works once the wait is over. If you use that password anywhere else too, change it: ORIGIN/account/password"
	helpFactors  = "If it was not you, somebody may know your password. Change it: ORIGIN/account/password\n\nThen remove what is not yours and generate new backup codes: ORIGIN/account/manage-mfa"
	helpReset    = "If it was not you, set a new password at once, which signs everybody else out: ORIGIN/forgot-password"
	helpStop     = "If it was not you, stop the change: ORIGIN/account/email/stop?token=TOKEN\n\nThen change your password, for somebody may be signed in: ORIGIN/account/password"
	helpEmails   = "If it was not you, somebody may be signed in to your account. Change your password: ORIGIN/account/password\n\nThen look at its email addresses: ORIGIN/account/email"
	helpOperator = "If you did not expect this, ask the people who run the site: ORIGIN/"
	helpWelcome  = "To begin, set a password with a code that is sent to this address: ORIGIN/forgot-password\n\nIf you did not expect this, there is nothing to do."
	helpAnew     = "To sign in again, set a new password with a code that is sent to this address: ORIGIN/forgot-password\n\nIf you did not expect this, ask the people who run the site."
	helpGone     = "If it was not you, tell the people who run the site at once: ORIGIN/"
)

// notifications has one for each event that is told to an account's owner.
var notifications = map[auth.MessageKind]notification{
	auth.MessageKind(auth.SignedInNewDevice): {
		"New sign-in to PRODUCT",
		"Somebody signed in to your account at PRODUCT with a browser that was not used before.",
		helpPassword,
	},
	auth.MessageKind(auth.SecondFactorFailed): {
		"Sign-in to PRODUCT not completed",
		"Somebody gave the right password of your account at PRODUCT, but a wrong code in the second step. They were not signed in.",
		helpPassword,
	},
	auth.MessageKind(auth.SignInLocked): {
		"Too many tries to sign in to PRODUCT",
		"There were so many wrong tries to sign in to your account at PRODUCT that further ones have to wait.",
		helpTries,
	},
	auth.MessageKind(auth.TOTPAdded): {
		"Authentication app added to PRODUCT",
		"An authentication app was added to your account at PRODUCT. If there was an earlier one, it no longer works.",
		helpFactors,
	},
	auth.MessageKind(auth.TOTPRemoved): {
		"Authentication app removed from PRODUCT",
		"The authentication app was removed from your account at PRODUCT.",
		helpFactors,
	},
	auth.MessageKind(auth.PhoneAdded): {
		"Phone number added to PRODUCT",
		"The phone number NUMBER was added to your account at PRODUCT.",
		helpFactors,
	},
	auth.MessageKind(auth.PhoneRemoved): {
		"Phone number removed from PRODUCT",
		"The phone number NUMBER was removed from your account at PRODUCT.",
		helpFactors,
	},
	auth.MessageKind(auth.PhoneReserved): {
		"Phone number used to sign in to PRODUCT",
		"The phone number NUMBER now gets codes to sign in to your account at PRODUCT.",
		helpFactors,
	},
	auth.MessageKind(auth.PhoneReleased): {
		"Phone number no longer used to sign in to PRODUCT",
		"The phone number NUMBER no longer gets codes to sign in to your account at PRODUCT.",
		helpFactors,
	},
	auth.MessageKind(auth.BackupCodesReplaced): {
		"New backup codes at PRODUCT",
		"New backup codes were made for your account at PRODUCT. The earlier ones no longer work.",
		helpFactors,
	},
	auth.MessageKind(auth.BackupCodeUsed): {
		"Backup code used at PRODUCT",
		"A backup code was used for your account at PRODUCT. LEFT",
		helpFactors,
	},
	auth.MessageKind(auth.PasswordChanged): {
		"Password changed at PRODUCT",
		"The password of your account at PRODUCT was changed.",
		helpReset,
	},
	auth.MessageKind(auth.PasswordReset): {
		"Password reset at PRODUCT",
		"A new password was set for your account at PRODUCT, by a code that was sent to you by mail. Every device was signed out.",
		helpReset,
	},
	auth.MessageKind(auth.EmailChangeRequested): {
		"Change of your email address at PRODUCT",
		"Somebody asked to change the email address of your account at PRODUCT to EMAIL. Nothing changes before that address is proved.",
		helpStop,
	},
	auth.MessageKind(auth.EmailChanged): {
		"Email address changed at PRODUCT",
		"The email address of your account at PRODUCT is now EMAIL. It is the one to sign in with.",
		helpGone,
	},
	auth.MessageKind(auth.NoticeEmailAdded): {
		"Second email address added at PRODUCT",
		"Notices about your account at PRODUCT now go to EMAIL too.",
		helpEmails,
	},
	auth.MessageKind(auth.NoticeEmailRemoved): {
		"Second email address removed at PRODUCT",
		"Notices about your account at PRODUCT no longer go to EMAIL.",
		helpEmails,
	},
	auth.MessageKind(auth.AccountDeleted): {
		"Account deleted at PRODUCT",
		"Your account at PRODUCT was deleted, with everything in it.",
		helpGone,
	},
	auth.MessageKind(auth.OperatorAdded): {
		"An account for you at PRODUCT",
		"The people who run PRODUCT made an account for you.",
		helpWelcome,
	},
	auth.MessageKind(auth.OperatorUnlocked): {
		"You can sign in to PRODUCT again",
		"The people who run PRODUCT lifted the waits that wrong tries had put on your account.",
		helpOperator,
	},
	auth.MessageKind(auth.OperatorResetMFA): {
		"Two-step verification removed at PRODUCT",
		"The people who run PRODUCT removed two-step verification from your account, with its backup codes, and signed all devices out. Sign in with your password and set it up anew.",
		helpOperator,
	},
	auth.MessageKind(auth.OperatorResetPassword): {
		"Password ended at PRODUCT",
		"The people who run PRODUCT made the password of your account worthless and signed all devices out.",
		helpAnew,
	},
	auth.MessageKind(auth.OperatorMustChange): {
		"New password asked for at PRODUCT",
		"The people who run PRODUCT ask you to change the password of your account. You are asked for it the next time you use the site.",
		helpOperator,
	},
	auth.MessageKind(auth.OperatorSignedOut): {
		"Signed out of PRODUCT everywhere",
		"The people who run PRODUCT signed all your devices out. You can sign in again.",
		helpOperator,
	},
	auth.MessageKind(auth.OperatorDisabled): {
		"Account disabled at PRODUCT",
		"The people who run PRODUCT disabled your account. Nobody can sign in to it, and all devices were signed out.",
		helpOperator,
	},
	auth.MessageKind(auth.OperatorEnabled): {
		"Account enabled at PRODUCT",
		"The people who run PRODUCT enabled your account again.",
		helpOperator,
	},
}

// byOperator are the helps of notices that are no surprise to who did it.
var byOperator = map[string]bool{helpOperator: true, helpWelcome: true, helpAnew: true}
