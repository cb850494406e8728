package auth

import (
	"errors"
	"time"
)

// A Problem is an error that the user can act on. Every other error is a fault. The
// text for each Reason is in views.
type Problem struct {
	Reason Reason
	Field  string        // name of the form field; empty for the whole form
	Wait   time.Duration // until the next request is allowed; zero if waiting does not help
	User   UserID        // the account, only for the log
	Limit  int           // the number in the text: a minimum, maximum or count
	Bad    []BadLine     // of a field with lines
	Repeat bool          // whether the same has failed before, since it last worked
	Detail string        // what an operator or an app's author has to change; empty for most
}

// Error makes a Problem an error. It is for logs and commands, not for users.
func (p *Problem) Error() string {
	if p.Detail != "" {
		return p.Detail
	}
	return "problem: " + string(p.Reason)
}

func isProblem(err error) bool {
	_, ok := errors.AsType[*Problem](err)
	return ok
}

// isProblemOf reports whether an error is a problem with that reason.
func isProblemOf(err error, reason Reason) bool {
	p, ok := errors.AsType[*Problem](err)
	return ok && p.Reason == reason
}

// formExpired turns [ErrNotFound] into the problem that the form has expired.
func formExpired(err error) error {
	if errors.Is(err, ErrNotFound) {
		return &Problem{Reason: FormExpired}
	}
	return err
}

// A Reason names a problem.
type Reason string

// The reasons. A test in views checks that each has a text.
const (
	EntryInvalid         Reason = "entry_invalid"          // the entry of an operator is not valid; Detail says why
	AccountUnknown       Reason = "account_unknown"        // no account has the email address; only operators learn it
	AppOutdated          Reason = "app_outdated"           // somebody else has changed the app since the form was opened
	ApprovalEnded        Reason = "approval_ended"         // the request was approved, refused or withdrawn, or has expired
	BackupCodeWrong      Reason = "backup_code_wrong"      // none of the codes left
	BackupCodesShown     Reason = "backup_codes_shown"     // the backup codes were shown already
	Busy                 Reason = "busy"                   // the server has more to hash than it can
	CodeExpired          Reason = "code_expired"           // expired, replaced, used, or tried too often
	CodeMissing          Reason = "code_missing"           // nothing entered
	CodeWrong            Reason = "code_wrong"             // not the code that was sent
	CookiesMissing       Reason = "cookies_missing"        // the browser does not send them back
	ConfirmationWrong    Reason = "confirmation_wrong"     // not what was to be typed to confirm
	CurrentPasswordWrong Reason = "current_password_wrong" // not the current password
	EmailDomainBlocked   Reason = "email_domain_blocked"   // not a domain that the operator accepts
	EmailInvalid         Reason = "email_invalid"          // not an email address
	EmailSame            Reason = "email_same"             // the account has this email address already
	EmailTaken           Reason = "email_taken"            // shown only to a user who has verified the address
	FactorLocked         Reason = "factor_locked"          // a hundred consecutive failures
	FactorsDisabled      Reason = "factors_disabled"       // the operator has disabled the account's second factors
	FormExpired          Reason = "form_expired"           // the form belongs to an earlier step
	GroupInvalid         Reason = "group_invalid"          // not the name of a group, of Limit characters at most
	InvitationBad        Reason = "invitation_bad"         // Bad has the lines that cannot be invited; empty if there are no lines at all
	InvitationEnded      Reason = "invitation_ended"       // expired, withdrawn, replaced or accepted
	InvitationLines      Reason = "invitation_lines"       // more than Limit at once
	InvitationsFull      Reason = "invitations_full"       // there are Limit invitations
	LastAdmin            Reason = "last_admin"             // no other administrator would be left
	InvalidCredentials   Reason = "invalid_credentials"    // email address or password, and never which
	LastFactor           Reason = "last_factor"            // a second factor is required: replace it instead
	MailBudgetExhausted  Reason = "mail_budget_exhausted"  // no more codes by email today, for all accounts
	MailedCodeLocked     Reason = "mailed_code_locked"     // a hundred wrong codes in a row for an email address
	MFADayInvalid        Reason = "mfa_day_invalid"        // no day, or one in the past or too far ahead
	MFADayLater          Reason = "mfa_day_later"          // a policy's day is not moved to a later one
	MFAExemptionInvalid  Reason = "mfa_exemption_invalid"  // not a day after today, or more than Limit days ahead
	NoApprover           Reason = "no_approver"            // there is no other administrator who could approve the act
	OnlyFactor           Reason = "only_factor"            // a second factor is required: an administrator resets MFA instead
	MFAOff               Reason = "mfa_off"                // backup codes need a second factor
	PasskeyChanged       Reason = "passkey_changed"        // its backup eligibility differs from when it was added
	PasskeyCopied        Reason = "passkey_copied"         // its counter did not increase: there may be a copy
	PasskeyExists        Reason = "passkey_exists"         // an account has it already
	PasskeyExpired       Reason = "passkey_expired"        // the page is older than its challenge
	PasskeyMissing       Reason = "passkey_missing"        // nothing posted: scripts are off, or the dialog was closed
	PasskeyRefused       Reason = "passkey_refused"        // of another account, or disabled; looks like an unknown one
	PasskeyTooMany       Reason = "passkey_too_many"       // the account has Limit passkeys
	PasskeyUnknown       Reason = "passkey_unknown"        // no account has it
	PasskeyUnverified    Reason = "passkey_unverified"     // it did not verify its user
	PasskeyUsed          Reason = "passkey_used"           // the challenge was used before
	PasskeyWrong         Reason = "passkey_wrong"          // malformed, made for another page, or not signed by the key
	NameInvalid          Reason = "name_invalid"           // has characters that are invisible, or no letter
	NameLong             Reason = "name_long"              // more code points than Limit
	PasswordBreached     Reason = "password_breached"      // known from a breach
	PasswordCommon       Reason = "password_common"        // on the list of common ones, or derived from it
	PasswordLong         Reason = "password_long"          // more code points than Limit
	PasswordMissing      Reason = "password_missing"       // nothing entered
	PasswordPersonal     Reason = "password_personal"      // derived from the email address or the product's name
	PasswordSame         Reason = "password_same"          // the new password is the current one
	PasswordShort        Reason = "password_short"         // fewer code points than Limit
	PhoneAlreadyAdded    Reason = "phone_already_added"    // the account has this number
	PhoneCountryBlocked  Reason = "phone_country_blocked"  // no SMS is sent to that country
	PhoneInvalid         Reason = "phone_invalid"          // not a phone number
	PhoneTypeBlocked     Reason = "phone_type_blocked"     // a number to which an SMS may cost far more
	ReasonInvalid        Reason = "reason_invalid"         // an administrator gives no reason, or one of more than Limit characters
	SMSBudgetExhausted   Reason = "sms_budget_exhausted"   // no more SMS today, for all accounts
	SettingFixed         Reason = "setting_fixed"          // a flag sets it
	SettingsOutdated     Reason = "settings_outdated"      // somebody else has changed a setting since the form was opened
	SettingsNoFactor     Reason = "settings_no_factor"     // no second factor would be left that users can add
	SignUpClosed         Reason = "sign_up_closed"         // only the operator adds accounts
	TOTPUsed             Reason = "totp_used"              // correct, but used before (RFC 6238 section 5.2)
	TOTPWrong            Reason = "totp_wrong"             // not a code of the app, now or a step earlier or later
	TooManyApprovals     Reason = "too_many_approvals"     // the administrator has Limit requests that wait for approval
	TooManyAttempts      Reason = "too_many_attempts"      // retry after Wait
	TooManyCodes         Reason = "too_many_codes"         // codes were requested too fast
	TooManyEmails        Reason = "too_many_emails"        // the account has Limit email addresses
	TooManyGroups        Reason = "too_many_groups"        // the account would be in more than Limit groups
	TooManyInvitations   Reason = "too_many_invitations"   // retry after Wait
	TooManyMFAPolicies   Reason = "too_many_mfa_policies"  // there are Limit policies
	TooManyPhones        Reason = "too_many_phones"        // the account has Limit phones
	UnknownAction        Reason = "unknown_action"         // no such button
	UnknownMethod        Reason = "unknown_method"         // the account has no such second factor
)

