package auth

import "time"

// All numbers of the rules, with their sources. N is NIST SP 800-63B-4, A is OWASP
// ASVS 5.0.0, OW is an OWASP cheat sheet.
const (
	PasswordMinSingleFactor = 15  // code points if the password may be the only factor (N 3.1.1.2)
	PasswordMinWithMFA      = 8   // if a second factor is always required (N 3.1.1.2)
	PasswordMax             = 256 // at least 64 must be accepted (N 3.1.1.2); longer ones are refused, not truncated (PW-03)
	NameMax                 = 64  // code points of a display name; own choice
	GroupNameMax            = 32  // bytes; own choice
	ReasonMin               = 3   // code points that say why an administrator acts; own choice
	ReasonMax               = 200 // own choice
	GroupsMax               = 64  // of an account: its tokens and a proxy's headers list them
	EmailMaxBytes           = 254 // of an email address (RFC 5321 section 4.5.3.1.3, without the angle brackets)

	TOTPKeyBytes = 20               // 160 bits, the length of HMAC-SHA-1 (RFC 4226 R6)
	TOTPDigits   = 6                // what every app shows
	TOTPPeriod   = 30 * time.Second // RFC 6238 section 5.2
	TOTPDrift    = 1                // steps either way (RFC 6238 section 5.2: at most one)
	TOTPAhead    = 4                // steps by which a used step can be ahead of one that matches: the drift twice, and ClockSkew

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
	RepeatWindow              = 30 * time.Second // for which a form posted twice ends where the first one did; at most twice that

	PasskeysMax        = 20               // of an account
	PasskeyNameMax     = 60               // code points
	PasskeyResponseMax = 16 << 10         // bytes: real ones have about one thousand
	PasskeyNestingMax  = 8                // levels of JSON: those of a credential, and some for future members of client data
	CredentialIDMax    = 1023             // bytes (W3C WebAuthn Level 3 section 7.1)
	PasskeyTimeout     = 5 * time.Minute  // of the browser's dialog (W3C WebAuthn Level 3 section 15.1)
	ChallengeLifetime  = 10 * time.Minute // of a page that asks for a passkey
	ChallengeSignIn    = 30 * time.Minute // of the sign-in page, which is often left open

	SessionIdleMax       = time.Hour       // N 2.2.3
	SessionLifetimeMax   = 24 * time.Hour  // N 2.2.3
	SessionWarning       = 2 * time.Minute // a page warns this long before a session expires; WCAG 2.2.1 asks for 20 s
	SessionTouchInterval = time.Minute     // the last-seen time is written no more often

	ClockSkew = time.Minute // by which clocks may differ

	AccountsPage        = 50                   // accounts on a page of the operator's list
	AdminViewAge        = time.Hour            // of the second factor on the administration pages, whatever Policy.Reauth says (OP-04)
	AdminActAge         = 10 * time.Minute     // the same, to act (OP-04)
	ApprovalLifetime    = 24 * time.Hour       // of an administrator's request that another has to approve
	ApprovalsMax        = 20                   // requests of one administrator at once
	ApprovalTargetMax   = 1000                 // bytes of what a request is about: the filters of a download
	ApprovalsShown      = 100                  // requests on a page
	PeopleScan          = 5_000                // accounts that one search of the list reads: a tenth of a second at most, whatever the filter
	ExportPage          = 1000                 // rows that a download reads at once: about half a megabyte
	ExportChunk         = 32 << 10             // bytes that a download writes at once
	ExportTimeout       = 30 * time.Second     // for each chunk: a client that reads one a minute would hold its page of rows for hours
	AuditScan           = 10_000               // entries that one search of the audit log reads
	AuditPageLength     = 50                   // entries on a page of the audit log
	MFAPoliciesMax      = 50                   // every page of a signed-in user reads the policies
	MFAPolicyMax        = 2 * 365 * oneDay     // how far ahead the day of a policy can be, against mistyped years
	MFAExemptionMax     = 90 * oneDay          // of an exemption
	MFARemindersScan    = 1000                 // accounts read at once to send reminders
	ActivityPage        = 25                   // events on a page
	KnownDeviceLifetime = 400 * 24 * time.Hour // the maximum for which browsers keep a cookie
	RememberDeviceMax   = 30 * 24 * time.Hour  // N 2.1.3: a session without the second factor is AAL1, whose timeout should be no longer
	KnownDevicesMax     = 50                   // of an account, and accounts of one browser; the last seen ones stay
	AccessWithinMin     = time.Minute          // of "within" in an access rule: a shorter one expires between the second factor and the app
	StopTokenLifetime   = 24 * time.Hour       // how long a change of email address is pending and can be stopped
	InvitationLifetime  = 7 * 24 * time.Hour   // of the link in it
	InvitationRetention = 30 * 24 * time.Hour  // of an expired one, to be sent again
	InvitationsMax      = 10_000               // of email addresses without an account
	InvitationsAtOnce   = 100                  // lines of one form
	AddedRecently       = 30 * 24 * time.Hour  // a mail about a reset lists what was added since: users look at an account about once a month
	NoticeEmailsMax     = 1                    // second email addresses; N 4.6 asks for two addresses in all

	RecoveryDelayMin = 24 * time.Hour      // of a recovery: the user reads one of the messages in that time; own choice
	RecoveryDelayMax = 30 * 24 * time.Hour // own choice
	RecoveryPause    = 30 * 24 * time.Hour // between the requests of a user; own choice
	RecoveryOverdue  = 24 * time.Hour      // after which a recovery is not completed but reminded of again: messages are dropped as late
	RecoveryCheck    = time.Minute         // how often a server looks for recoveries that are due
	RecoveriesBatch  = 100                 // that it reads at once

	AppsMax         = 500  // registered apps, which one page lists; own choice
	AppNameMax      = 64   // code points of an app's name
	AppGroupsMax    = 50   // groups whose accounts may use an app
	AppURIMax       = 2000 // bytes of a redirect URI
	AppURIsMax      = 50   // registered URIs of one app
	AppSecretLength = 43   // characters, of 62: 256 bits (OI-16; RFC 6749 section 10.10 asks for 160)
	AppSecretsMax   = 2    // valid at once, while an app changes over

	AppParamMax        = 4096             // bytes of a parameter of a request
	AppChallengeLength = 43               // SHA-256 in base64url (RFC 7636 section 4.2)
	AppVerifierMin     = 43               // characters (RFC 7636 section 4.1)
	AppVerifierMax     = 128              // characters (RFC 7636 section 4.1)
	AppRequestLifetime = 10 * time.Minute // in which the user signs in and agrees
	AppPushedLifetime  = time.Minute      // of a pushed request that is not used yet (OI-51)
	AppCodeLifetime    = time.Minute      // OI-08; RFC 6749 section 4.1.2 allows ten
	RefreshGrace       = time.Minute      // in which a lost response is repeated (OI-24)
	AppGrantUnused     = 10 * time.Minute // how long a grant is kept before its code is exchanged

	AppTokenLifetime    = 5 * time.Minute // of an access or ID token (OI-21)
	LogoutTokenLifetime = 2 * time.Minute // Back-Channel Logout 1.0 section 2.4 recommends at most two
	AppTokenMax         = 4096            // bytes of a token or hint that is verified
	KnownTokensMax      = 4096            // access tokens whose signature a server need not verify again: three megabytes

	SigningKeyBits      = 2048                 // of an RSA key (RFC 7518 section 3.3)
	SigningKeyPublished = 24 * time.Hour       // before it signs: some clients read the keys only when they start (OI-31)
	SigningKeyErased    = time.Hour            // after it has signed for the last time: then nobody can sign with it
	SigningKeyAge       = 365 * 24 * time.Hour // after which a key should be replaced (NIST SP 800-57 part 1 section 5.3.6: one to three years)
	SigningKeysReload   = time.Minute          // after which a server learns of a new key

	RefreshIdle     = 14 * 24 * time.Hour // default: an unused refresh token expires (OI-25)
	RefreshLifetime = 90 * 24 * time.Hour // default: then the user signs in to the app again

	CheckTimeout     = 1500 * time.Millisecond // of a check for a proxy, which waits for three seconds (FA-22)
	HandoverLifetime = time.Minute             // of the code that hands a session over to an app's host (RFC 6749 section 4.1.2: at most ten)

	HashQueue   = 512              // callers that may wait for the hasher; further ones get 503 (RL-09)
	HashTimeout = 10 * time.Second // for which they wait
	HashReserve = 5                // a fifth of the time to a request's deadline is reserved for what follows the hash

	ReadyTimeout = 2 * time.Second // of the readiness check
	CountTimeout = 5 * time.Minute // of the counts of a day, which read every account

	OnlyFactorScan = 100_000         // accounts with a kind of factor that the settings page reads: tenths of a second
	SettingsReload = 2 * time.Second // a change is in force on every server within five

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
	MessageClaimTimeout  = 4 * time.Second            // for the database to store a claim
	MessageClaimTime     = ClockSkew + 15*time.Second // for one worker to send a message: both timeouts, with a margin, by the clock of any server
)

