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
	EnrolmentLifetime = 30 * time.Minute // an abandoned set-up is forgotten
	AttemptLifetime   = 30 * time.Minute // an unfinished sign-in, sign-up or reset is forgotten

	SessionIdleMost     = time.Hour       // N 2.2.3
	SessionLifetimeMost = 24 * time.Hour  // N 2.2.3
	SessionWarning      = 2 * time.Minute // before a session ends a page says so; WCAG 2.2.1 asks for 20 s
	SessionTouch        = time.Minute     // the last-seen time is written no more often than this

	ActivityPage    = 25                   // events on a page
	ActivityKept    = 365 * 24 * time.Hour // unless the operator says otherwise
	BrowserKept     = 400 * 24 * time.Hour // how long a browser is known: the longest that browsers keep a cookie
	StopTokenKept   = 24 * time.Hour       // how long a change of address can be stopped, and waits
	NoticeEmailMost = 1                    // addresses beside the account's own; N 4.6 asks for two in all

	HashQueue = 512              // sign-ins that may wait for the hasher; past it 503 (RL-09)
	HashWait  = 10 * time.Second // and for how long

	MessageFirstRetry = 2 * time.Second  // then doubling
	MessageLastRetry  = 2 * time.Minute  // the longest wait between two tries
	MessageKept       = 24 * time.Hour   // a notice that could not be sent is dropped after this
	MessageClaim      = 30 * time.Second // how long one worker may take to send before another tries
)

// failures is the brake on guessing at one factor of one account: five free,
// then waits from 30 seconds doubling to an hour, and after a hundred in a row
// the factor is closed until it is bound anew (RL-01, RL-02; N 3.2.2).
var failures = Backoff{Free: 5, First: 30 * time.Second, Longest: time.Hour, Stop: 100}

// What the sending of codes is held to, against cost and flooding (SM-07, RL-08).
var (
	sendInterval  = Window{Most: 1, In: 30 * time.Second} // to one recipient
	sendHourly    = Window{Most: 5, In: time.Hour}        // to one recipient
	sendDaily     = Window{Most: 10, In: 24 * time.Hour}  // to one recipient
	sendOfAccount = Window{Most: 10, In: time.Hour}       // by one account, whatever the recipient
	tellHourly    = Window{Most: 1, In: time.Hour}        // notices of what a stranger can repeat at will
)