// Reasons lists every reason, for that test.
var Reasons = []Reason{
	AccountUnknown, AppOutdated, ApprovalEnded, EntryInvalid, BackupCodeWrong, BackupCodesShown, Busy, CodeExpired, CodeMissing, CodeWrong, ConfirmationWrong, CookiesMissing,
	CurrentPasswordWrong, EmailDomainBlocked, EmailInvalid, EmailSame, EmailTaken, FactorLocked, FactorsDisabled,
	FormExpired, GroupInvalid, InvalidCredentials, InvitationBad, InvitationEnded, InvitationLines, InvitationsFull,
	LastAdmin, LastFactor, MailBudgetExhausted, MailedCodeLocked, MFADayInvalid, MFADayLater, MFAExemptionInvalid, MFAOff,
	NameInvalid, NameLong, NoApprover, OnlyFactor,
	PasskeyChanged, PasskeyCopied, PasskeyExists, PasskeyExpired, PasskeyMissing, PasskeyRefused,
	PasskeyTooMany, PasskeyUnknown, PasskeyUnverified, PasskeyUsed, PasskeyWrong, PasswordBreached, PasswordCommon,
	PasswordLong, PasswordMissing, PasswordPersonal, PasswordSame, PasswordShort, PhoneAlreadyAdded,
	PhoneCountryBlocked, PhoneInvalid, PhoneTypeBlocked, ReasonInvalid, SMSBudgetExhausted, SettingFixed, SettingsNoFactor, SettingsOutdated, SignUpClosed, TOTPUsed, TOTPWrong,
	TooManyApprovals, TooManyAttempts, TooManyCodes, TooManyEmails, TooManyGroups, TooManyInvitations, TooManyMFAPolicies, TooManyPhones, UnknownAction, UnknownMethod,
}
