package handlers_test

import (
	"context"
	"testing"

	"twostep/auth"
	"twostep/db"
)

// A meanwhileStore lets something happen between the check of a password and the
// transaction that spends it.
type meanwhileStore struct {
	*db.Store
	site *testSite
}

func (s *meanwhileStore) SpendPassword(ctx context.Context, user auth.UserID, hash, rehash string, changes auth.ChangeSet) (bool, error) {
	if happens := s.site.meanwhile; happens != nil {
		s.site.meanwhile = nil
		happens()
	}
	return s.Store.SpendPassword(ctx, user, hash, rehash, changes)
}

// A sign-in that owed no second factor when its password was checked begins no session if
// the user has added one by then (SE-09).
func TestSignIn_FactorAddedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, add := range map[string]func(b *browser){
		"app":   func(b *browser) { b.addTOTP() },
		"phone": func(b *browser) { b.addPhone(number).press("Use for MFA").wantHeading("Backup codes") },
	} {
		site := newSite(t)
		b := site.browser().signUp(ann)
		site.meanwhile = func() { add(b) }
		site.restart()
		other := site.browser().signIn(ann)
		if site.meanwhile != nil {
			t.Fatal("no password was spent")
		}
		other.wantError(422)
		other.open("/account").wantHeading("Sign in")
		if n := site.queryInt(`SELECT count(*) FROM sessions`); n != 1 {
			t.Errorf("%s: %d sessions, want 1", name, n)
		}
		other.signIn(ann).wantHeading("Verify your account")
		b.open("/account").wantHeading("Account")
	}
}
