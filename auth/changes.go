package auth

import "time"

// A ChangeSet is what an answer earns. The store writes it in the transaction that
// spends the answer: all of it, or none (ST-08).
type ChangeSet struct {
	At           time.Time
	Attempt      *Attempt           // an attempt begins
	Verified     *AddVerifiedFactor // an attempt goes on; where it is over, nothing is granted
	EndAttempt   string             // hash of the attempt that ends here; where it is over already, nothing is granted
	NewUser      *NewUser           // an account begins
	Session      *Session           // a session begins
	Bare         bool               // the session proved no second factor: nothing is granted where the account has one by now
	Code         *SentCode          // the code of its holder from now on
	TOTP         *TOTPKey           // the account's app from now on, in place of an earlier one
	Email        *EmailEnrolment    // an address of its account, proved; the enrolment ends
	Phone        *NewPhone          // a number of an account, proved
	BackupCodes  *BackupCodeSet     // the account's set from now on, unless it has one
	EndSessions  *EndSessions       // sessions that end, with the open attempts of the account
	EndAttempts  UserID             // all open attempts of this account end
	EndOlder     *Attempt           // other attempts with its purpose and account end: a newer request kills older ones (RC-03)
	Device       *KnownDevice       // a browser is known to an account from now on
	RenewSession *RenewSession      // what a session has proved anew
	KeepFactor   bool               // nothing is granted where no second factor would be left (RV-06)
	ResetCounts  []string           // counts that go back to zero
	RefundCounts []string           // counts that go back by one
	Events       []Event            // what the account's history says of it
	Messages     []Message          // what people are told
}

// A AddVerifiedFactor is one more right answer of an attempt.
type AddVerifiedFactor struct {
	Attempt string // hash of its handle
	VerifiedFactor
}

// A RenewSession says what was proved anew in a session. Other sessions stay as they
// are (RV-05).
type RenewSession struct {
	Session    SessionID
	TokenHash  string    // hash of its new handle; empty to keep the one it has
	PasswordAt time.Time // zero: as it was
	MFAAt      time.Time // zero: as it was
}

// EndSessions names the sessions of an account that end, all but one.
type EndSessions struct {
	User   UserID
	Except SessionID // the one that goes on; empty for none
}
