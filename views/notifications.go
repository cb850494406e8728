package views

import (
	"net/url"
	"strconv"
	"strings"

	"twostep/auth"
)

// A notification is the mail about a security event, with what to do if it was
// not the user.
type notification struct {
	subject, lead string
	help          *help
}

// A help is what to do about an event. Its first step is the most important one.
type help struct {
	steps        []paragraph
	unasked      bool // the site administrator did it, so the mail does not ask if it was the user
	administered bool // the steps name the administrator
}

// What to do if it was not the user. An attacker who made the change knows the
// password or uses a signed-in browser, so changing the password comes first
// (RC-07).
var (
	changePassword = paragraph{text: "If not, change your password now", link: link{"/account/password", "Change password"}}

	helpPassword    = &help{steps: []paragraph{changePassword}}
	helpLocked      = &help{steps: []paragraph{{text: "If not, nobody got in, and your password still works after the wait. If you use the same password on another site, change it", link: link{"/account/password", "Change password"}}}}
	helpResetLocked = &help{steps: []paragraph{{text: "If not, nobody got in. To unlock it, sign in with your password", link: link{"/sign-in", "Sign in"}}}}
	helpFactors     = &help{steps: []paragraph{changePassword, {text: "Then remove anything you did not add, and generate new backup codes", link: link{"/account/manage-mfa", "Manage MFA"}}}}
	helpReset       = &help{steps: []paragraph{{text: "If not, set a new password now, which signs everyone else out", link: link{"/forgot-password", "Set a new password"}}}}
	helpStop        = &help{steps: []paragraph{
		{text: "If not, cancel the change", link: link{"/account/email/stop?token=TOKEN", "Cancel the change"}},
		{text: "Then change your password", link: changePassword.link},
	}}
	helpEmails  = &help{steps: []paragraph{changePassword, {text: "Then check your email addresses", link: link{"/account/email", "Email addresses"}}}}
	helpApps    = &help{steps: []paragraph{changePassword, {text: "Then disconnect the app", link: link{"/account/apps", "Connected apps"}}}}
	helpContact = &help{steps: []paragraph{{text: "If not, contact the site administrator."}}, administered: true}

	unexpected        = paragraph{text: "If you did not expect this, contact the site administrator."}
	helpAdministrator = &help{steps: []paragraph{unexpected}, unasked: true, administered: true}
	helpInvitation    = &help{steps: []paragraph{
		{text: "To get started, set a password", link: link{"/invitation?token=TOKEN", "Set a password"}},
		{text: "The link works once, within 7 days. After that, ask for a new invitation."},
		{text: "If you did not expect this, you can ignore this email."},
	}, unasked: true, administered: true}
	helpSetUpMFA = &help{steps: []paragraph{
		{text: "Set it up now, which takes a few minutes", link: link{"/account/manage-mfa", "Set up two-step verification"}},
		unexpected,
	}, unasked: true, administered: true}
	helpNewPassword = &help{steps: []paragraph{
		{text: "To sign in, set a new password", link: link{"/forgot-password", "Set a new password"}},
		unexpected,
	}, unasked: true, administered: true}
)

// notificationMail says what changed, when, from where, and what to do if it
// was not the user (RC-07). It contains no code. Only the mails about a requested
// change of the email address and about a recovery contain a token, which stops that and
// does nothing else (RC-09).
func (r *Renderer) notificationMail(m auth.Message) mail {
	n, ok := notifications[m.Kind]
	if !ok {
		n = recoveryNotifications[m.Kind]
	}
	if n.help == helpStop && m.Token == "" { // only the sign-in address gets the token
		n.help = helpEmails
	}
	if n.help == helpFactors && m.Operated { // the events that a user causes, too
		n.lead, n.help = strings.TrimSuffix(n.lead, ".")+" by the site administrator.", helpAdministrator
	}
	fill := strings.NewReplacer(
		"PRODUCT", r.product, "NUMBER", maskPhone(m.Number), "EMAIL", inertEmail(m.Email), "APP", oneLine(m.App), "DAY", dayText(m.App), "LEFT", codesLeftAdvice(m.Left),
		"TOKEN", url.QueryEscape(string(m.Token)), "DUE", dateTime(m.Due), "NEXT", nextRecovery(m),
	)
	body := []paragraph{circumstances(m)}
	if m.Added != nil {
		body = append(body, added(*m.Added)...)
	}
	if m.Summary {
		body = append(body, paragraph{
			text: "This has happened more than three times within an hour. We will not email you about it again for an hour. All of it is listed here",
			link: link{"/account/activity", "See activity"},
		})
	}
	if !n.help.unasked {
		body = append(body, paragraph{text: "If this was you, you can ignore this email."})
	}
	for i, step := range n.help.steps {
		step.primary = i == 0
		step.link.URL = fill.Replace(step.link.URL)
		body = append(body, step)
	}
	if !n.help.administered {
		body = append(body, paragraph{text: "If you cannot sign in, contact the site administrator."})
	}
	return mail{subject: fill.Replace(n.subject), lead: fill.Replace(n.lead), body: body}
}

