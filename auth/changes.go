package auth

import "time"

// A ChangeSet lists what a correct response leads to. The store applies it in
// the transaction that consumes the response: all of it or, if one change
// cannot be applied, none of it, and then the response is not consumed either
// (ST-08).
//
// The store applies the changes in list order. What ends comes before what
// begins, or EndSessions would end the session that has just begun; EndAttempt
// comes before EndAttempts, or the attempt would not be open any more; and an
// account comes before what refers to it.
type ChangeSet struct {
	User    UserID // the account that every change belongs to, locked meanwhile; empty if there is none yet
	At      time.Time
	Changes []Change
}

// A Change is one of the types below.
type Change interface{ isChange() }

// Preconditions.
type (
	// RequireMFA fails if the account has fewer second factors at this point of the
	// list (RV-06).
	RequireMFA struct {
		Factors int // zero means one
	}

	// RequireOperator fails with [ErrNotAllowed] unless the session is of an administrator
	// with this role, who has verified a second factor since and acts neither on their own
	// account nor on one with a higher role (OP-07).
	RequireOperator struct {
		Session      SessionID
		Role         Role
		VerifiedFrom time.Time
	}

	// RequireNoRole fails with [ErrNeedsApproval] if the account has a role.
	RequireNoRole struct{}

	// SpendApproval consumes a request. It fails with [ErrApprovalEnded] if it has expired
	// or ended, if its requester is no longer an admin, or if Own does not say correctly
	// whether it is By's own.
	SpendApproval struct {
		ID  string
		By  UserID // who consumes it
		Own bool
	}

	// ApproveDownload lets the requester download once. It fails as SpendApproval does, and
	// if the download is already approved.
	ApproveDownload struct {
		ID string
		By UserID
	}

	// SpendDownload consumes an approved download. It fails with [ErrNeedsApproval] if the
	// administrator has none with these filters.
	SpendDownload struct {
		By      UserID
		Filters string
	}

	// KeepAdmin fails with [ErrLastAdmin] if the account is the only admin that is not
	// disabled. It is serialized over all accounts: two admins cannot remove each other.
	KeepAdmin struct{}
)

// Accounts.
type (
	// AddUser adds an account, and ends an invitation of its email address. It fails with
	// [ErrEmailTaken] if another account has the email address.
	AddUser struct {
		User
		CreatedAt time.Time
	}

	// PutInvitation adds an invitation, for the set's account if it has one, in place of an
	// earlier one to the email address. It fails with [ErrTooManyInvitations] if there are
	// [InvitationsMax] of email addresses without an account.
	PutInvitation struct{ Invitation }

	// RenewInvitation gives an invitation another token. It fails if it has ended.
	RenewInvitation struct{ Invitation }

	// RemoveInvitation withdraws an invitation. It fails if it has ended.
	RemoveInvitation struct{ ID string }

	// SpendInvitation consumes an invitation. It fails if it has ended or expired, or has
	// another token by now.
	SpendInvitation struct{ TokenHash string }

	// ReplaceEmail ends an enrolment and makes its verified address the
	// account's sign-in or second address. It fails if the enrolment has ended,
	// and with [ErrEmailTaken] if another account signs in with the address.
	ReplaceEmail struct{ EmailEnrolment }

	// ReplaceName sets the account's display name; empty for none.
	ReplaceName struct{ Name string }

	// AddGroup adds the account to a group. It fails if the account is in it, or in
	// [GroupsMax] groups.
	AddGroup struct{ Name string }

	// RemoveGroup removes the account from a group. It fails if it is not in it.
	RemoveGroup struct{ Name string }

	// EndEmailEnrolment ends the account's pending email address, if there is one.
	EndEmailEnrolment struct{}

	// ClearMustChange ends the demand that the password be changed.
	ClearMustChange struct{}
)

// Recoveries.
type (
	// AddRecovery adds a pending recovery. It fails if the account is disabled, has a role or
	// no second factor, and if a recovery is pending or one was requested after LastBefore.
	AddRecovery struct {
		Recovery
		LastBefore time.Time
	}

	// AddRecoveryToken adds a token that stops the account's recovery.
	AddRecoveryToken struct{ Hash string }

	// StopRecovery ends the account's pending recovery. If there is one, it applies Changes.
	StopRecovery struct {
		Changes  []Change
		Expected bool // whether there was one when the set was made
	}

	// ClearRecovered ends the demand for a mailed code that a recovery has left.
	ClearRecovered struct{}
)

