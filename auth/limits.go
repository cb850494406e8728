package auth

import "time"

// All numbers of the rules, with their sources. N is NIST SP 800-63B-4, A is OWASP
// ASVS 5.0.0, OW is an OWASP cheat sheet.
const (
	PasswordMinSingleFactor = 15  // code points if the password may be the only factor (N 3.1.1.2)
	PasswordMinWithMFA      = 8   // if a second factor is always required (N 3.1.1.2)
	PasswordMax             = 256 // at least 64 must be accepted (N 3.1.1.2); longer ones are refused, not truncated (PW-03)
	EmailMaxBytes           = 254 // of an email address (RFC 5321 section 4.5.3.1.3, without the angle brackets)

	TOTPKeyBytes = 20               // 160 bits, the length of HMAC-SHA-1 (RFC 4226 R6)
	TOTPDigits   = 6                // what every app shows
	TOTPPeriod   = 30 * time.Second // RFC 6238 section 5.2
	TOTPDrift    = 1                // steps either way (RFC 6238 section 5.2: at most one)

	SentCodeDigits   = 6                // N 3.1.3.2
	SentCodeAttempts = 5                // at one code; then it is invalid
	CodeLifetimeMax  = 10 * time.Minute // N 3.1.3.2

	BackupCodeCount           = 10               // in a set
	BackupCodeLength          = 16               // of 31 characters: 79 bits, 64 are required (N 4.2.1.1)
	BackupCodeSalt            = 16               // bytes; N 3.1.2.2 asks for 4
	BackupCodesUnseenLifetime = time.Hour        // how long the text of a new set is kept for the user to see
	BackupCodesLow            = 3                // codes left: suggest a new set
	PhonesMax                 = 10               // of an account
	PhoneDigitsMax            = 15               // of a number (ITU-T E.164 section 6.1)
	EnrolmentLifetime         = 30 * time.Minute // of an enrolment that is not completed
	AttemptLifetime           = 30 * time.Minute // of an attempt that is not completed

	SessionIdleMax       = time.Hour       // N 2.2.3
	SessionLifetimeMax   = 24 * time.Hour  // N 2.2.3
	SessionWarning       = 2 * time.Minute // a page warns this long before a session expires; WCAG 2.2.1 asks for 20 s
	SessionTouchInterval = time.Minute     // the last-seen time is written no more often

	ClockSkew = time.Minute // by which clocks may differ

	AccountsPage        = 100                  // accounts on a page of the operator's list
	ActivityPage        = 25                   // events on a page
	ActivityRetention   = 365 * 24 * time.Hour // default
	KnownDeviceLifetime = 400 * 24 * time.Hour // the maximum for which browsers keep a cookie
	StopTokenLifetime   = 24 * time.Hour       // how long a change of email address is pending and can be stopped
	NoticeEmailsMax     = 1                    // second email addresses; N 4.6 asks for two addresses in all

	HashQueue   = 512              // callers that may wait for the hasher; further ones get 503 (RL-09)
	HashTimeout = 10 * time.Second // for which they wait
	HashReserve = 5                // a fifth of the time to a request's deadline is reserved for what follows the hash

	ReadyTimeout = 2 * time.Second // of the readiness check

	HeapGrowth  = 300      // percent of the live heap that may be garbage (GOGC): pages leave little, hashes 19 MiB each
	HeapReserve = 44 << 20 // bytes for all but hashes: a thousand connections, their pages, and the runtime

	HashMemoryMax = 256 << 10 // KiB of one stored hash: RFC 9106 recommends 64 MiB if memory is limited
	HashWorkMax   = 4 << 20   // KiB over all passes: about three seconds
	HashLanesMax  = 16        // RFC 9106 recommends 4

	MessageRetryMin      = 2 * time.Second            // then doubling
	MessageRetryMax      = 2 * time.Minute            // the longest wait between retries
	MessageFutureRetries = 10                         // of a code dated in the future: with the waits ten minutes, longer than any code is valid
	MessageRetention     = 24 * time.Hour             // a notice that could not be sent is dropped
	StalledThreshold     = 2                          // failed messages that show that a channel is stalled; a single one may itself be at fault
	MessageClaimTime     = ClockSkew + 15*time.Second // for one worker to send a message: a provider's timeout, with a margin, by the clock of any server
)

