package auth

import (
	"context"
	"time"
)

// An Account is an account as the operator sees it: enough to help its owner, and
// nothing to sign in with.
type Account struct {
	User
	CreatedAt  time.Time
	SeenAt     time.Time // in any session, also one that has ended; zero for never
	MustChange bool
	Invited    bool // it has no password
	Locked     bool // a factor is locked after too many failures
	TOTP       bool
	Passkeys   int
	Phones     int // reserved ones
	Sessions   int
	Groups     []string // in alphabetical order
	Role       Role
	MFA        MFADeadline

	// These are only of one account, not of a list.

	BackupCodes  int // the number left
	NoticeEmail  string
	Waits        []Wait
	Failures     []Failures
	Factors      Factors
	OpenSessions []Session // the last seen first
	Recovery     Recovery  // zero unless one is pending
}

// Account returns the account of an email address.
func (r *Rules) Account(ctx context.Context, address string) (Account, error) {
	user, err := r.userByEmail(ctx, address)
	if err != nil {
		return Account{}, err
	}
	return r.accountOf(ctx, user)
}

// AccountOf returns an account by its ID.
func (r *Rules) AccountOf(ctx context.Context, id UserID) (Account, error) {
	user, err := r.store.FindUser(ctx, id)
	if err != nil {
		return Account{}, err
	}
	return r.accountOf(ctx, user)
}

func (r *Rules) accountOf(ctx context.Context, user User) (Account, error) {
	now := r.now()
	account, err := r.store.FindAccount(ctx, user.ID)
	if err != nil {
		return Account{}, err
	}
	factors, err := r.store.FindFactors(ctx, user.ID, now)
	if err != nil {
		return Account{}, err
	}
	last, err := r.RecoveryOf(ctx, user.ID)
	if err != nil {
		return Account{}, err
	}
	if last.Pending() {
		account.Recovery = last
	}
	account.BackupCodes, account.Factors = factors.BackupCodes, r.withPolicy(factors)
	if account.OpenSessions, err = r.openSessions(ctx, user.ID, now); err != nil {
		return Account{}, err
	}
	if account.NoticeEmail, err = r.store.FindNoticeEmail(ctx, user.ID); ignoreNotFound(err) != nil {
		return Account{}, err
	}
	counts, err := r.failureCounts(ctx, user, now)
	account.Waits, account.Failures = waits(counts, now), failures(counts, now)
	return account, err
}

func (r *Rules) userByEmail(ctx context.Context, address string) (User, error) {
	email, err := ParseEmail(address)
	if err != nil {
		return User{}, err
	}
	return r.store.FindUserByEmail(ctx, email.Key)
}

// AccountID returns the account of an email address.
func (r *Rules) AccountID(ctx context.Context, address string) (UserID, error) {
	user, err := r.userByEmail(ctx, address)
	return user.ID, err
}
