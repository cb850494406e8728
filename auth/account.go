package auth

import (
	"context"
	"strings"
)

// DeleteAccount deletes the account of a session with everything in it, at
// once. confirmation is what the user typed: the account's email address.
func (r *Rules) DeleteAccount(ctx context.Context, client Client, session Session, confirmation string) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(confirmation), session.Email) {
		return &Problem{Reason: ConfirmationWrong, Field: "confirm"}
	}
	changes := ChangeSet{User: session.User, At: now}
	changes.add(KeepAdmin{})
	if err := r.record(ctx, &changes, client, Event{Type: AccountDeleted}); err != nil {
		return err
	}
	removed, err := r.store.RemoveUser(ctx, session.User, changes)
	return r.conclude(ctx, changes, removed, operated(err))
}
