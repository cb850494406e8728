package auth

import "time"

// Every number of the rules stands here, with its source. N is NIST SP
// 800-63B-4, A is OWASP ASVS 5.0.0, OW an OWASP cheat sheet.
const (
	PasswordMinSingleFactor = 15  // code points where the password may be the only factor (N 3.1.1.2)
	PasswordMinWithMFA      = 8   // where a second factor is always asked (N 3.1.1.2)
	PasswordMax             = 256 // at least 64 must be taken (N 3.1.1.2); past this a refusal, never a cut (PW-03)
	EmailMaxBytes           = 254 // bytes of an address (RFC 5321 section 4.5.3.1.3, less the angle brackets)

	TOTPKeyBytes = 20               // 160 bits, the length of HMAC-SHA-1 (RFC 4226 R6)
	TOTPDigits   = 6                // what every app shows
	TOTPPeriod   = 30 * time.Second // RFC 6238 section 5.2
	TOTPDrift    = 1                // steps either way (RFC 6238 section 5.2: at most one)

	SentCodeDigits   = 6                // N 3.1.3.2
	SentCodeAttempts = 5                // on one sent code; then it is dead
	CodeLifetimeMax  = 10 * time.Minute // N 3.1.3.2

	BackupCodeCount           = 10               // a set
	BackupCodeLength          = 16               // of 31 signs: 79 bits, 64 are asked for (N 4.2.1.1)
	BackupCodeSalt            = 16               // bytes; N 3.1.2.2 asks for 4
	BackupCodesUnseenLifetime = time.Hour        // how long a new set waits to be seen before its text is gone
	BackupCodesLow            = 3                // left: time for a new set
	PhonesMax                 = 10               // on one account
	PhoneDigitsMax            = 15               // of a number (ITU-T E.164 section 6.1)
	EnrolmentLifetime         = 30 * time.Minute // an abandoned set-up is forgotten
	AttemptLifetime           = 30 * time.Minute // an unfinished sign-in, sign-up or reset is forgotten

	SessionIdleMax       = time.Hour       // N 2.2.3
	SessionLifetimeMax   = 24 * time.Hour  // N 2.2.3
	SessionWarning       = 2 * time.Minute // before a session ends a page says so; WCAG 2.2.1 asks for 20 s
	SessionTouchInterval = time.Minute     // the last-seen time is written no more often than this

	ClockSkew = time.Minute // how far two clocks may be apart before one does not believe the other

	AccountsPage        = 100                  // accounts that an operator's list reads at once
	ActivityPage        = 25                   // events on a page
	ActivityRetention   = 365 * 24 * time.Hour // unless the operator says otherwise
	KnownDeviceLifetime = 400 * 24 * time.Hour // how long a browser is known: the longest that browsers keep a cookie
	StopTokenLifetime   = 24 * time.Hour       // how long a change of address can be stopped, and waits
	NoticeEmailsMax     = 1                    // addresses beside the account's own; N 4.6 asks for two in all

	HashQueue   = 512              // sign-ins that may wait for the hasher; past it 503 (RL-09)
	HashTimeout = 10 * time.Second // and for how long
	HashReserve = 5                // where a request has an end, a fifth of the time left is for what follows the hash

	ReadyTimeout = 2 * time.Second // a store that takes longer does not answer

	HeapGrowth  = 300      // percent of what is in use that may be left over before it is collected: pages leave little, hashes 19 MiB each
	HeapReserve = 44 << 20 // bytes for all but hashes: a thousand connections, the pages they ask for, and the runtime

	HashMemoryMax = 256 << 10 // KiB of one stored hash: RFC 9106 recommends 64 MiB where memory is short
	HashWorkMax   = 4 << 20   // KiB in all its passes: some three seconds
	HashLanesMax  = 16        // and lanes: RFC 9106 recommends 4

	MessageRetryMin      = 2 * time.Second  // then doubling
	MessageRetryMax      = 2 * time.Minute  // the longest wait between two tries
	MessageFutureRetries = 10               // of a code dated ahead of the clock: with the waits, ten minutes, which no code outlives
	MessageRetention     = 24 * time.Hour   // a notice that could not be sent is dropped after this
	StalledThreshold     = 2                // that could not be sent say something of their channel; one may be at fault itself
	MessageClaimTime     = 20 * time.Second // how long one worker may take to send before another tries: twice what a provider gets, for clocks that differ, and little of a code's lifetime
)

// A Action is something that can be done too often.
type Action string

// The doors.
const (
	ActionSignIn   Action = "sign_in" // a sign-in form posted, right or wrong
	ActionSignUp   Action = "sign_up" // an account asked for
	ActionReset    Action = "forgot"  // a reset asked for
	ActionVerify   Action = "answer"  // a password or code that was wrong, at sign-in, re-verification, enrolment or reset
	ActionSendCode Action = "send"    // a code sent, by SMS or mail
	ActionSendSMS  Action = "sms"     // an SMS sent
	ActionAddPhone Action = "phone"   // a number to be added
	ActionDrawQR   Action = "qr"      // a QR code drawn, which costs 5 ms
	ActionNotify   Action = "tell"    // a notice of what a stranger can repeat at will
)

// A Scope is what a limit counts by.
type Scope string

// The scopes.
const (
	ByFactor    Scope = "factor"    // one factor of one account, from everywhere (RL-03)
	ByAccount   Scope = "account"   // one account
	ByRecipient Scope = "recipient" // one phone number or mail address
	ByIP        Scope = "address"   // one network address: an IPv4 address, or an IPv6 /64
	Global      Scope = "all"       // everything together
)

// limits is the one table of brakes: for each door what is counted, how many
// in what time, and what the person is told. Each row is taken before the
// answer is looked at; of a door with several rows all are taken, or none.
//
// Wrong answers: five are free, then waits from 30 seconds doubling to an
// hour, and after a hundred in a row the factor is closed until it is bound
// anew or the password reset (RL-01, RL-02; N 3.2.2). A right answer clears that
// count and gives back the one try it took from its network address, no more:
// an attacker with an account of his own cannot wash his address clean (RL-04).
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
	{ActionSendSMS, Global, smsBudget{}, SMSBudgetExhausted}, // against toll fraud; the operator sets it
	{ActionAddPhone, ByAccount, Window{Max: 20, Per: 24 * time.Hour}, TooManyCodes},
	{ActionDrawQR, ByAccount, Window{Max: 60, Per: time.Minute}, TooManyAttempts},
	{ActionNotify, ByFactor, Window{Max: 1, Per: time.Hour}, TooManyCodes},
}

// FailureRetention is how long failures in a row are remembered after the last of
// them. The standard names no end; but strangers can make these counts, also for
// addresses nobody bears, and both must end alike, or the difference would tell
// who has an account.
const FailureRetention = 90 * 24 * time.Hour

// SMSBudgetDefault is how many SMS go out in a day unless the operator says otherwise.
const SMSBudgetDefault = 1000