// An Action is what is rate limited.
type Action string

// The actions.
const (
	ActionSignIn   Action = "sign_in"   // submit a sign-in form, with a correct response or not
	ActionSignUp   Action = "sign_up"   // request an account
	ActionReset    Action = "reset"     // request a password reset
	ActionVerify   Action = "verify"    // respond with a wrong password or code, also at enrolment
	ActionGuess    Action = "guess"     // respond with a wrong mailed code, from a device that is not known
	ActionAlarm    Action = "alarm"     // report that there are too many of those
	ActionRepeat   Action = "repeat"    // post a form of an ended attempt or session again
	ActionSendCode Action = "send_code" // send a code by SMS or email
	ActionSendSMS  Action = "send_sms"  // send an SMS
	ActionEnrolSMS Action = "enrol_sms" // send an SMS to a number that is being added
	ActionWarn     Action = "warn"      // send an SMS that warns of a recovery
	ActionAddPhone Action = "add_phone" // start to add a phone
	ActionSendMail Action = "send_mail" // mail a code that anybody can request
	ActionAccount  Action = "account"   // do what sends a message, computes a hash or is recorded, when signed in
	ActionHandover Action = "handover"  // hand the session over to an app's host
	ActionDrawQR   Action = "draw_qr"   // draw a QR code, which costs 5 ms
	ActionNotify   Action = "notify"    // notify of what an attacker can repeat at will
	ActionNotice   Action = "notice"    // send a notice of one kind
	ActionSummary  Action = "summary"   // say in one that there were more
	ActionInvite   Action = "invite"    // send an invitation
	ActionAppStart Action = "app_start" // start a request of an app
	ActionAppPush  Action = "app_push"  // push a request, from an app's server
	ActionAppGuess Action = "app_guess" // authenticate as an app with a wrong secret
	ActionAppGrant Action = "app_grant" // get a code for an app
	ActionRemind   Action = "remind"    // remind a user of the MFA deadline, when an administrator asks
)

