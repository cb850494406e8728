package auth

import "time"

// Every number of the rules stands here, with its source. N is NIST SP
// 800-63B-4, A is OWASP ASVS 5.0.0, OW an OWASP cheat sheet.
const (
	PasswordMinAlone   = 15  // code points where the password may be the only factor (N 3.1.1.2)
	PasswordMinWithMFA = 8   // where a second factor is always asked (N 3.1.1.2)
	PasswordMost       = 256 // at least 64 must be taken (N 3.1.1.2); past this a refusal, never a cut (PW-03)
	EmailMost          = 254 // bytes of an address (RFC 5321 section 4.5.3.1.3, less the angle brackets)

	TOTPKeyBytes = 20               // 160 bits, the length of HMAC-SHA-1 (RFC 4226 R6)
	TOTPDigits   = 6                // what every app shows
	TOTPPeriod   = 30 * time.Second // RFC 6238 section 5.2
	TOTPDrift    = 1                // steps either way (RFC 6238 section 5.2: at most one)

	SentCodeDigits   = 6                // N 3.1.3.2
	SentCodeTries    = 5                // on one sent code; then it is dead
	CodeLifetimeMost = 10 * time.Minute // N 3.1.3.2

	BackupCodeCount   = 10               // a set
	BackupCodeLength  = 16               // of 31 signs: 79 bits, 64 are asked for (N 4.2.1.1)
	BackupCodeSalt    = 16               // bytes; N 3.1.2.2 asks for 4
	BackupCodesUnseen = time.Hour        // how long a new set waits to be seen before its text is gone
	BackupCodesFew    = 3                // left: time for a new set
	PhonesMost        = 10               // on one account
	PhoneDigitsMost   = 15               // of a number (ITU-T E.164 section 6.1)
	EnrolmentLifetime = 30 * time.Minute // an abandoned set-up is forgotten
	AttemptLifetime   = 30 * time.Minute // an unfinished sign-in, sign-up or reset is forgotten

	SessionIdleMost     = time.Hour       // N 2.2.3
	SessionLifetimeMost = 24 * time.Hour  // N 2.2.3
	SessionWarning      = 2 * time.Minute // before a session ends a page says so; WCAG 2.2.1 asks for 20 s
	SessionTouch        = time.Minute     // the last-seen time is written no more often than this

	ClockSkew = time.Minute // how far two clocks may be apart before one does not believe the other

	AccountsPage    = 100                  // accounts that an operator's list reads at once
	ActivityPage    = 25                   // events on a page
	ActivityKept    = 365 * 24 * time.Hour // unless the operator says otherwise
	BrowserKept     = 400 * 24 * time.Hour // how long a browser is known: the longest that browsers keep a cookie
	StopTokenKept   = 24 * time.Hour       // how long a change of address can be stopped, and waits
	NoticeEmailMost = 1                    // addresses beside the account's own; N 4.6 asks for two in all

	HashQueue = 512              // sign-ins that may wait for the hasher; past it 503 (RL-09)
	HashWait  = 10 * time.Second // and for how long
	HashRoom  = 5                // where a request has an end, a fifth of the time left is for what follows the hash

	ReadyWithin = 2 * time.Second // a store that takes longer does not answer

	HeapGrowth = 300      // percent of what is in use that may be left over before it is collected: pages leave little, hashes 19 MiB each
	HeapBeside = 44 << 20 // bytes for all but hashes: a thousand connections, the pages they ask for, and the runtime

	HashMemoryMost = 256 << 10 // KiB of one stored hash: RFC 9106 recommends 64 MiB where memory is short
	HashWorkMost   = 4 << 20   // KiB in all its passes: some three seconds
	HashLanesMost  = 16        // and lanes: RFC 9106 recommends 4

	MessageFirstRetry = 2 * time.Second  // then doubling
	MessageLastRetry  = 2 * time.Minute  // the longest wait between two tries
	MessageAheadTries = 10               // of a code dated ahead of the clock: with the waits, ten minutes, which no code outlives
	MessageKept       = 24 * time.Hour   // a notice that could not be sent is dropped after this
	MessagesStalled   = 2                // that could not be sent say something of their channel; one may be at fault itself
	MessageClaim      = 20 * time.Second // how long one worker may take to send before another tries: twice what a provider gets, for clocks that differ, and little of a code's lifetime
)

// A Door is something that can be done too often.
type Door string

// The doors.
const (
	DoorSignIn Door = "sign_in" // a sign-in form posted, right or wrong
	DoorSignUp Door = "sign_up" // an account asked for
	DoorForgot Door = "forgot"  // a reset asked for
	DoorAnswer Door = "answer"  // a password or code that was wrong, at sign-in, re-verification, enrolment or reset
	DoorSend   Door = "send"    // a code sent, by SMS or mail
	DoorSMS    Door = "sms"     // an SMS sent
	DoorPhone  Door = "phone"   // a number to be added
	DoorQR     Door = "qr"      // a QR code drawn, which costs 5 ms
	DoorTell   Door = "tell"    // a notice of what a stranger can repeat at will
)

// A Scope is what a limit counts by.
type Scope string

// The scopes.
const (
	ByFactor    Scope = "factor"    // one factor of one account, from everywhere (RL-03)
	ByAccount   Scope = "account"   // one account
	ByRecipient Scope = "recipient" // one phone number or mail address
	ByAddress   Scope = "address"   // one network address: an IPv4 address, or an IPv6 /64
	InAll       Scope = "all"       // everything together
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
	door  Door
	by    Scope
	brake Brake
	told  Reason
}{
	{DoorSignIn, ByAddress, Window{Most: 30, In: time.Minute}, TooManyTries},
	{DoorSignUp, ByAddress, Window{Most: 20, In: time.Hour}, TooManyTries},
	{DoorForgot, ByAddress, Window{Most: 20, In: time.Hour}, TooManyTries},
	{DoorAnswer, ByAddress, Window{Most: 10, In: time.Minute}, TooManyTries},
	{DoorAnswer, ByFactor, Backoff{Free: 5, First: 30 * time.Second, Longest: time.Hour, Stop: 100}, TooManyTries},
	{DoorSend, ByRecipient, Window{Most: 1, In: 30 * time.Second}, TooManySent}, // SM-07, RL-08
	{DoorSend, ByRecipient, Window{Most: 5, In: time.Hour}, TooManySent},
	{DoorSend, ByRecipient, Window{Most: 10, In: 24 * time.Hour}, TooManySent},
	{DoorSend, ByAccount, Window{Most: 10, In: time.Hour}, TooManySent},
	{DoorSend, ByAddress, Window{Most: 20, In: time.Hour}, TooManySent},
	{DoorSMS, InAll, smsBudget{}, SMSBudgetSpent}, // against toll fraud; the operator sets it
	{DoorPhone, ByAccount, Window{Most: 20, In: 24 * time.Hour}, TooManySent},
	{DoorQR, ByAccount, Window{Most: 60, In: time.Minute}, TooManyTries},
	{DoorTell, ByFactor, Window{Most: 1, In: time.Hour}, TooManySent},
}

// FailuresKept is how long failures in a row are remembered after the last of
// them. The standard names no end; but strangers can make these counts, also for
// addresses nobody bears, and both must end alike, or the difference would tell
// who has an account.
const FailuresKept = 90 * 24 * time.Hour

// SMSBudgetUsual is how many SMS go out in a day unless the operator says otherwise.
const SMSBudgetUsual = 1000