// Attempts.
type (
	// AddAttempt adds an attempt. It fails if its account or its session does
	// not exist, or if there is an attempt with its token.
	AddAttempt struct{ Attempt }

	// ReplaceDemand replaces the demand, the next page and the expiry of a
	// re-authentication attempt. It fails if there is no such attempt.
	ReplaceDemand struct{ Attempt }

	// AddVerifiedFactor adds a verified factor to an attempt. It fails if the
	// attempt has ended.
	AddVerifiedFactor struct {
		Attempt string // token hash
		VerifiedFactor
	}

	// EndAttempt ends an attempt and its code. It fails if the attempt has
	// ended: of several responses that would complete it, one does.
	EndAttempt struct{ TokenHash string }

	// EndAttempts ends all attempts of the account and their codes, and its invitation.
	EndAttempts struct{}

	// EndOlderAttempts ends the account's attempts of one purpose but one: only
	// the newest request counts (RC-03). One that has a verified factor stays, so
	// that strangers cannot end it with a request.
	EndOlderAttempts struct {
		Purpose Purpose
		Except  string // token hash
	}
)

// Sessions.
type (
	// BeginSession adds a session. It fails if the account is disabled, or if
	// there is a session with its token.
	BeginSession struct {
		Session
		Device            string // token hash of the known device that it is on; empty for none
		RequireNoMFA      bool   // no second factor was verified: fail if the account has one by now (SE-09)
		RequireRemembered bool   // nor did a remembered device owe one: fail if it was forgotten meanwhile
	}

	// RenewSession updates when factors were verified in a session. Other
	// sessions stay as they are (RV-05). It fails if the session has ended.
	RenewSession struct {
		Session   SessionID
		TokenHash string         // of its new token; empty to keep token and lifetime
		First     VerifiedFactor // zero: unchanged
		Second    VerifiedFactor // zero: unchanged; without a kind it was added but not verified
	}

	// EndSessions ends the account's sessions but one, and all its attempts and invitations.
	// No device is remembered any more.
	EndSessions struct {
		Except SessionID // empty: end all
	}

	// PutKnownDevice makes a device known to the account. If it was known by another
	// token, to this account or others, the new one replaces that for all of them. A
	// device that the account knows keeps its id.
	PutKnownDevice struct {
		KnownDevice
		Replaces       string // hash of that token; empty for none
		KeepRemembered bool   // leave RememberedAt as it is
	}

	// ForgetDevices ends that devices are remembered, as EndSessions does too.
	ForgetDevices struct{}
)

// PutHostToken adds a token of a host. It ends those that the session had for the host
// longer than [HandoverLifetime], and fails if the session has ended.
type PutHostToken struct{ HostToken }

// PutHostUse records that the account has used a host.
type PutHostUse struct{ Host string }

// Factors.
type (
	// PutTOTP adds or replaces the account's authenticator app.
	PutTOTP struct{ TOTPKey }

	// AddPhone adds a verified phone and ends the session's enrolment. It fails
	// if the account has the number already, or [PhonesMax] phones.
	AddPhone struct {
		Phone
		Session SessionID
	}

	// PutPasskey adds a passkey. It fails if the account has [PasskeysMax] passkeys,
	// and with [ErrPasskeyExists] if an account has it.
	PutPasskey struct{ PasskeyKey }

	// SpendChallenge consumes the challenge that a passkey has signed. It fails if
	// that was done before (PK-02).
	SpendChallenge struct {
		Hash      string
		ExpiresAt time.Time
	}

	// EnsureBackupCodes adds a set of backup codes unless the account has one:
	// the user may have it on paper, so it is not replaced.
	EnsureBackupCodes struct{ BackupCodeSet }

	// PutSentCode adds or replaces the code of its holder.
	PutSentCode struct{ SentCode }
)

// SettleCounts resets and refunds rate limits, by key. A set has at most one, so that
// the store can lock the counts in the order in which Allow does.
type SettleCounts struct {
	Reset  []string // back to zero
	Refund []string // one less, and no wait after the request, which was made at the time of the set
}

// PutSetting changes a setting of the site. It fails if its stored value is not Was, which
// is empty for none.
type PutSetting struct {
	StoredSetting
	Was string
	By  string
}

