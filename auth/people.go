package auth

import (
	"context"
	"strings"
	"time"
)

// A PeopleQuery selects accounts for the operator's list. Its zero value selects all.
type PeopleQuery struct {
	Text         string // start of the email address, or the whole ID or phone number
	Exact        bool   // only a whole email address: for those who may not read addresses
	State        AccountState
	Factors      FactorFilter
	Group        string
	Role         Role        // NoRole for any
	NotSeenSince time.Time   // zero for any
	MFAPolicy    bool        // only accounts to which an MFA policy applies
	Newest       bool        // newest first, instead of by email address
	After        UserID      // the last account of the page before; empty to begin
	Place        PeoplePlace // its place, which stays valid if the account is deleted
}

// A PeoplePlace is where an account is in the list, in either order.
type PeoplePlace struct {
	ID        UserID
	EmailKey  string
	CreatedAt time.Time
}

// An AccountState is a condition of an account that an operator looks for.
type AccountState string

// The states. An account can be in several.
const (
	AnyState        AccountState = ""
	StateActive     AccountState = "active"      // none of the others
	StateDisabled   AccountState = "disabled"    // by an operator
	StateMustChange AccountState = "must-change" // the password, at the next sign-in
	StateInvited    AccountState = "invited"     // has no password yet, or none any more
	StateLocked     AccountState = "locked"      // a factor, after too many failures
)

// AccountStates lists the states to choose from.
var AccountStates = []AccountState{StateActive, StateDisabled, StateMustChange, StateInvited, StateLocked}

// A FactorFilter selects accounts by their second factors.
type FactorFilter string

// The filters.
const (
	AnyFactors FactorFilter = ""
	NoFactor   FactorFilter = "none"
	SMSOnly    FactorFilter = "sms" // no other than SMS
)

// FactorFilters lists the filters to choose from.
var FactorFilters = []FactorFilter{NoFactor, SMSOnly}

// A PeoplePage is a page of the operator's list.
type PeoplePage struct {
	Accounts []Account
	Next     UserID      // where the next page continues, see [PeopleQuery]; empty at the end
	Place    PeoplePlace // of Next
	Partial  bool        // the search ended early, after [PeopleScan] accounts: the next page may have more
}

// People returns a page of accounts.
func (r *Rules) People(ctx context.Context, q PeopleQuery) (PeoplePage, error) {
	return r.store.FindPeople(ctx, r.readable(q), AccountsPage)
}

// firstPage cuts a list, of which up to one row more than a page was read, to a page.
func firstPage[T any](all []T, length int) (page []T, more bool) {
	return all[:min(len(all), length)], len(all) > length
}

// readable returns the query as the store reads it.
func (r *Rules) readable(q PeopleQuery) PeopleQuery {
	q.Text = strings.ToLower(strings.TrimSpace(q.Text))
	if phone, err := ParsePhone(q.Text, r.policy().Region); err == nil && strings.ContainsAny(q.Text, "0123456789") {
		q.Text = phone
	}
	return q
}

// State returns the most important state of an account.
func (a Account) State() AccountState {
	switch {
	case a.Disabled:
		return StateDisabled
	case a.Locked:
		return StateLocked
	case a.Invited:
		return StateInvited
	case a.MustChange:
		return StateMustChange
	}
	return StateActive
}
