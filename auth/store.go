package auth

import (
	"context"
	"time"
)

// Store keeps all facts. Its verbs: Find (or [ErrNotFound]), Add, Replace,
// Remove, Spend (at most one of any number of racing callers gets true) and
// Allow (no more callers than the limit get true).
//
// One method is one transaction, and durable when it returns. A method with a
// [ChangeSet] applies it in the transaction of its own condition: it returns
// true if both succeeded and changes nothing otherwise.
type Store interface {
	// Accounts

	// FindUser reads an account.
	FindUser(ctx context.Context, user UserID) (User, error)
	// FindUserByEmail reads an account by the key of its email address.
	FindUserByEmail(ctx context.Context, emailKey string) (User, error)
	// FindInvitations reads up to limit invitations, the newest first: those before the one
	// with the given id, or the newest if it is empty.
	FindInvitations(ctx context.Context, before string, limit int) ([]Invitation, error)
	// FindInvitationByID reads an invitation.
	FindInvitationByID(ctx context.Context, id string) (Invitation, error)
	// FindInvitation reads one that has not expired, by its current token, unless its email
	// address has an account with a password by now.
	FindInvitation(ctx context.Context, tokenHash string, now time.Time) (Invitation, error)
	// TouchInvitation sets when an invitation was opened for the first time.
	TouchInvitation(ctx context.Context, id string, now time.Time) error
	// FindPeople reads up to limit accounts for the operator's list.
	FindPeople(ctx context.Context, q PeopleQuery, limit int) (PeoplePage, error)
	// FindAccount reads an account as the operator sees it.
	FindAccount(ctx context.Context, user UserID) (Account, error)
	// RemoveUser deletes an account and everything that belongs to it.
	RemoveUser(ctx context.Context, user UserID, changes ChangeSet) (removed bool, err error)
	// ReplaceDisabled disables or enables an account.
	ReplaceDisabled(ctx context.Context, user UserID, disabled bool, changes ChangeSet) (replaced bool, err error)
	// ReplaceRole gives an account a role, unless it has it already.
	ReplaceRole(ctx context.Context, user UserID, role Role, changes ChangeSet) (replaced bool, err error)
	// ReplaceMustChange demands that the password be changed.
	ReplaceMustChange(ctx context.Context, user UserID, changes ChangeSet) (replaced bool, err error)
	// Apply applies changes that have no condition of their own, or returns
	// [ErrNotFound] if one cannot be applied.
	Apply(ctx context.Context, changes ChangeSet) error

	// Passwords

	// SpendPassword applies changes if the account still has this password hash
	// and is not disabled, so that an old password cannot begin what a change of
	// password has ended. It stores rehash instead unless rehash is empty.
	SpendPassword(ctx context.Context, user UserID, hash, rehash string, changes ChangeSet) (spent bool, err error)
	// ReplacePassword sets the password of an account that is not disabled, and
	// ends the demand that it be changed.
	ReplacePassword(ctx context.Context, user UserID, hash string, changes ChangeSet) (replaced bool, err error)

	// Attempts

	// FindAttempt reads an attempt that has not expired, with its verified factors.
	FindAttempt(ctx context.Context, tokenHash string, now time.Time) (Attempt, error)
	// AddAttempt applies changes that begin an attempt without a verified
	// factor, or returns [ErrNotFound] if one cannot be applied.
	AddAttempt(ctx context.Context, changes ChangeSet) error
	// AllowAttempt is AddAttempt unless a limiter refuses, as in Allow. The request is
	// counted only if the attempt begins.
	AllowAttempt(ctx context.Context, limits []RateLimit, changes ChangeSet) (refused int, count Count, err error)
	// ReplaceMethod sets the method of an attempt that has not expired.
	ReplaceMethod(ctx context.Context, tokenHash string, method Method, changes ChangeSet) (changed bool, err error)
	// RemoveAttempt ends an attempt and its code.
	RemoveAttempt(ctx context.Context, tokenHash string) error

	// Sessions and known devices

	// FindSessionFactors reads a session, without the fields of the session list,
	// and the account's factors, at one moment.
	FindSessionFactors(ctx context.Context, tokenHash string, now time.Time) (Session, Factors, error)
	// FindSessions reads all sessions of an account, expired ones too.
	FindSessions(ctx context.Context, user UserID) ([]Session, error)
	// TouchSession sets when a session and its account were last seen, unless they
	// were seen later.
	TouchSession(ctx context.Context, user UserID, id SessionID, now time.Time) error
	// ReplaceNext sets where a session continues.
	ReplaceNext(ctx context.Context, id SessionID, next string) error
	// RemoveSession ends a session and the enrolments and attempts in it. Like every
	// method and change that ends sessions, it queues a message to each app that they
	// signed in to, see [NewLogoutMessage].
	RemoveSession(ctx context.Context, tokenHash string, now time.Time) error
	// RemoveSessionOf does so by id, if the session is the account's. Its device is not
	// remembered any more.
	RemoveSessionOf(ctx context.Context, user UserID, id SessionID, changes ChangeSet) (removed bool, err error)
	// FindKnownDevice reads a device by its current token.
	FindKnownDevice(ctx context.Context, user UserID, tokenHash string) (KnownDevice, error)

	// FindRememberedDevices reads the account's devices that were remembered, expired
	// ones too.
	FindRememberedDevices(ctx context.Context, user UserID) ([]KnownDevice, error)
	// ForgetDevice ends that a device of the account is remembered.
	ForgetDevice(ctx context.Context, user UserID, id string, changes ChangeSet) (forgotten bool, err error)

	// Forward auth

	// FindHostSession is FindSessionFactors by a host's token, with the account's groups.
	FindHostSession(ctx context.Context, host, tokenHash string, now time.Time) (Session, Factors, []string, error)
	// FindGroups reads the groups of an account, sorted.
	FindGroups(ctx context.Context, user UserID) ([]string, error)
	// AddHandover adds a handover, or returns [ErrNotFound] if its session has ended.
	AddHandover(ctx context.Context, h Handover) error
	// FindHandover reads a handover that has not expired.
	FindHandover(ctx context.Context, codeHash string, now time.Time) (Handover, error)
	// SpendHandover consumes a handover.
	SpendHandover(ctx context.Context, h Handover, changes ChangeSet) (spent bool, err error)
	// FindHostUses reads the hosts that an account has used, sorted.
	FindHostUses(ctx context.Context, user UserID) ([]HostUse, error)
	// RemoveHostUse ends all tokens that an account's browsers have for a host.
	RemoveHostUse(ctx context.Context, user UserID, host string, changes ChangeSet) (removed bool, err error)

	// Factors

	// FindFactors reads an account's factors: none if it does not exist.
	FindFactors(ctx context.Context, user UserID, now time.Time) (Factors, error)
	// RemoveFactors removes an account's app, passkeys and backup codes. Its phones stay
	// but are second factors no more. It returns false if there was no factor.
	RemoveFactors(ctx context.Context, user UserID, changes ChangeSet) (removed bool, err error)

	// Authenticator apps

	// FindTOTP reads the account's key.
	FindTOTP(ctx context.Context, user UserID) (TOTPKey, error)
	// SpendTOTPStep consumes a time step. Steps only move forward, so an older
	// code cannot follow a newer one. A last step that is more than [TOTPAhead]
	// steps later was written by a clock that was wrong, and is replaced.
	SpendTOTPStep(ctx context.Context, user UserID, step int64, changes ChangeSet) (spent bool, err error)
	// RemoveTOTP removes the app and its enrolments, and the backup codes if no
	// second factor is left.
	RemoveTOTP(ctx context.Context, user UserID, changes ChangeSet) (removed bool, err error)
	// FindTOTPEnrolment reads the session's enrolment.
	FindTOTPEnrolment(ctx context.Context, session SessionID, now time.Time) (TOTPEnrolment, error)
	// AddTOTPEnrolment adds an enrolment unless the session has one.
	AddTOTPEnrolment(ctx context.Context, e TOTPEnrolment, now time.Time) error
	// ReplaceTOTPEnrolment replaces the enrolment with the key id seen, unless it
	// has changed since. A verified one is replaced only by another key, and only
	// after the backup codes that came with it were seen.
	ReplaceTOTPEnrolment(ctx context.Context, seen string, next TOTPEnrolment) (replaced bool, err error)
	// SpendTOTPEnrolment marks an enrolment as verified and erases its key.
	SpendTOTPEnrolment(ctx context.Context, e TOTPEnrolment, changes ChangeSet) (spent bool, err error)

	// Phones

	// FindPhoneEnrolment reads the session's enrolment.
	FindPhoneEnrolment(ctx context.Context, session SessionID, now time.Time) (PhoneEnrolment, error)
	// ReplacePhoneEnrolment adds or replaces the session's enrolment, or returns
	// [ErrNotFound] if the session has ended.
	ReplacePhoneEnrolment(ctx context.Context, e PhoneEnrolment, changes ChangeSet) error
	// ReplacePhoneCode applies changes with a new code if the enrolment has not ended.
	ReplacePhoneCode(ctx context.Context, id string, changes ChangeSet) (replaced bool, err error)
	// RemovePhoneEnrolment ends the session's enrolment and its code.
	RemovePhoneEnrolment(ctx context.Context, session SessionID) error
	// ReservePhone makes a phone a second factor.
	ReservePhone(ctx context.Context, user UserID, phone PhoneID, changes ChangeSet) (reserved bool, err error)
	// ReleasePhone undoes that, and removes the backup codes if no second factor
	// is left.
	ReleasePhone(ctx context.Context, user UserID, phone PhoneID, changes ChangeSet) (released bool, err error)
	// RemovePhone removes a phone that is reserved or not, as given, and the
	// backup codes if no second factor is left.
	RemovePhone(ctx context.Context, user UserID, phone PhoneID, reserved bool, changes ChangeSet) (removed bool, err error)
	// ReplaceDefaultPhone makes a reserved phone the default.
	ReplaceDefaultPhone(ctx context.Context, user UserID, phone PhoneID, changes ChangeSet) (replaced bool, err error)

	// Passkeys

	// FindPasskey reads the passkey with a credential ID, and its account.
	FindPasskey(ctx context.Context, credentialID []byte) (PasskeyKey, error)
	// SpendPasskey updates a passkey after its use, unless it was used since it was
	// read.
	SpendPasskey(ctx context.Context, use PasskeyUse, changes ChangeSet) (spent bool, err error)
	// RenamePasskey gives a passkey another name.
	RenamePasskey(ctx context.Context, user UserID, id PasskeyID, name string, changes ChangeSet) (renamed bool, err error)
	// RemovePasskey removes a passkey, and the backup codes if no second factor is left.
	RemovePasskey(ctx context.Context, user UserID, id PasskeyID, changes ChangeSet) (removed bool, err error)

	// Codes by SMS and email

	// FindSentCode reads a holder's code and its delivery.
	FindSentCode(ctx context.Context, holder string) (SentCode, error)
	// AllowSentCodeAttempt counts one attempt at a holder's code and returns the
	// code, or [ErrNotFound] if there were limit attempts or there is no code.
	AllowSentCodeAttempt(ctx context.Context, holder string, limit int) (SentCode, error)
	// SpendSentCode consumes a code, unless another was sent since.
	SpendSentCode(ctx context.Context, code SentCode, changes ChangeSet) (spent bool, err error)

	// Backup codes

	// FindBackupSalt reads the salt of an account's set.
	FindBackupSalt(ctx context.Context, user UserID) (salt string, err error)
	// SpendBackupCode removes the code with that hash.
	SpendBackupCode(ctx context.Context, user UserID, hash string, changes ChangeSet) (spent bool, err error)
	// ReplaceBackupCodes adds or replaces the account's set. It returns false if
	// the account has no second factor.
	ReplaceBackupCodes(ctx context.Context, set BackupCodeSet, changes ChangeSet) (replaced bool, err error)
	// FindUnseenCodes reads the codes of a set that the user has not seen yet.
	FindUnseenCodes(ctx context.Context, user UserID, now time.Time) ([]string, error)
	// SpendUnseenCodes erases them; from then on only the user has them.
	SpendUnseenCodes(ctx context.Context, user UserID) (spent bool, err error)

	// Email addresses

	// FindEmails reads where notices go: the account's address and, if there is
	// one, its second address.
	FindEmails(ctx context.Context, user UserID) ([]string, error)
	// FindNoticeEmail reads the second address.
	FindNoticeEmail(ctx context.Context, user UserID) (string, error)
	// RemoveNoticeEmail removes it.
	RemoveNoticeEmail(ctx context.Context, user UserID, changes ChangeSet) (removed bool, err error)
	// FindEmailEnrolment reads the account's enrolment.
	FindEmailEnrolment(ctx context.Context, user UserID, now time.Time) (EmailEnrolment, error)
	// FindEmailChange reads the enrolment that a stop token belongs to.
	FindEmailChange(ctx context.Context, stopHash string, now time.Time) (EmailEnrolment, error)
	// FindEmailChangeEnd reads how the change that a stop token belongs to has ended.
	FindEmailChangeEnd(ctx context.Context, stopHash string) (EmailChangeEnd, error)
	// ReplaceEmailEnrolment adds or replaces the account's enrolment and ends the
	// earlier one's code. It returns [ErrNotFound] if the account does not exist.
	ReplaceEmailEnrolment(ctx context.Context, e EmailEnrolment, changes ChangeSet) error
	// ReplaceEmailCode applies changes with a new code if the enrolment has not ended.
	ReplaceEmailCode(ctx context.Context, id string, changes ChangeSet) (replaced bool, err error)
	// SpendEmailEnrolment ends an enrolment and its code.
	SpendEmailEnrolment(ctx context.Context, id string, changes ChangeSet) (spent bool, err error)

	// Recoveries

	// FindRecovery reads the account's last recovery, pending or ended.
	FindRecovery(ctx context.Context, user UserID) (Recovery, error)
	// FindRecoveryByToken reads the last recovery of the account by a token of it.
	FindRecoveryByToken(ctx context.Context, tokenHash string) (Recovery, error)
	// FindDueRecoveries reads up to limit pending recoveries whose reminder or end is due.
	FindDueRecoveries(ctx context.Context, now time.Time, limit int) ([]Recovery, error)
	// FindPendingRecoveries reads up to limit pending recoveries, the first due first.
	FindPendingRecoveries(ctx context.Context, limit int) ([]PendingRecovery, error)
	// ReplaceRecovery marks a recovery as reminded and sets when it is due, unless it has
	// ended or changed since it was read.
	ReplaceRecovery(ctx context.Context, r Recovery, due time.Time, changes ChangeSet) (replaced bool, err error)
	// SpendRecovery completes a recovery that is reminded and due, unless it has ended or
	// changed since it was read: it removes the account's factors, as RemoveFactors does,
	// and sets [Factors.Recovered].
	SpendRecovery(ctx context.Context, r Recovery, changes ChangeSet) (spent bool, err error)
	// EndRecovery stops a pending recovery.
	EndRecovery(ctx context.Context, user UserID, id string, changes ChangeSet) (ended bool, err error)

	// MFA policies

	// FindMFAPolicies reads the policies, sorted by group.
	FindMFAPolicies(ctx context.Context) ([]MFAPolicy, error)
	// FindMFAExemptions reads up to limit exemptions that have not ended, in the order in
	// which they end: those after the account's, or the first if it is empty.
	FindMFAExemptions(ctx context.Context, after UserID, now time.Time, limit int) ([]MFAExemption, error)
	// RemoveMFAExemption ends the account's exemption.
	RemoveMFAExemption(ctx context.Context, user UserID, changes ChangeSet) (removed bool, err error)
	// FindMFAMembers reads up to scan accounts with IDs after one, and returns those that can
	// sign in without a second factor and will need one from a day between now and until.
	// next is empty if it has read the last account, or if there is no such day.
	FindMFAMembers(ctx context.Context, after UserID, now, until time.Time, scan int) (members []MFAMember, next UserID, err error)
	// SpendMFAReminder consumes the reminder that many days before a day, and the earlier
	// ones, unless the account now has a second factor or another deadline.
	SpendMFAReminder(ctx context.Context, user UserID, day time.Time, daysBefore int, changes ChangeSet) (spent bool, err error)

	// Settings

	// FindSettings reads the settings that were changed.
	FindSettings(ctx context.Context) ([]StoredSetting, error)
	// CountOnlyFactor counts accounts whose second factors are all of one kind, among up to
	// scan accounts with that kind.
	CountOnlyFactor(ctx context.Context, kind FactorKind, scan int) (OnlyFactorCount, error)

	// History

	// FindActivity reads up to limit events, newest first: those before the event
	// with the given id, or the newest if it is empty.
	FindActivity(ctx context.Context, user UserID, before string, limit int) ([]Event, error)
	// FindAudit reads up to limit entries of the audit log, newest first.
	FindAudit(ctx context.Context, q AuditQuery, limit int) (AuditPage, error)

	// Approvals

	// FindApproval reads a request that can be approved: it has not expired, and its
	// requester is an admin.
	FindApproval(ctx context.Context, id string, now time.Time) (Approval, error)
	// FindApprovals reads up to limit of them, of one account or of all if user is empty;
	// the first to expire first.
	FindApprovals(ctx context.Context, user UserID, now time.Time, limit int) ([]Approval, error)
	// FindDownload reads the request of an administrator to download with these filters.
	FindDownload(ctx context.Context, by UserID, filters string, now time.Time) (Approval, error)
	// FindOtherAdmin reports whether there is an admin, not disabled, other than these accounts.
	FindOtherAdmin(ctx context.Context, than ...UserID) (bool, error)

	// Counters

	// CountEvents counts the audit events of a time, of each of these types. until is not
	// included.
	CountEvents(ctx context.Context, from, until time.Time, types []EventType) (map[EventType]int, error)
	// CountAccounts counts the accounts as they are.
	CountAccounts(ctx context.Context, now time.Time) (map[Counter]int, error)
	// ReplaceDay stores counters of a day, in place of those that it had.
	ReplaceDay(ctx context.Context, day DayCounts) error
	// FindDays reads the counters of the days from one on.
	FindDays(ctx context.Context, from time.Time) ([]DayCounts, error)

	// Rate limits

	// Allow counts one request under every key, or under none if one limiter
	// refuses; then it returns the index and count of that limit, otherwise -1.
	// Racing callers are allowed no more than callers one after another. Counts
	// dated in the future are rebased first, see [Count.Rebase].
	Allow(ctx context.Context, now time.Time, limits []RateLimit) (refused int, count Count, err error)
	// FindCount reads the count of a key.
	FindCount(ctx context.Context, key string) (Count, error)

	// Messages

	// ClaimMessage returns the due message of a channel that expires first, and hides
	// it from other workers until the given time. A message rescheduled to after
	// furthest, which no worker does, is due.
	ClaimMessage(ctx context.Context, channel Channel, now, until, furthest time.Time) (Message, error)
	// SpendMessage marks a message as sent and erases its body.
	SpendMessage(ctx context.Context, id string, now time.Time) (spent bool, err error)
	// RejectMessage marks a message as rejected for good and erases its body.
	RejectMessage(ctx context.Context, id string, now time.Time) (rejected bool, err error)
	// RescheduleMessage notes that sending failed and when to try again.
	RescheduleMessage(ctx context.Context, id string, failures int, now, due time.Time) error
	// RemoveMessages removes messages that expired unsent and counts them, and
	// those that were sent or rejected more than a day before.
	RemoveMessages(ctx context.Context, expiredBy time.Time) (removed int, err error)
	// CountMessages counts the messages that wait to be sent, those of them that have
	// failed at least once, and those that were rejected recently.
	CountMessages(ctx context.Context) (waiting, failing, rejected int, err error)
	// FindStalledChannels reports whether a channel is stalled: of the messages
	// with a holder at least threshold have failed since the last success.
	FindStalledChannels(ctx context.Context, channel Channel, threshold int) (stalled bool, err error)

	// Maintenance

	// RemoveExpired removes what no rule can use any more: expired attempts,
	// codes, enrolments and sessions, counts that allow everything again, the
	// text of unseen backup codes, and old history.
	RemoveExpired(ctx context.Context, now time.Time, cutoffs Cutoffs) (removed int, err error)
	// Ping returns nil if the store can be used, otherwise an error with a
	// [NotReady] in it.
	Ping(ctx context.Context) error
}
