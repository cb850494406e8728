package auth

import "time"

// A Grant is what an answer earns. The store writes it in the transaction that
// spends the answer: all of it, or none (ST-08).
type Grant struct {
	At          time.Time
	Attempt     *Attempt          // an attempt begins
	Proof       *NewProof         // an attempt goes on; where it is over, nothing is granted
	EndAttempt  string            // hash of the attempt that ends here; where it is over already, nothing is granted
	NewUser     *NewUser          // an account begins
	Session     *Session          // a session begins
	Bare        bool              // the session proved no second factor: nothing is granted where the account has one by now
	Code        *SentCode         // the code of its holder from now on
	TOTP        *TOTPKey          // the account's app from now on, in place of an earlier one
	Address     *AddressEnrolment // an address of its account, proved; the enrolment ends
	Phone       *NewPhone         // a number of an account, proved
	BackupCodes *BackupCodeSet    // the account's set from now on, unless it has one
	EndSessions *EndSessions      // sessions that end, with the open attempts of the account
	EndAttempts UserID            // all open attempts of this account end
	EndOlder    *Attempt          // other attempts with its purpose and account end: a newer request kills older ones (RC-03)
	Browser     *KnownBrowser     // a browser is known to an account from now on
	Raise       *Raise            // what a session has proved anew
	KeepFactor  bool              // nothing is granted where no second factor would be left (RV-06)
	Clear       []string          // counts that go back to zero
	GiveBack    []string          // counts that go back by one
	Events      []Event           // what the account's history says of it
	Messages    []Message         // what people are told
}

// A NewProof is one more right answer of an attempt.
type NewProof struct {
	Attempt string // hash of its handle
	Proof
}

// A Raise says what was proved anew in a session. Other sessions stay as they
// are (RV-05).
type Raise struct {
	Session  SessionID
	Handle   string    // hash of its new handle; empty to keep the one it has
	FirstAt  time.Time // zero: as it was
	SecondAt time.Time // zero: as it was
}

// EndSessions names the sessions of an account that end, all but one.
type EndSessions struct {
	User   UserID
	Except SessionID // the one that goes on; empty for none
}
