package views

import (
	"strconv"
	"strings"
	"time"

	"twostep/auth"
)

// sentences has one for each reason. Each says what is the matter and what to
// do about it; those with LIMIT name the problem's limit.
var sentences = map[auth.Reason]string{
	auth.EmailInvalid:         "Enter an email address, like name@example.com.",
	auth.PasswordMissing:      "Enter your password.",
	auth.PasswordShort:        "The password is too short: use at least LIMIT characters.",
	auth.PasswordLong:         "The password is too long: use at most LIMIT characters.",
	auth.PasswordCommon:       "This password is one of the first that others would guess. Choose another, such as a few unrelated words.",
	auth.PasswordPersonal:     "This password is too close to your email address or to the name of this site. Choose another, such as a few unrelated words.",
	auth.InvalidCredentials:   "The email address or the password is not right.",
	auth.SignUpClosed:         "Nobody can sign up here. Ask the people who run this site for an account.",
	auth.EmailTaken:           "This email address has an account already. Sign in to it.",
	auth.CodeMissing:          "Enter the code.",
	auth.CodeWrong:            "That is not the code that was sent. Check the newest message and type its code again.",
	auth.TOTPWrong:            "That code is not right. Type the newest code in your app, not an older one, and check that your phone sets its clock by itself.",
	auth.TOTPUsed:             "That code was already used. Wait for the next one in your app.",
	auth.BackupCodeWrong:      "That is not one of your unused backup codes. Each works once, and only those of the newest set.",
	auth.CodeExpired:          "That code can no longer be used: it has expired, was replaced by a newer one, or was tried too often. Ask for a new code.",
	auth.TooManyAttempts:      "There were too many tries.",
	auth.FactorLocked:         "There were so many wrong tries in a row that this way is closed. Set a new password if it was the password, use another way to verify, or ask the people who run this site for help.",
	auth.TooManyCodes:         "Codes were asked for too often, so no new one was sent.",
	auth.Busy:                 "More people are signing in than the site can serve at once. Try again in a moment.",
	auth.FormExpired:          "The page you sent was no longer current, so nothing was changed. This is where things stand now.",
	auth.UnknownAction:        "That choice does not exist here. Use one of the buttons on this page.",
	auth.UnknownMethod:        "Your account does not have this way to verify any more. Choose another one.",
	auth.PhoneInvalid:         "Enter a phone number that exists, with its country code, like +44 20 7946 0958.",
	auth.PhoneAlreadyAdded:    "This phone number is on your account already.",
	auth.TooManyPhones:        "An account can have LIMIT phone numbers at most. Remove one before you add another.",
	auth.BackupCodesShown:     "Backup codes are shown once, and these were shown already. You can generate new ones.",
	auth.FactorsDisabled:      "The way your account is verified is switched off on this site. Use a backup code, or ask the people who run this site for help.",
	auth.LastFactor:           "This site asks everybody for two-step verification, and this is your only method. Add another one before you remove it.",
	auth.PasswordBreached:     "This password is known from a leak of another site, so others will try it. Choose one that you use nowhere else.",
	auth.PasswordSame:         "The new password is the same as the old one. Choose another.",
	auth.CurrentPasswordWrong: "That is not your current password.",
	auth.EmailSame:            "Your account has this email address already.",
	auth.TooManyEmails:        "Your account has as many email addresses as it can have. Remove one before you add another.",
	auth.ConfirmationWrong:    "To confirm, type the email address of your account exactly as it is shown.",
	auth.SMSBudgetExhausted:   "The site sends no more codes by SMS for now. Use another way to verify.",
	auth.PhoneCountryBlocked:  "Codes are not sent to phone numbers of this country. Use a number of another country, or an authentication app.",
	auth.MFAOff:               "Backup codes are for accounts with two-step verification. Add an authentication app or a phone number first.",
}

// Sentence is what a person is told of a problem: what is the matter, and how
// long to wait where waiting is the answer.
func Sentence(p *auth.Problem) string {
	text := sentence(p)
	if p != nil && p.Wait > 0 {
		text += " Try again in " + span(p.Wait) + "."
	}
	return text
}

// Reloads reports whether the page of a problem comes again by itself once the
// wait is over: where there is nothing to type meanwhile that would be lost
// but an earlier code, and a button to press afterwards.
func RefreshesAfterWait(p *auth.Problem) bool {
	return p.Reason == auth.TooManyCodes && p.Wait > 0 && p.Wait <= reloadsWithin
}

// reloadsWithin is how long somebody may sit before a page and wait.
const reloadsWithin = 10 * time.Minute

// sentence leaves the wait out, for pages that show it as a time.
func sentence(p *auth.Problem) string {
	if p == nil {
		return ""
	}
	text, known := sentences[p.Reason]
	if !known {
		return "That did not work. Try again."
	}
	return strings.ReplaceAll(text, "LIMIT", strconv.Itoa(p.Limit))
}
