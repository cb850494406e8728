package auth

import (
	"context"
	"time"
)

// An Account is what an operator sees of one: enough to help its owner, and
// nothing by which to come in.
type Account struct {
	User
	CreatedAt  time.Time
	SeenAt     time.Time // of its session last seen; zero where it has none
	MustChange bool
	TOTP       bool
	Phones     int // reserved ones
	Sessions   int
}

type operatorStore interface {
	// FindAccounts reads a page of accounts by the key of their address: those
	// after the one given, or from the first where it is empty.
	FindAccounts(ctx context.Context, after string, most int) ([]Account, error)
	// FindAccount reads one account.
	FindAccount(ctx context.Context, user UserID) (Account, error)
	// ReplaceDisabled disables or enables an account.
	ReplaceDisabled(ctx context.Context, user UserID, disabled bool, grant ChangeSet) (replaced bool, err error)
	// ReplaceMustChange marks that an account's password must be changed.
	ReplaceMustChange(ctx context.Context, user UserID, grant ChangeSet) (replaced bool, err error)
	// RemoveFactors takes every second factor from an account, with its backup
	// codes; numbers stay, but none is reserved.
	RemoveFactors(ctx context.Context, user UserID, grant ChangeSet) (removed bool, err error)
}

// Accounts returns a page of accounts, in the order of their addresses, and
// whether there are more. after is the address key of the last one before.
func (r *Rules) Accounts(ctx context.Context, after string) (page []Account, more bool, err error) {
	page, err = r.store.FindAccounts(ctx, after, AccountsPage+1)
	if len(page) > AccountsPage {
		return page[:AccountsPage], true, err
	}
	return page, false, err
}

// Account returns the account of an address.
func (r *Rules) Account(ctx context.Context, address string) (Account, error) {
	user, err := r.userOf(ctx, address)
	if err != nil {
		return Account{}, err
	}
	return r.store.FindAccount(ctx, user.ID)
}

func (r *Rules) userOf(ctx context.Context, address string) (User, error) {
	email, err := ParseEmail(address)
	if err != nil {
		return User{}, err
	}
	return r.store.FindUserByEmail(ctx, email.Key)
}

// An OperatorAction is what an operator does to an account by a command. Each
// stands in the account's history and is told to its owner, because whoever
// holds the machine could do it in silence otherwise (RC-10). None sets or
// shows a password (PW-13).
type OperatorAction struct {
	Type EventType
	do   func(r *Rules, ctx context.Context, user User, grant ChangeSet) (done bool, err error)
}

// The acts.
var (
	// Unlock forgets every failure counted against the account's factors.
	Unlock = OperatorAction{OperatorUnlocked, func(r *Rules, ctx context.Context, user User, grant ChangeSet) (bool, error) {
		for kind := range verifiers {
			r.bound(&grant, kind, user.ID)
		}
		for _, kind := range []FactorKind{enrolTOTP, enrolPhone, enrolEmail} {
			r.bound(&grant, kind, user.ID)
		}
		return true, r.store.Apply(ctx, grant)
	}}
	// ResetMFA takes every second factor away and ends all sessions; the person
	// signs in with the password and sets one up anew.
	ResetMFA = OperatorAction{OperatorResetMFA, func(r *Rules, ctx context.Context, user User, grant ChangeSet) (bool, error) {
		for kind := range verifiers {
			if kind != Password {
				r.bound(&grant, kind, user.ID)
			}
		}
		grant.EndSessions = &EndSessions{User: user.ID}
		return r.store.RemoveFactors(ctx, user.ID, grant)
	}}
	// EndPassword makes the password worthless and ends all sessions; the person
	// sets a new one by a code to the address. Second factors stay.
	EndPassword = OperatorAction{OperatorResetPassword, func(r *Rules, ctx context.Context, user User, grant ChangeSet) (bool, error) {
		ended := r.passwordReplaced(user.ID, "", grant.At)
		ended.Events, ended.Messages = grant.Events, grant.Messages
		return r.store.ReplacePassword(ctx, user.ID, "", ended)
	}}
	// MustChangePassword lets the password sign in once more, to be changed first (PW-10).
	MustChangePassword = OperatorAction{OperatorMustChange, func(r *Rules, ctx context.Context, user User, grant ChangeSet) (bool, error) {
		return r.store.ReplaceMustChange(ctx, user.ID, grant)
	}}
	// SignOutEverywhere ends all sessions (SE-10).
	SignOutEverywhere = OperatorAction{OperatorSignedOut, func(r *Rules, ctx context.Context, user User, grant ChangeSet) (bool, error) {
		grant.EndSessions = &EndSessions{User: user.ID}
		return true, r.store.Apply(ctx, grant)
	}}
	// Disable ends all sessions, and nobody signs in until Enable (SE-10).
	Disable = OperatorAction{OperatorDisabled, func(r *Rules, ctx context.Context, user User, grant ChangeSet) (bool, error) {
		grant.EndSessions = &EndSessions{User: user.ID}
		return r.store.ReplaceDisabled(ctx, user.ID, true, grant)
	}}
	// Enable lets the account sign in again.
	Enable = OperatorAction{OperatorEnabled, func(r *Rules, ctx context.Context, user User, grant ChangeSet) (bool, error) {
		return r.store.ReplaceDisabled(ctx, user.ID, false, grant)
	}}
	// Delete removes the account with everything in it.
	Delete = OperatorAction{AccountDeleted, func(r *Rules, ctx context.Context, user User, grant ChangeSet) (bool, error) {
		grant.Events = nil
		return r.store.RemoveUser(ctx, user.ID, grant)
	}}
)

// Operate carries an act out on the account of an address. done is false where
// there was nothing to do: an account without a factor, or disabled already.
func (r *Rules) Operate(ctx context.Context, act OperatorAction, address string) (done bool, err error) {
	user, err := r.userOf(ctx, address)
	if err != nil {
		return false, err
	}
	grant := ChangeSet{At: r.now()}
	if err := r.record(ctx, &grant, Visitor{}, Event{User: user.ID, Type: act.Type}); err != nil {
		return false, err
	}
	done, err = act.do(r, ctx, user, grant)
	if err == nil && done {
		r.applied(ctx, grant)
	}
	return done, err
}

// AddAccount makes an account for an address, without a password: its owner
// sets one by a code to the address, like everybody who forgot theirs (PW-13).
func (r *Rules) AddAccount(ctx context.Context, address string) error {
	email, err := ParseEmail(address)
	if err != nil {
		return err
	}
	now := r.now()
	user := User{ID: UserID(newID()), Email: email}
	grant := ChangeSet{At: now, NewUser: &NewUser{User: user, CreatedAt: now}}
	if err := r.record(ctx, &grant, Visitor{}, Event{User: user.ID, Type: OperatorAdded}); err != nil {
		return err
	}
	grant.Messages = []Message{r.notice(MessageKind(OperatorAdded), email.Typed, Visitor{}, now)}
	return r.changed(ctx, true, r.store.Apply(ctx, grant), grant)
}