// MFA policies.
type (
	// PutMFAPolicy adds a policy, or moves its day. It fails if the day is not Was, which is
	// zero for none, or if there are [MFAPoliciesMax] policies.
	PutMFAPolicy struct {
		MFAPolicy
		Was time.Time
	}

	// RemoveMFAPolicy removes a policy. It fails if there is none.
	RemoveMFAPolicy struct{ Group string }

	// PutMFAExemption exempts the account from the policies, or replaces its exemption.
	PutMFAExemption struct {
		Until  time.Time
		Reason string
		By     string
	}
)

// AddApproval adds a request. It fails if the same act is requested already, and with
// [ErrTooManyApprovals] if the administrator has [ApprovalsMax] requests.
type AddApproval struct{ Approval }

// The record and the outbox.
type (
	// RecordEvent adds an event to the account's history.
	RecordEvent struct{ Event }

	// QueueMessage queues a message. It cancels the holder's earlier one. If it has
	// limits, the first that allows it counts it; it is a summary if that is not the
	// first of all, and not queued if every limit refuses. If it is required, the changes
	// then fail with [ErrNotQueued].
	QueueMessage struct {
		Message
		Limits   []RateLimit
		Required bool
	}
)

func (RequireMFA) isChange()        {}
func (RequireOperator) isChange()   {}
func (RequireNoRole) isChange()     {}
func (SpendApproval) isChange()     {}
func (ApproveDownload) isChange()   {}
func (SpendDownload) isChange()     {}
func (AddApproval) isChange()       {}
func (KeepAdmin) isChange()         {}
func (AddUser) isChange()           {}
func (PutInvitation) isChange()     {}
func (RenewInvitation) isChange()   {}
func (RemoveInvitation) isChange()  {}
func (SpendInvitation) isChange()   {}
func (ReplaceEmail) isChange()      {}
func (ReplaceName) isChange()       {}
func (AddGroup) isChange()          {}
func (RemoveGroup) isChange()       {}
func (EndEmailEnrolment) isChange() {}
func (ClearMustChange) isChange()   {}
func (AddRecovery) isChange()       {}
func (AddRecoveryToken) isChange()  {}
func (StopRecovery) isChange()      {}
func (ClearRecovered) isChange()    {}
func (AddAttempt) isChange()        {}
func (ReplaceDemand) isChange()     {}
func (AddVerifiedFactor) isChange() {}
func (EndAttempt) isChange()        {}
func (EndAttempts) isChange()       {}
func (EndOlderAttempts) isChange()  {}
func (BeginSession) isChange()      {}
func (RenewSession) isChange()      {}
func (EndSessions) isChange()       {}
func (PutKnownDevice) isChange()    {}
func (ForgetDevices) isChange()     {}
func (PutHostToken) isChange()      {}
func (PutHostUse) isChange()        {}
func (PutTOTP) isChange()           {}
func (AddPhone) isChange()          {}
func (PutPasskey) isChange()        {}
func (SpendChallenge) isChange()    {}
func (EnsureBackupCodes) isChange() {}
func (PutSentCode) isChange()       {}
func (PutSetting) isChange()        {}
func (PutMFAPolicy) isChange()      {}
func (RemoveMFAPolicy) isChange()   {}
func (PutMFAExemption) isChange()   {}
func (SettleCounts) isChange()      {}
func (RecordEvent) isChange()       {}
func (QueueMessage) isChange()      {}

func (s *ChangeSet) add(changes ...Change) { s.Changes = append(s.Changes, changes...) }

// eachMessage changes the queued messages of a kind.
func (s *ChangeSet) eachMessage(kind MessageKind, change func(m *Message)) {
	for i, c := range s.Changes {
		if c, ok := c.(QueueMessage); ok && c.Kind == kind {
			change(&c.Message)
			s.Changes[i] = c
		}
	}
}

// settle adds to the set's only SettleCounts.
func (s *ChangeSet) settle(counts SettleCounts) {
	for i, c := range s.Changes {
		if c, ok := c.(SettleCounts); ok {
			s.Changes[i] = SettleCounts{Reset: append(c.Reset, counts.Reset...), Refund: append(c.Refund, counts.Refund...)}
			return
		}
	}
	s.add(counts)
}
