package views

import (
	"fmt"

	"twostep/auth"
)

// sentences has one for each reason. Each says what is the matter and what to
// do about it; those with a %d name the problem's limit.
var sentences = map[auth.Reason]string{
	auth.EmailInvalid:     "Enter an email address, like name@example.com.",
	auth.PasswordMissing:  "Enter your password.",
	auth.PasswordShort:    "The password is too short: use at least %d characters.",
	auth.PasswordLong:     "The password is too long: use at most %d characters.",
	auth.PasswordCommon:   "This password is one of the first that others would guess. Choose another, such as a few unrelated words.",
	auth.PasswordPersonal: "This password is too close to your email address or to the name of this site. Choose another, such as a few unrelated words.",
	auth.SignInWrong:      "The email address or the password is not right.",
	auth.SignUpClosed:     "Nobody can sign up here. Ask the people who run this site for an account.",
	auth.AddressTaken:     "This email address has an account already. Sign in to it.",
	auth.CodeMissing:      "Enter the code.",
	auth.CodeWrong:        "That is not the code that was sent. Check the newest message and type its code again.",
	auth.TOTPWrong:        "That code is not right. Type the newest code of this account in your app: an older one no longer works. If it goes on, set your phone's clock to automatic, because the codes depend on the time.",
	auth.TOTPUsed:         "That code was already used. Wait for the next one in your app.",
	auth.BackupCodeWrong:  "That is not one of your unused backup codes. Each works once, and only those of the newest set.",
	auth.CodeOver:         "That code can no longer be used: it has expired, was replaced by a newer one, or was tried too often. Ask for a new code.",
	auth.TooManyTries:     "There were too many wrong tries.",
	auth.FactorStopped:    "There were so many wrong codes in a row that this way to verify is closed. Use another one, or ask the people who run this site for help.",
	auth.TooManySent:      "Codes were asked for too often, so no new one was sent.",
	auth.Busy:             "More people are signing in than the site can serve at once. Try again in a moment.",
	auth.FormOver:         "The page you sent was no longer current, so nothing was changed. This is where things stand now.",
	auth.ChoiceUnknown:    "That choice does not exist here. Use one of the buttons on this page.",
	auth.MethodUnknown:    "Your account does not have this way to verify any more. Choose another one.",
	auth.PhoneInvalid:     "Enter a phone number that exists, with its country code, like +44 20 7946 0958.",
	auth.PhoneKnown:       "This phone number is on your account already.",
	auth.PhonesFull:       "An account can have %d phone numbers at most. Remove one before you add another.",
	auth.CodesGone:        "Backup codes are shown once, and these were shown already. You can generate new ones.",
	auth.FactorsOff:       "Backup codes are for accounts with two-step verification. Add an authentication app or a phone number first.",
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

// sentence leaves the wait out, for pages that show it as a time.
func sentence(p *auth.Problem) string {
	if p == nil {
		return ""
	}
	text, known := sentences[p.Reason]
	if !known {
		return "That did not work. Try again."
	}
	if p.Limit > 0 {
		return fmt.Sprintf(text, p.Limit)
	}
	return text
}
