package auth

import "time"

// A Problem is an answer the person can act on. Every other error is a fault,
// and ours. The sentence for each Reason stands in views.
type Problem struct {
	Reason Reason
	Field  string        // name of the form field it is about; empty for the whole form
	Wait   time.Duration // how long until another try is allowed; zero where waiting is no answer
	User   UserID        // whose account it is about, for the log alone
	Limit  int           // the number the sentence names: the least or most length, or how many are allowed
}

// Error makes a Problem an error; it is for logs, never for people.
func (p *Problem) Error() string { return "problem: " + string(p.Reason) }

// A Reason says what is the matter, in one word a machine can read.
type Reason string

// The reasons. A test in views walks all of them.
const (
	EmailInvalid         Reason = "email_invalid"          // not an address
	PasswordMissing      Reason = "password_missing"       // nothing typed
	PasswordShort        Reason = "password_short"         // fewer code points than Limit
	PasswordLong         Reason = "password_long"          // more code points than Limit
	PasswordCommon       Reason = "password_common"        // on the list of common ones, or derived from it
	PasswordPersonal     Reason = "password_personal"      // made of the address or the product's name
	InvalidCredentials   Reason = "invalid_credentials"    // address or password, and never which
	SignUpClosed         Reason = "sign_up_closed"         // the operator makes the accounts here
	EmailTaken           Reason = "email_taken"            // told only to who has proved the address
	CodeMissing          Reason = "code_missing"           // nothing typed
	CodeWrong            Reason = "code_wrong"             // not the code that was sent
	TOTPWrong            Reason = "totp_wrong"             // not a code of the app, now or a step aside
	TOTPUsed             Reason = "totp_used"              // right, and used before (RFC 6238 section 5.2)
	BackupCodeWrong      Reason = "backup_code_wrong"      // none of those left
	CodeExpired          Reason = "code_expired"           // expired, replaced, spent, or tried too often
	TooManyAttempts      Reason = "too_many_attempts"      // wait, then try again
	FactorLocked         Reason = "factor_locked"          // a hundred failures in a row: this factor is closed
	TooManyCodes         Reason = "too_many_codes"         // codes asked for too fast
	Busy                 Reason = "busy"                   // the server has more to hash than it can
	FormExpired          Reason = "form_expired"           // the form belongs to a step that is over
	UnknownAction        Reason = "unknown_action"         // no such button
	UnknownMethod        Reason = "unknown_method"         // no such second factor on this account
	PhoneInvalid         Reason = "phone_invalid"          // no number a phone can have
	PhoneAlreadyAdded    Reason = "phone_already_added"    // already on this account
	TooManyPhones        Reason = "too_many_phones"        // as many as an account can have
	BackupCodesShown     Reason = "backup_codes_shown"     // backup codes are shown once, and they were
	FactorsDisabled      Reason = "factors_disabled"       // the account's second factors are, by the operator
	LastFactor           Reason = "last_factor"            // a second factor is required: replace it, do not remove it
	PasswordBreached     Reason = "password_breached"      // known from a breach
	PasswordSame         Reason = "password_same"          // the new one is the old one
	CurrentPasswordWrong Reason = "current_password_wrong" // not the current password
	EmailSame            Reason = "email_same"             // the account has this address already
	TooManyEmails        Reason = "too_many_emails"        // as many addresses as an account can have
	ConfirmationWrong    Reason = "confirmation_wrong"     // not what was to be typed to confirm
	SMSBudgetExhausted   Reason = "sms_budget_exhausted"   // no more SMS today, by anybody
	PhoneCountryBlocked  Reason = "phone_country_blocked"  // no SMS goes to that country
	MFAOff               Reason = "mfa_off"                // backup codes are for accounts with a second factor
)

// Reasons lists every reason, for the test that each has its sentence.
var Reasons = []Reason{
	EmailInvalid, PasswordMissing, PasswordShort, PasswordLong, PasswordCommon, PasswordPersonal,
	InvalidCredentials, SignUpClosed, EmailTaken, CodeMissing, CodeWrong, TOTPWrong, TOTPUsed,
	BackupCodeWrong, CodeExpired, TooManyAttempts, FactorLocked, TooManyCodes, Busy, FormExpired,
	UnknownAction, UnknownMethod, PhoneInvalid, PhoneAlreadyAdded, TooManyPhones, BackupCodesShown, MFAOff,
	FactorsDisabled, LastFactor, PasswordBreached, PasswordSame, CurrentPasswordWrong, EmailSame, TooManyEmails, ConfirmationWrong,
	SMSBudgetExhausted, PhoneCountryBlocked,
}