// An Action is what is rate limited.
type Action string

// The actions.
const (
	ActionSignIn   Action = "sign_in"   // submit a sign-in form, with a correct response or not
	ActionSignUp   Action = "sign_up"   // request an account
	ActionReset    Action = "reset"     // request a password reset
	ActionVerify   Action = "verify"    // respond with a wrong password or code, also at enrolment
	ActionSendCode Action = "send_code" // send a code by SMS or email
	ActionSendSMS  Action = "send_sms"  // send an SMS
	ActionAddPhone Action = "add_phone" // start to add a phone
	ActionDrawQR   Action = "draw_qr"   // draw a QR code, which costs 5 ms
	ActionNotify   Action = "notify"    // send a notice that an attacker can repeat at will
)

// A Scope is what a limit counts by.
type Scope string

// The scopes.
const (
	ByFactor    Scope = "factor"    // one factor of one account, from all clients (RL-03)
	ByAccount   Scope = "account"   // one account
	ByRecipient Scope = "recipient" // one phone number or email address
	ByIP        Scope = "ip"        // one IPv4 address or IPv6 /64
	Global      Scope = "global"    // all together
)

// limits is the only table of rate limits. A request is counted under every row of
// its action before the response is checked, or under none if one refuses.
//
// Five failures are free, then waits double from 30 seconds to an hour, and after a
// hundred consecutive failures the factor is locked until it is replaced or the
// password reset (RL-01, RL-02; N 3.2.2). A correct response resets these failures but
// refunds only its own request to the IP limit (RL-04), see [Rules.settle].
var limits = []struct {
	action  Action
	by      Scope
	limiter Limiter
	reason  Reason
}{
	{ActionSignIn, ByIP, Window{Max: 30, Per: time.Minute}, TooManyAttempts},
	{ActionSignUp, ByIP, Window{Max: 20, Per: time.Hour}, TooManyAttempts},
	{ActionReset, ByIP, Window{Max: 20, Per: time.Hour}, TooManyAttempts},
	{ActionVerify, ByIP, Window{Max: 10, Per: time.Minute}, TooManyAttempts},
	{ActionVerify, ByFactor, Backoff{Free: 5, First: 30 * time.Second, Max: time.Hour, LockAt: 100}, TooManyAttempts},
	{ActionSendCode, ByRecipient, Window{Max: 1, Per: 30 * time.Second}, TooManyCodes}, // SM-07, RL-08
	{ActionSendCode, ByRecipient, Window{Max: 5, Per: time.Hour}, TooManyCodes},
	{ActionSendCode, ByRecipient, Window{Max: 10, Per: 24 * time.Hour}, TooManyCodes},
	{ActionSendCode, ByAccount, Window{Max: 10, Per: time.Hour}, TooManyCodes},
	{ActionSendCode, ByIP, Window{Max: 20, Per: time.Hour}, TooManyCodes},
	{ActionSendSMS, Global, smsBudget{}, SMSBudgetExhausted}, // against toll fraud; set by the operator
	{ActionAddPhone, ByAccount, Window{Max: 20, Per: 24 * time.Hour}, TooManyCodes},
	{ActionDrawQR, ByAccount, Window{Max: 60, Per: time.Minute}, TooManyAttempts},
	{ActionNotify, ByFactor, Window{Max: 1, Per: time.Hour}, TooManyCodes},
}

// FailureRetention is how long consecutive failures are kept after the last one. The
// standard sets no limit. But attackers can cause them, also for email addresses
// without an account, and both must be kept equally long, or the difference would show
// who has an account.
const FailureRetention = 90 * 24 * time.Hour

// SMSBudgetDefault is the default number of SMS a day.
const SMSBudgetDefault = 1000