// A Scope is what a limit counts by.
type Scope string

// The scopes.
const (
	ByFactor    Scope = "factor"    // one factor of one account, from all clients (RL-03)
	ByMailed    Scope = "mailed"    // the codes mailed to one address for one purpose, of all attempts
	ByAccount   Scope = "account"   // one account
	ByRecipient Scope = "recipient" // one phone number, or one email address as requested from one network
	ByMailbox   Scope = "mailbox"   // one email address, whatever its tag
	ByIP        Scope = "ip"        // one IPv4 address or IPv6 /64; such a limit has a row in ipScopes for each scope
	BySubnet    Scope = "subnet"    // one IPv6 /56, as many providers give to a household
	ByNetwork   Scope = "network"   // one IPv4 /24 or IPv6 /48, as a small customer gets
	ByHome      Scope = "home"      // the phone numbers of the site's own country
	ByCountry   Scope = "country"   // the phone numbers of one other country
	Global      Scope = "global"    // all together
)

// ipScopes says how a limit by IP address applies to the networks around it: with a
// larger number, because strangers share them. Otherwise one customer of a provider has
// 65,536 times the number.
var ipScopes = []struct {
	by           Scope
	bits4, bits6 int // of the network, for IPv4 and IPv6; zero for none
	times        int
}{
	{ByIP, 32, 64, 1},
	{BySubnet, 0, 56, 2},
	{ByNetwork, 24, 48, 10},
}

