package views

import (
	"cmp"
	"net/url"
	"strings"

	"twostep/auth"
)

// requestedBy says who requested a recovery.
func requestedBy(page Page, r auth.PendingRecovery) string {
	return cmp.Or(page.by(r.Actor, r.ActorEmail), "By the user")
}

// recovery describes an account's pending recovery; empty for none.
func (p PersonPage) recovery() string {
	if r := p.Person.Recovery; r.Pending() {
		return "Requested " + dateTime(r.RequestedAt) + ", due " + dateTime(r.DueAt)
	}
	if p.Person.Factors.Recovered {
		return "Completed: sign-in needs a code by email until there is a second factor"
	}
	return ""
}

// stopURL is the link in the messages about a recovery.
const stopURL = "/recovery/stop?token=TOKEN"

var (
	stopRecovery = link{stopURL, "Stop the recovery"}
	setPassword  = paragraph{text: "Then set a new password", link: link{"/forgot-password", "Set a new password"}}

	helpRecovery  = &help{steps: []paragraph{{text: "If not, stop the recovery", link: stopRecovery}, setPassword}}
	helpRecovered = &help{steps: []paragraph{
		{text: "If not, block your account within 24 hours. Nobody can sign in until the site administrator helps", link: link{stopURL, "Block the account"}},
	}, administered: true}
	helpStarted = &help{steps: []paragraph{{text: "If you did not expect this, stop the recovery", link: stopRecovery}}, unasked: true}
)

// recoveryNotifications are the mails about a recovery.
var recoveryNotifications = map[auth.MessageKind]notification{
	auth.MessageRecoveryRefused: {
		"Your PRODUCT account cannot be recovered now",
		"Someone entered your PRODUCT password and asked to recover your account. NEXT",
		helpPassword,
	},
	auth.MessageKind(auth.RecoveryRequested): {
		"Someone asked to recover your PRODUCT account",
		"Someone entered your PRODUCT password and a code from your email, and asked to remove two-step verification. We will remove it on DUE unless it is stopped.",
		helpRecovery,
	},
	auth.MessageKind(auth.RecoveryReminded): {
		"Two-step verification of your PRODUCT account will be removed",
		"We will remove two-step verification from your PRODUCT account on DUE, as requested. It can still be stopped.",
		helpRecovery,
	},
	auth.MessageKind(auth.RecoveryCompleted): {
		"Two-step verification was removed from your PRODUCT account",
		"We removed two-step verification from your PRODUCT account, as requested, and signed you out everywhere. Sign in with your password and a code from your email, and set it up again.",
		helpRecovered,
	},
	auth.MessageKind(auth.RecoveryStopped): {
		"The recovery of your PRODUCT account was stopped",
		"The recovery of your PRODUCT account was stopped.",
		helpPassword,
	},
	auth.MessageKind(auth.RecoveryDisputed): {
		"Your PRODUCT account is blocked",
		"Someone used the link in a message about the recovery of your PRODUCT account to block it. Nobody can sign in until the site administrator helps.",
		helpContact,
	},
	auth.MessageKind(auth.OperatorStartedRecovery): {
		"The recovery of your PRODUCT account has begun",
		"The site administrator started the recovery of your PRODUCT account. We will remove two-step verification on DUE unless it is stopped.",
		helpStarted,
	},
	auth.MessageKind(auth.OperatorRefusedRecovery): {
		"The recovery of your PRODUCT account was stopped",
		"The site administrator stopped the recovery of your PRODUCT account.",
		helpAdministrator,
	},
}

// nextRecovery says when an account can be recovered.
func nextRecovery(m auth.Message) string {
	if m.Due.IsZero() {
		return "This account cannot be recovered in this way. Contact the site administrator."
	}
	return "A recovery was requested before. The next one can be requested on " + dateTime(m.Due) + "."
}

// recoverySMS are the SMS about a recovery.
var recoverySMS = map[auth.MessageKind]string{
	auth.MessageKind(auth.RecoveryRequested):       "Someone asked to remove two-step verification from your PRODUCT account on DUE. Not you? Stop it: LINK",
	auth.MessageKind(auth.RecoveryReminded):        "Two-step verification will be removed from your PRODUCT account on DUE. Not you? Stop it: LINK",
	auth.MessageKind(auth.RecoveryCompleted):       "Two-step verification was removed from your PRODUCT account. Not you? Block the account: LINK",
	auth.MessageKind(auth.OperatorStartedRecovery): "The site administrator will remove two-step verification from your PRODUCT account on DUE. Unexpected? Stop it: LINK",
}

// warningSMS is an SMS about a recovery.
func (r *Renderer) warningSMS(m auth.Message) string {
	return strings.NewReplacer(
		"PRODUCT", r.product, "DUE", dateTime(m.Due), "LINK", r.origin+strings.Replace(stopURL, "TOKEN", url.QueryEscape(string(m.Token)), 1),
	).Replace(recoverySMS[m.Kind])
}
