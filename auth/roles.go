package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Role is what an account may do on the administration pages. Each role may do what
// the lower ones may.
type Role int

// The roles, from the lowest.
const (
	NoRole      Role = iota
	RoleViewer       // sees the pages, with email addresses and phone numbers masked
	RoleSupport      // helps users
	RoleAdmin
)

var roleNames = []string{"none", "viewer", "support", "admin"}

// String returns the name of the role.
func (r Role) String() string { return roleNames[r] }

// ParseRole returns the role with a name.
func ParseRole(name string) (role Role, ok bool) {
	i := slices.Index(roleNames, name)
	return Role(max(i, 0)), i >= 0
}

// CommandActor is the actor of an event that a command on the server's machine caused.
const CommandActor = "command"

// An Operator acts on the accounts of others: an administrator in a session, or, if it
// is zero, the person who runs a command on the server's machine.
type Operator struct {
	Session Session
	Client  Client
	Reason  string // why; the audit log keeps it
}

// actor names the operator in events.
func (o Operator) actor() string {
	if o.Session.ID == "" {
		return CommandActor
	}
	return string(o.Session.User)
}

// begin returns the changes that an operator with a role makes to an account, or to the
// whole site if user is empty. Those of an administrator begin with the check that they
// may, so that it holds in the transaction that applies them (OP-05, OP-07).
func (r *Rules) begin(ctx context.Context, o Operator, role Role, user UserID) (ChangeSet, error) {
	changes := ChangeSet{User: user, At: r.now()}
	if o.Session.ID == "" {
		return changes, nil
	}
	changes.add(RequireOperator{Session: o.Session.ID, Role: role, VerifiedFrom: changes.At.Add(-AdminActAge)})
	return changes, r.allowAct(ctx, changes.At, o.Session.User)
}

// beginReasoned is begin for an act on somebody's account: an administrator says why.
func (r *Rules) beginReasoned(ctx context.Context, o Operator, role Role, user UserID) (ChangeSet, error) {
	n := utf8.RuneCountInString(strings.TrimSpace(o.Reason))
	if o.Session.ID != "" && (n < ReasonMin || n > ReasonMax || !utf8.ValidString(o.Reason) || strings.ContainsFunc(o.Reason, unicode.IsControl)) {
		return ChangeSet{}, &Problem{Reason: ReasonInvalid, Field: "reason", Limit: ReasonMax}
	}
	return r.begin(ctx, o, role, user)
}

// recordAct adds an event that an operator causes to the changes.
func (r *Rules) recordAct(ctx context.Context, changes *ChangeSet, o Operator, e Event) error {
	e.Actor, e.Reason = o.actor(), o.Reason
	return r.record(ctx, changes, o.Client, e)
}

// Acted ends an act of an operator; done says whether its changes were applied.
func (r *Rules) Acted(ctx context.Context, changes ChangeSet, done bool, err error) error {
	if err == nil && done {
		r.Applied(ctx, changes)
	}
	return operated(err)
}

// The errors of a store that refuses an operator.
var (
	ErrNotAllowed = errors.New("operator is not allowed to do this")
	ErrLastAdmin  = errors.New("no other admin is left")
)

// operated returns the error of an operator's act as the page shows it: somebody who is
// not allowed to act sees that there is no such page (OP-01).
func operated(err error) error {
	switch {
	case errors.Is(err, ErrNotAllowed):
		return ErrNotFound
	case errors.Is(err, ErrLastAdmin):
		return &Problem{Reason: LastAdmin}
	case errors.Is(err, ErrNotQueued):
		return &Problem{Reason: SMSBudgetExhausted}
	case errors.Is(err, ErrNeedsApproval):
		return &Problem{Reason: FormExpired} // the page now asks for one
	}
	return err
}

// ChangeRole gives an account a role. Only commands do: no administrator can make another.
// It returns false if the account has the role already.
func (r *Rules) ChangeRole(ctx context.Context, user UserID, role Role) (changed bool, err error) {
	changes := ChangeSet{User: user, At: r.now()}
	if err := r.recordAct(ctx, &changes, Operator{}, Event{Type: OperatorChangedRole, Name: role.String()}); err != nil {
		return false, err
	}
	changed, err = r.store.ReplaceRole(ctx, user, role, changes)
	if changed {
		r.Applied(ctx, changes)
	}
	return changed, err
}
