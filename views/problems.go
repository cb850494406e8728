package views

import (
	"cmp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"twostep/auth"
)

// sentences says for each reason what is wrong and what to do about it. LIMIT is the
// problem's limit, DETAIL its own description, EMAIL the user's email address and WAIT how
// long to wait.
var sentences = map[auth.Reason]string{
	auth.EntryInvalid:         "DETAIL",
	auth.AccountUnknown:       "No account has this email address",
	auth.AppOutdated:          "Somebody else has changed this app since you opened this page, so nothing was done. Look at the app as it is now, then try again.",
	auth.EmailInvalid:         "Enter an email address in the correct format, like name@example.com",
	auth.EmailDomainBlocked:   "You cannot use an email address at this domain. Use another one.",
	auth.NameInvalid:          "Enter your name in letters, without invisible characters",
	auth.NameLong:             "Name must be LIMIT characters or fewer",
	auth.PasswordMissing:      "Enter your password",
	auth.PasswordShort:        "Password must be LIMIT characters or more",
	auth.PasswordLong:         "Password must be LIMIT characters or fewer",
	auth.PasswordCommon:       "This password is too easy to guess. Try four unrelated words.",
	auth.PasswordPersonal:     "Password must not be based on your email address or the name of this site",
	auth.GroupInvalid:         "A group name has up to LIMIT characters: a to z, 0 to 9 and hyphens",
	auth.LastAdmin:            "This is the only admin. Give somebody else the role first.",
	auth.ReasonInvalid:        "Enter a reason of 3 to LIMIT characters",
	auth.InvalidCredentials:   "Email address or password is incorrect",
	auth.SettingFixed:         "A flag of the server sets this, so it cannot be changed here",
	auth.MFADayInvalid:        "Enter today or a later day, at most two years ahead",
	auth.MFADayLater:          "A policy can only be moved to an earlier day, so that nobody gets more time. Exempt accounts that need more time, or remove the policy first.",
	auth.MFAExemptionInvalid:  "Enter a day after today, at most LIMIT days ahead",
	auth.TooManyMFAPolicies:   "There can be up to LIMIT policies. Remove one first.",
	auth.SettingsOutdated:     "Somebody else has changed the settings since you opened this page. Your own changes are still below: check them and save again.",
	auth.SettingsNoFactor:     "Leave passkeys, the authenticator application or SMS codes on",
	auth.SignUpClosed:         "Sign-up is closed. Ask the site administrator for an account.",
	auth.EmailTaken:           "There is already an account with this email address. Sign in instead.",
	auth.InvitationBad:        "Nothing was sent. Enter email addresses that have no account yet, one per line.",
	auth.InvitationEnded:      "This invitation has expired or was withdrawn. Ask the site administrator for a new one.",
	auth.InvitationLines:      "Enter up to LIMIT email addresses at once",
	auth.InvitationsFull:      "There are LIMIT invitations. Withdraw some first.",
	auth.TooManyInvitations:   "You can send another invitation WAIT. Nothing was sent to the addresses below.",
	auth.CodeMissing:          "Enter the code",
	auth.CodeWrong:            "That code is incorrect. Enter the code from the latest message.",
	auth.TOTPWrong:            "That code is incorrect. Enter the code your app shows now.",
	auth.TOTPUsed:             "You have already used this code. Wait for a new one.",
	auth.BackupCodeWrong:      "That backup code is incorrect or already used. Try another.",
	auth.CodeExpired:          "That code has expired. Send a new one.",
	auth.TooManyAttempts:      "Too many attempts. Try again WAIT.",
	auth.FactorLocked:         "This method is locked after too many attempts. Use another method, reset your password or contact the site administrator.",
	auth.TooManyCodes:         "You can ask for another code WAIT",
	auth.Busy:                 "We are busy right now. Try again WAIT.",
	auth.FormExpired:          "This page was out of date, so nothing has changed. Check it and try again.",
	auth.UnknownAction:        "That option is not available. Choose one below.",
	auth.UnknownMethod:        "That method is no longer on your account. Choose another.",
	auth.PasskeyMissing:       "No passkey was used. Allow scripts and try again, or use another method.",
	auth.PasskeyUnknown:       passkeyUnknown,
	auth.PasskeyRefused:       passkeyUnknown,
	auth.PasskeyWrong:         "This passkey could not be verified. Try again or use another method.",
	auth.PasskeyUsed:          "This page was already used with a passkey. Try again.",
	auth.PasskeyExpired:       "That took too long. Try again.",
	auth.PasskeyChanged:       "This passkey is stored differently than before. Sign in another way, remove it and add it again.",
	auth.PasskeyCopied:        "This passkey may have been copied. Sign in another way and remove it.",
	auth.PasskeyExists:        "This passkey is already in use. Choose another device or password manager.",
	auth.PasskeyTooMany:       "You can have up to LIMIT passkeys. Remove one first.",
	auth.PasskeyUnverified:    "This passkey did not check that it is you. Set a PIN or screen lock, or use another method.",
	auth.PhoneInvalid:         "Enter a phone number with its country code, like " + noBreak("+44 20 7946 0958"),
	auth.PhoneAlreadyAdded:    "This phone number is already on your account",
	auth.TooManyGroups:        "An account can be in up to LIMIT groups",
	auth.TooManyPhones:        "You can have up to LIMIT phone numbers. Remove one first.",
	auth.BackupCodesShown:     "You have already seen these codes. Generate new ones if you did not save them.",
	auth.FactorsDisabled:      methodsOff,
	auth.LastFactor:           "You need at least one method. Add another before you remove this one.",
	auth.ApprovalEnded:        "That request was approved, refused or withdrawn, or has expired",
	auth.NoApprover:           "There is no other admin who could approve this",
	auth.TooManyApprovals:     "You have LIMIT requests that wait for approval. Withdraw one first.",
	auth.OnlyFactor:           "A second factor is required, and this is the only one. Reset MFA instead: the user then sets up another.",
	auth.PasswordBreached:     "This password has appeared in a data breach. Choose one you have never used.",
	auth.PasswordSame:         "Choose a password you are not already using",
	auth.CurrentPasswordWrong: "Current password is incorrect",
	auth.EmailSame:            "This email address is already on your account",
	auth.TooManyEmails:        "Remove an email address before you add another",
	auth.CookiesMissing:       "This site needs cookies. Allow cookies for this site, then try again.",
	auth.ConfirmationWrong:    "Enter EMAIL to confirm",
	auth.SMSBudgetExhausted:   "We cannot send text messages right now. Use another method.",
	auth.PhoneTypeBlocked:     "We cannot send codes to this kind of number. Use a mobile number or an authenticator app.",
	auth.PhoneCountryBlocked:  "We cannot send codes to this country. Use another number or an authenticator app.",
	auth.MailBudgetExhausted:  "We cannot send any more codes by email today. Try again WAIT.",
	auth.MailedCodeLocked:     "Codes for this email address are locked after too many wrong ones. Sign in with your password to unlock them, or contact the site administrator.",
	auth.MFAOff:               "Turn on two-step verification to get backup codes",
}

