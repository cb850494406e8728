package auth

import (
	"context"
	"strings"
)

type accountStore interface {
	// FindUser reads an account.
	FindUser(ctx context.Context, user UserID) (User, error)
	// RemoveUser deletes an account and everything that hangs on it, and writes
	// the messages of the grant.
	RemoveUser(ctx context.Context, user UserID, grant ChangeSet) (removed bool, err error)
}

// DeleteAccount deletes the account of a session, with everything in it, at
// once. confirmed is what the person typed: the account's own address.
func (r *Rules) DeleteAccount(ctx context.Context, visitor Visitor, session Session, confirmed string) error {
	if !strings.EqualFold(strings.TrimSpace(confirmed), session.Email) {
		return &Problem{Reason: ConfirmationWrong, Field: "confirm"}
	}
	grant := ChangeSet{At: r.now()}
	if err := r.record(ctx, &grant, visitor, Event{User: session.User, Type: AccountDeleted}); err != nil {
		return err
	}
	left := grant
	left.Events = nil // there is no history for it to stand in
	removed, err := r.store.RemoveUser(ctx, session.User, left)
	return r.changed(ctx, removed, err, grant)
}
