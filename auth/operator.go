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
	ReplaceDisabled(ctx context.Context, user UserID, disabled bool, grant Grant) (replaced bool, err error)
	// ReplaceMustChange marks that an account's password must be changed.
	ReplaceMustChange(ctx context.Context, user UserID, grant Grant) (replaced bool, err error)
	// RemoveFactors takes every second factor from an account, with its backup
	// codes; numbers stay, but none is reserved.
	RemoveFactors(ctx context.Context, user UserID, grant Grant) (removed bool, err error)
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

// An OperatorAct is what an operator does to an account by a command. Each
// stands in the account's history and is told to its owner, because whoever
// holds the machine could do it in silence otherwise (RC-10). None sets or
// shows a password (PW-13).
type OperatorAct struct {
	What What
	do   func(r *Rules, ctx context.Context, user User, grant Grant) (done bool, err error)
}

// The acts.
var (
	// Unlock forgets every failure counted against the account's factors.
	Unlock = OperatorAct{OperatorUnlocked, func(r *Rules, ctx context.Context, user User, grant Grant) (bool, error) {
		for kind := range verifiers {
			r.bound(&grant, kind, user.ID)
		}
		for _, kind := range []Kind{enrolTOTP, enrolPhone, enrolEmail} {
			r.bound(&grant, kind, user.ID)
		}
		return true, r.store.AddGrant(ctx, grant)
	}}
	// ResetMFA takes every second factor away and ends all sessions; the person
	// signs in with the password and sets one up anew.
	ResetMFA = OperatorAct{OperatorResetMFA, func(r *Rules, ctx context.Context, user User, grant Grant) (bool, error) {
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
	EndPassword = OperatorAct{OperatorResetPassword, func(r *Rules, ctx context.Context, user User, grant Grant) (bool, error) {
		ended := r.passwordReplaced(user.ID, "", grant.At)
		ended.Events, ended.Messages = grant.Events, grant.Messages
		return r.store.ReplacePassword(ctx, user.ID, "", ended)
	}}
	// MustChangePassword lets the password sign in once more, to be changed first (PW-10).
	MustChangePassword = OperatorAct{OperatorMustChange, func(r *Rules, ctx context.Context, user User, grant Grant) (bool, error) {
		return r.store.ReplaceMustChange(ctx, user.ID, grant)
	}}
	// SignOutEverywhere ends all sessions (SE-10).
	SignOutEverywhere = OperatorAct{OperatorSignedOut, func(r *Rules, ctx context.Context, user User, grant Grant) (bool, error) {
		grant.EndSessions = &EndSessions{User: user.ID}
		return true, r.store.AddGrant(ctx, grant)
	}}
	// Disable ends all sessions, and nobody signs in until Enable (SE-10).
	Disable = OperatorAct{OperatorDisabled, func(r *Rules, ctx context.Context, user User, grant Grant) (bool, error) {
		grant.EndSessions = &EndSessions{User: user.ID}
		return r.store.ReplaceDisabled(ctx, user.ID, true, grant)
	}}
	// Enable lets the account sign in again.
	Enable = OperatorAct{OperatorEnabled, func(r *Rules, ctx context.Context, user User, grant Grant) (bool, error) {
		return r.store.ReplaceDisabled(ctx, user.ID, false, grant)
	}}
	// Delete removes the account with everything in it.
	Delete = OperatorAct{AccountDeleted, func(r *Rules, ctx context.Context, user User, grant Grant) (bool, error) {
		grant.Events = nil
		return r.store.RemoveUser(ctx, user.ID, grant)
	}}
)

// Operate carries an act out on the account of an address. done is false where
// there was nothing to do: an account without a factor, or disabled already.
func (r *Rules) Operate(ctx context.Context, act OperatorAct, address string) (done bool, err error) {
	user, err := r.userOf(ctx, address)
	if err != nil {
		return false, err
	}
	grant := Grant{At: r.now()}
	if err := r.tell(ctx, &grant, Visitor{}, Event{User: user.ID, What: act.What}); err != nil {
		return false, err
	}
	done, err = act.do(r, ctx, user, grant)
	if err == nil && done {
		r.granted(ctx, grant)
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
	grant := Grant{At: now, NewUser: &NewUser{User: user, CreatedAt: now}}
	if err := r.tell(ctx, &grant, Visitor{}, Event{User: user.ID, What: OperatorAdded}); err != nil {
		return err
	}
	grant.Messages = []Message{r.notice(Letter(OperatorAdded), email.Typed, Visitor{}, now)}
	return r.changed(ctx, true, r.store.AddGrant(ctx, grant), grant)
}