// clockHint follows the second wrong code of an app: the phone's clock may be wrong.
const clockHint = " If it keeps failing, turn on automatic time on your phone."

// passkeyUnknown is also said of a passkey of a disabled account.
const passkeyUnknown = "This passkey is not known here. It may have been removed."

// methodsOff is also shown before the user enters anything.
const methodsOff = "Your method is turned off. Use a backup code or contact the site administrator."

// RefreshesAfterWait reports whether the page reloads by itself when the wait
// is over. It does so only after a request for a code: there the user can press
// the button again and loses nothing typed meanwhile but an earlier code.
func RefreshesAfterWait(p *auth.Problem) bool {
	return p.Reason == auth.TooManyCodes && p.Wait > 0 && p.Wait <= refreshWaitMax
}

// refreshWaitMax is the longest wait after which a page reloads by itself.
const refreshWaitMax = 10 * time.Minute

// problemText describes the page's problem. If there is a wait, it belongs
// between before and after, where the page shows it as a time.
func (p Page) problemText() (before, after string) {
	text, ok := sentences[p.Problem.Reason]
	if !ok {
		text = "Something went wrong. Try again."
	}
	if p.Problem.Reason == auth.TOTPWrong && p.Problem.Repeat {
		text += clockHint
	}
	if p.Problem.Wait <= 0 {
		text = strings.ReplaceAll(text, "WAIT", "later")
		return strings.NewReplacer("LIMIT", strconv.Itoa(p.Problem.Limit), "EMAIL", p.Account, "DETAIL", detailText(p.Problem)).Replace(text), ""
	}
	if !strings.Contains(text, "WAIT") {
		text = strings.TrimSuffix(text, ".") + ". Try again WAIT."
	}
	if RefreshesAfterWait(p.Problem) {
		text += ". This page will refresh automatically."
	}
	before, after, _ = strings.Cut(text, " WAIT")
	return before, after
}

// detailText is the detail of a problem as a sentence. Like the explanations of
// [oidc.Explanation] it is written for logs and commands, too.
func detailText(p *auth.Problem) string { return asSentence(cmp.Or(p.Detail, "this cannot be saved")) }

// asSentence begins a text with a capital letter.
func asSentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
