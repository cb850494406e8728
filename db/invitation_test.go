package db

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"twostep/auth"
)

func invitation(id, email string) auth.PutInvitation {
	return auth.PutInvitation{Invitation: auth.Invitation{
		ID: id, Email: auth.Email{Typed: email, Key: email}, TokenHash: "token of " + id, By: "ann", SentAt: noon, ExpiresAt: noon.Add(auth.InvitationLifetime),
	}}
}

// OP-16: of any number of sign-ups with a link, one is completed, and none after it was
// replaced or withdrawn.
func TestSpendInvitation_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.apply(t, "", invitation("1", "bob@example.org"))
		signUp := func(token string, at time.Time) func(context.Context, *Store, int) (bool, error) {
			return func(ctx context.Context, s *Store, _ int) (bool, error) {
				err := s.Apply(ctx, auth.ChangeSet{At: at, Changes: []auth.Change{auth.SpendInvitation{TokenHash: token}}})
				if errors.Is(err, auth.ErrNotFound) {
					return false, nil
				}
				return err == nil, err
			}
		}
		if n := db.race(t, signUp("token of 1", noon)); n != 1 {
			t.Errorf("%d sign-ups, want 1", n)
		}
		db.apply(t, "", invitation("2", "bob@example.org"))
		renewed := invitation("2", "bob@example.org").Invitation
		renewed.TokenHash = "another"
		db.apply(t, "", auth.RenewInvitation{Invitation: renewed})
		if n := db.race(t, signUp("token of 2", noon)); n != 0 {
			t.Errorf("%d sign-ups with a replaced link", n)
		}
		if n := db.race(t, signUp("another", renewed.ExpiresAt)); n != 0 {
			t.Errorf("%d sign-ups with an expired link", n)
		}
		db.apply(t, "", auth.RemoveInvitation{ID: "2"})
		wantNotFound(t, db.Apply(t.Context(), set("", auth.RenewInvitation{Invitation: renewed})))
		wantNotFound(t, db.Apply(t.Context(), set("", auth.RemoveInvitation{ID: "2"})))
	})
}

// An invitation is found by its current link until its address has an account that can
// sign in. One for an address replaces the one before and keeps its place in the list.
func TestFindInvitation(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		u := user("eve")
		u.PasswordHash = ""
		added := invitation("3", u.Email.Key)
		db.apply(t, "eve", auth.AddUser{User: u, CreatedAt: noon}, added)
		db.apply(t, "", invitation("1", "bob@example.org"), invitation("2", "cid@example.org"))
		again := invitation("4", "bob@example.org")
		db.apply(t, "", again)
		must(t, db.TouchInvitation(t.Context(), "1", noon))
		must(t, db.TouchInvitation(t.Context(), "1", noon.Add(time.Hour)))

		all, err := db.FindInvitations(t.Context(), "", 2)
		must(t, err)
		if len(all) != 2 || all[0].ID != "3" || all[0].User != "eve" || all[1].ID != "2" || all[1].ByEmail != "Aann@example.org" {
			t.Errorf("first page: %+v", all)
		}
		all, err = db.FindInvitations(t.Context(), "2", 2)
		must(t, err)
		if len(all) != 1 || all[0].ID != "1" || all[0].TokenHash != again.TokenHash || !all[0].OpenedAt.Equal(noon) {
			t.Errorf("second page: %+v", all)
		}
		find := func(token string, at time.Time) error {
			_, err := db.FindInvitation(t.Context(), token, at)
			return err
		}
		must(t, find("token of 4", noon))
		must(t, find("token of 3", noon))
		wantNotFound(t, find("token of 1", noon))
		wantNotFound(t, find("token of 2", noon.Add(auth.InvitationLifetime)))
		_, err = db.ReplacePassword(t.Context(), "eve", "hash", set("eve"))
		must(t, err)
		wantNotFound(t, find("token of 3", noon))
		db.apply(t, "eve", auth.EndAttempts{})
		db.apply(t, "cid", auth.AddUser{User: auth.User{ID: "cid", Email: auth.Email{Typed: "Cid@example.org", Key: "cid@example.org"}, PasskeyHandle: "cid"}, CreatedAt: noon})
		wantNotFound(t, find("token of 2", noon))
		if n := db.count(t, `SELECT count(*) FROM invitations`); n != 1 {
			t.Errorf("%d invitations are left, want bob's", n)
		}
	})
}

// There are never more than the maximum. An address that is invited can be
// invited again.
func TestPutInvitation_Max(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.exec(t, fmt.Sprintf(`
			INSERT INTO invitations (id, email, email_key, token_hash, invited_by, sent_at, expires_at)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			SELECT 'i' || i, 'u' || i, 'u' || i, 'h' || i, '', 0, 0 FROM n`, auth.InvitationsMax))
		if err := db.Apply(t.Context(), set("", invitation("1", "bob@example.org"))); !errors.Is(err, auth.ErrTooManyInvitations) {
			t.Errorf("one more than the maximum: %v", err)
		}
		db.apply(t, "", invitation("1", "u7"))
		if n := db.count(t, `SELECT count(*) FROM invitations`); n != auth.InvitationsMax {
			t.Errorf("%d invitations", n)
		}
	})
}

// Who was invited is erased from the audit log with the account (OP-15).
func TestRemoveUser_Invitation(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for id, email := range map[string]string{"1": "aann@example.org", "2": "bob@example.org"} {
			db.apply(t, "", auth.RecordEvent{Event: auth.Event{ID: id, Type: auth.OperatorInvited, At: noon, Email: email, Actor: "eve"}})
		}
		_, err := db.RemoveUser(t.Context(), "ann", set("ann"))
		must(t, err)
		audit, err := db.FindAudit(t.Context(), auth.AuditQuery{Type: auth.OperatorInvited}, 5)
		must(t, err)
		if len(audit.Entries) != 2 || audit.Entries[0].Email != "bob@example.org" || audit.Entries[1].Email != "" {
			t.Errorf("%+v", audit.Entries)
		}
	})
}
