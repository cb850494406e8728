package auth_test

import (
	"context"
	"testing"
	"time"

	"twostep/auth"
)

// A meanwhile is a store in which something happens once after an account's factors
// were read so many times.
type meanwhile struct {
	auth.Store
	reads   int
	happens func()
}

func (s *meanwhile) FindFactors(ctx context.Context, user auth.UserID, now time.Time) (auth.Factors, error) {
	factors, err := s.Store.FindFactors(ctx, user, now)
	if s.reads--; s.reads == 0 {
		s.happens()
	}
	return factors, err
}

// TestFirstFactor_LastOneRemoved: a factor that becomes the first one because the last
// was removed at that moment comes with backup codes, or is refused (BC-01).
func TestFirstFactor_LastOneRemoved(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	f.addTOTP(client, session)
	f.now = f.now.Add(time.Minute)
	f.must(f.AddPhone(f.ctx, client, session, ownNumber))
	phone, err := f.VerifyPhone(f.ctx, client, session, f.code(ownNumber))
	f.must(err)
	withCodes := func() {
		t.Helper()
		if factors, err := f.Factors(f.ctx, session.User); err != nil || !factors.HasMFA() || factors.BackupCodes != auth.BackupCodeCount {
			t.Fatalf("%+v, %v", factors, err)
		}
	}
	removing := &meanwhile{Store: f.db}
	f.use(removing)
	removing.reads, removing.happens = 2, func() { f.must(f.RemoveTOTP(f.ctx, client, session)) }
	f.problem(f.UsePhone(f.ctx, client, session, phone), auth.FormExpired)
	f.must(f.UsePhone(f.ctx, client, session, phone))
	withCodes()

	e, err := f.TOTPEnrolment(f.ctx, session)
	f.must(err)
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPContinue, ""))
	removing.reads, removing.happens = 1, func() { f.must(f.DisablePhone(f.ctx, client, session, phone)) }
	f.problem(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPSubmit, f.totp(e.KeyText())), auth.FormExpired)
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPSubmit, f.totp(e.KeyText())))
	withCodes()
}