// added lists what an intruder may have added.
func added(a auth.Added) []paragraph {
	var list []string
	if a.TOTP {
		list = append(list, "an authenticator app")
	}
	if a.Passkeys == 1 {
		list = append(list, "a passkey")
	} else if a.Passkeys > 1 {
		list = append(list, strconv.Itoa(a.Passkeys)+" passkeys")
	}
	for _, number := range a.Numbers {
		list = append(list, "the phone number "+maskPhone(number))
	}
	if a.Email != "" {
		list = append(list, inertEmail(a.Email)+" for security alerts")
	}
	return []paragraph{
		{text: "This was added to your account lately", list: list},
		{text: "Remove anything you do not recognise", link: link{"/account", "See your account"}},
	}
}

// notifications has one entry for each event that the account's owner is
// notified of.
var notifications = map[auth.MessageKind]notification{
	auth.MessageKind(auth.SignedInNewDevice): {
		"New sign-in to your PRODUCT account",
		"Someone signed in to your PRODUCT account from a new browser.",
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
	auth.MessageKind(auth.AppConnected): {
		"Your PRODUCT account was used for APP",
		"Your PRODUCT account was used to sign in to APP for the first time.",
		helpApps,
	},
	auth.MessageKind(auth.AppTokenReused): {
		"APP was signed out of your PRODUCT account",
		"We ended the access of APP to your PRODUCT account, because it used credentials that had been used before. Somebody may have copied them, or the app has a fault. You can sign in to the app again.",
		helpApps,
	},
	auth.MessageInvitation: {
		"Your invitation to PRODUCT",
		"The site administrator invites you to PRODUCT.",
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
	auth.MessageKind(auth.OperatorEndedSession): {
		"Signed out of PRODUCT on one device",
		"The site administrator signed you out of PRODUCT on one device. You can sign in again.",
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
	auth.MessageKind(auth.OperatorAddedGroup): {
		"Your PRODUCT account is now in the group APP",
		"The site administrator added your PRODUCT account to the group APP.",
		helpAdministrator,
	},
	auth.MessageKind(auth.OperatorRemovedGroup): {
		"Your PRODUCT account is no longer in the group APP",
		"The site administrator removed your PRODUCT account from the group APP.",
		helpAdministrator,
	},
	auth.MessageKind(auth.OperatorChangedRole): {
		"Your PRODUCT role is now APP",
		"The site administrator changed the role of your PRODUCT account on the administration pages to APP.",
		helpAdministrator,
	},
	auth.MessageKind(auth.OperatorExempted): {
		"Your PRODUCT account is exempt from two-step verification",
		"The site administrator exempted your PRODUCT account from two-step verification until DAY (UTC).",
		helpAdministrator,
	},
	auth.MessageKind(auth.OperatorEndedExemption): {
		"Your PRODUCT account is no longer exempt from two-step verification",
		"The site administrator ended the exemption of your PRODUCT account from two-step verification. You may be asked to set it up the next time you use the site.",
		helpAdministrator,
	},
	auth.MessageMFAReminder: {
		"Set up two-step verification for your PRODUCT account",
		"From DAY (UTC) you need two-step verification to use your PRODUCT account.",
		helpSetUpMFA,
	},
	auth.MessageKind(auth.OperatorDeleted): {
		"Your PRODUCT account was deleted",
		"The site administrator deleted your PRODUCT account and everything in it.",
		helpAdministrator,
	},
}
