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
	EmailInvalid       Reason = "email_invalid"        // not an address
	PasswordMissing    Reason = "password_missing"     // nothing typed
	PasswordShort      Reason = "password_short"       // fewer code points than Limit
	PasswordLong       Reason = "password_long"        // more code points than Limit
	PasswordCommon     Reason = "password_common"      // on the list of common ones, or derived from it
	PasswordPersonal   Reason = "password_personal"    // made of the address or the product's name
	SignInWrong        Reason = "sign_in_wrong"        // address or password, and never which
	SignUpClosed       Reason = "sign_up_closed"       // the operator makes the accounts here
	AddressTaken       Reason = "address_taken"        // told only to who has proved the address
	CodeMissing        Reason = "code_missing"         // nothing typed
	CodeWrong          Reason = "code_wrong"           // not the code that was sent
	TOTPWrong          Reason = "totp_wrong"           // not a code of the app, now or a step aside
	TOTPUsed           Reason = "totp_used"            // right, and used before (RFC 6238 section 5.2)
	BackupCodeWrong    Reason = "backup_code_wrong"    // none of those left
	CodeOver           Reason = "code_over"            // expired, replaced, spent, or tried too often
	TooManyTries       Reason = "too_many_tries"       // wait, then try again
	FactorStopped      Reason = "factor_stopped"       // a hundred failures in a row: this factor is closed
	TooManySent        Reason = "too_many_sent"        // codes asked for too fast
	Busy               Reason = "busy"                 // the server has more to hash than it can
	FormOver           Reason = "form_over"            // the form belongs to a step that is over
	ChoiceUnknown      Reason = "choice_unknown"       // no such button
	MethodUnknown      Reason = "method_unknown"       // no such second factor on this account
	PhoneInvalid       Reason = "phone_invalid"        // no number a phone can have
	PhoneKnown         Reason = "phone_known"          // already on this account
	PhonesFull         Reason = "phones_full"          // as many as an account can have
	CodesGone          Reason = "codes_gone"           // backup codes are shown once, and they were
	FactorsSwitchedOff Reason = "factors_switched_off" // the account's second factors are, by the operator
	LastFactor         Reason = "last_factor"          // a second factor is required: replace it, do not remove it
	PasswordBreached   Reason = "password_breached"    // known from a breach
	PasswordSame       Reason = "password_same"        // the new one is the old one
	CurrentWrong       Reason = "current_wrong"        // not the current password
	EmailSame          Reason = "email_same"           // the account has this address already
	EmailsFull         Reason = "emails_full"          // as many addresses as an account can have
	ConfirmWrong       Reason = "confirm_wrong"        // not what was to be typed to confirm
	SMSBudgetSpent     Reason = "sms_budget_spent"     // no more SMS today, by anybody
	PhoneCountry       Reason = "phone_country"        // no SMS goes to that country
	FactorsOff         Reason = "factors_off"          // backup codes are for accounts with a second factor
)

// Reasons lists every reason, for the test that each has its sentence.
var Reasons = []Reason{
	EmailInvalid, PasswordMissing, PasswordShort, PasswordLong, PasswordCommon, PasswordPersonal,
	SignInWrong, SignUpClosed, AddressTaken, CodeMissing, CodeWrong, TOTPWrong, TOTPUsed,
	BackupCodeWrong, CodeOver, TooManyTries, FactorStopped, TooManySent, Busy, FormOver,
	ChoiceUnknown, MethodUnknown, PhoneInvalid, PhoneKnown, PhonesFull, CodesGone, FactorsOff,
	FactorsSwitchedOff, LastFactor, PasswordBreached, PasswordSame, CurrentWrong, EmailSame, EmailsFull, ConfirmWrong,
	SMSBudgetSpent, PhoneCountry,
}