// limits is the only table of rate limits. A request is counted under every row of
// its action before the response is checked, or under none if one refuses.
//
// Five failures are free, then waits double from 30 seconds to an hour, and after a
// hundred consecutive failures the factor is locked until it is replaced or the
// password reset (RL-01, RL-02; N 3.2.2). A correct response resets these failures but
// refunds only its own request to the IP limit (RL-04), see [Rules.settle].
//
// Strangers must not use up what the owner needs. So known devices have counts of their
// own, and a phone that the account uses, to which codes are sent after the password,
// is not counted with numbers that anybody can enter. Codes to an email address are
// counted by network too: requests from one leave half a day's codes to others. Limits by
// IP address count a known device by the account that knows it, not with its neighbours,
// and all known devices of a network together.
//
// One account must not stop the outbox or the hasher for all others. Setting up every
// factor takes about twenty acts, mistakes included, so sixty an hour do not get in the
// way; they are at most ten seconds of one core.
//
// A hundred IP addresses that send their twenty codes an hour all day, in ten networks or
// more, reach the daily number of mails. Fewer cannot keep codes from others, and more would
// cost the site its reputation as a sender.
//
// Fraudsters share what SMS to some countries cost. So one country or one network cannot
// use up the daily number of SMS. Most users are in the site's own country: it has three
// quarters, or all if SMS go to no other.
//
// Mailed codes have no waits, because each allows five attempts and sending them is
// limited. They are locked after a hundred too: a new attempt has a new code, so
// without that count they could be guessed without end. A thousand wrong ones an hour,
// of all accounts together, are an attack: as mistakes they would need ten thousand
// mails an hour. At one in a million each they find one code in six weeks; from then
// on a code allows one attempt, see [Rules.mailedCodeAttempts].
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
	{ActionVerify, ByFactor, Backoff{Free: 5, First: 30 * time.Second, Max: time.Hour, LockAt: FailuresLock}, TooManyAttempts},
	{ActionVerify, ByMailed, Lock{At: FailuresLock}, MailedCodeLocked},
	{ActionGuess, Global, Window{Max: 1000, Per: time.Hour}, TooManyAttempts},
	{ActionAlarm, Global, Window{Max: 1, Per: time.Hour}, TooManyAttempts},
	{ActionRepeat, ByIP, Window{Max: 30, Per: time.Minute}, TooManyAttempts},
	{ActionRepeat, ByFactor, Window{Max: 5, Per: time.Hour}, TooManyAttempts},          // for one attempt or session
	{ActionSendCode, ByRecipient, Window{Max: 1, Per: 30 * time.Second}, TooManyCodes}, // SM-07, RL-08
	{ActionSendCode, ByRecipient, Window{Max: 5, Per: time.Hour}, TooManyCodes},
	{ActionSendCode, ByRecipient, Window{Max: 10, Per: 24 * time.Hour}, TooManyCodes},
	{ActionSendCode, ByMailbox, Window{Max: 20, Per: 24 * time.Hour}, TooManyCodes},
	{ActionSendCode, ByAccount, Window{Max: 10, Per: time.Hour}, TooManyCodes},
	{ActionSendCode, ByIP, Window{Max: 20, Per: time.Hour}, TooManyCodes},
	{ActionSendMail, Global, Window{Max: 50_000, Per: 24 * time.Hour}, MailBudgetExhausted},
	{ActionSendSMS, Global, smsBudget{1, 1}, SMSBudgetExhausted}, // against toll fraud; set by the operator
	{ActionSendSMS, ByHome, smsBudget{3, 4}, SMSBudgetExhausted},
	{ActionSendSMS, ByCountry, smsBudget{1, 4}, SMSBudgetExhausted},
	{ActionSendSMS, ByNetwork, smsBudget{1, 4}, SMSBudgetExhausted},
	{ActionEnrolSMS, Global, smsBudget{1, 2}, SMSBudgetExhausted}, // half of each is for users who sign in
	{ActionEnrolSMS, ByHome, smsBudget{3, 8}, SMSBudgetExhausted},
	{ActionEnrolSMS, ByCountry, smsBudget{1, 8}, SMSBudgetExhausted},
	{ActionEnrolSMS, ByNetwork, smsBudget{1, 10}, SMSBudgetExhausted},
	{ActionWarn, Global, smsBudget{1, 4}, SMSBudgetExhausted}, // in addition; a recovery waits for it
	{ActionAddPhone, ByAccount, Window{Max: 20, Per: 24 * time.Hour}, TooManyCodes},
	{ActionAccount, ByAccount, Window{Max: 60, Per: time.Hour}, TooManyAttempts},
	{ActionInvite, Global, Window{Max: 500, Per: time.Hour}, TooManyInvitations}, // of all administrators
	{ActionInvite, ByRecipient, Window{Max: 3, Per: 24 * time.Hour}, TooManyInvitations},
	{ActionHandover, ByAccount, Window{Max: 60, Per: time.Minute}, TooManyAttempts},
	{ActionDrawQR, ByAccount, Window{Max: 60, Per: time.Minute}, TooManyAttempts},
	{ActionAppStart, ByIP, Window{Max: 120, Per: time.Minute}, TooManyAttempts},
	{ActionAppPush, ByIP, Window{Max: 600, Per: time.Minute}, TooManyAttempts},
	{ActionAppGuess, ByFactor, Window{Max: 30, Per: time.Minute}, TooManyAttempts}, // for one app and IP address: strangers must not block an app
	{ActionAppGrant, ByAccount, Window{Max: 300, Per: time.Hour}, TooManyAttempts}, // bounds the grants of a session
	{ActionNotify, ByFactor, Window{Max: 1, Per: time.Hour}, TooManyCodes},
	{ActionNotice, ByRecipient, Window{Max: 3, Per: time.Hour}, TooManyCodes},
	{ActionRemind, ByAccount, Window{Max: 1, Per: 24 * time.Hour}, TooManyCodes},
	{ActionSummary, ByRecipient, Window{Max: 1, Per: time.Hour}, TooManyCodes},
}

// FailureRetention is how long consecutive failures are kept after the last one. The
// standard sets no limit. But attackers can cause them, also for email addresses
// without an account, and both must be kept equally long, or the difference would show
// who has an account. It does once there are more than [FailuresMax].
const FailureRetention = 90 * 24 * time.Hour

// FailuresMax is the number of failure counts of email addresses that are kept, the last
// ones: anybody can enter any number of addresses without an account. So many take
// eight hours of a core to hash, and about 250 MB. The counts of an account are all kept.
const FailuresMax = 1_000_000

// FailuresLock is the number of consecutive failures that lock a factor (N 3.2.2).
const FailuresLock = 100

// SMSBudgetPeriod is the time for which the operator sets a number of SMS.
const SMSBudgetPeriod = 24 * time.Hour

// mfaReminders are the days before an MFA deadline on which its user is reminded.
var mfaReminders = []int{14, 7, 1}
