package auth_test

import (
	"testing"
	"time"

	"twostep/auth"
)

// TestEnrolment_ResetsFailures: a correct code of an enrolment resets its failures, so that
// mistakes at the next enrolment do not make the user wait (RL-04).
func TestEnrolment_ResetsFailures(t *testing.T) {
	f := newFlow(t)
	const ann, other = "ann@example.com", "+14155559876"
	session, client := f.signUp(ann)
	fiveTimes := func(reason auth.Reason, respond func() error) { // more begin a wait
		t.Helper()
		for range 5 {
			f.problem(respond(), reason)
		}
		f.now = f.now.Add(31 * time.Second)
	}

	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPReset, ""))
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPContinue, ""))
	wrongTOTP := func() error { return f.AdvanceTOTP(f.ctx, client, session, auth.TOTPSubmit, "0000000") }
	fiveTimes(auth.TOTPWrong, wrongTOTP)
	f.addTOTPAgain(client, session)
	f.problem(wrongTOTP(), auth.TOTPWrong)

	f.must(f.AddPhone(f.ctx, client, session, ownNumber))
	wrongPhone := func() error { _, err := f.VerifyPhone(f.ctx, client, session, "0000000"); return err }
	fiveTimes(auth.CodeWrong, wrongPhone)
	f.must(f.ResendPhoneCode(f.ctx, client, session))
	_, err := f.VerifyPhone(f.ctx, client, session, f.code(ownNumber))
	f.must(err)
	f.must(f.AddPhone(f.ctx, client, session, other))
	f.problem(wrongPhone(), auth.CodeWrong)

	const fresh = "new@example.com"
	f.now = f.now.Add(time.Minute)
	f.must(f.StartEmailChange(f.ctx, client, session, auth.ForNotices, fresh))
	f.problem(f.VerifyEmail(f.ctx, client, session, "0000000"), auth.CodeWrong)
	failures := func() (n int) {
		t.Helper()
		_, _, err := f.db.Allow(f.ctx, f.now, []auth.RateLimit{{Key: auth.EnrolEmailKey(fresh), Limiter: peek{&n}}})
		f.must(err)
		return n
	}
	if n := failures(); n != 1 {
		t.Errorf("%d wrong codes are counted, want 1", n)
	}
	f.must(f.VerifyEmail(f.ctx, client, session, f.code(fresh)))
	if n := failures(); n != 0 {
		t.Errorf("%d wrong codes are counted after the correct one", n)
	}
}

// addTOTPAgain completes the session's enrolment, which waits for a code, and starts another
// one up to there.
func (f *flow) addTOTPAgain(client auth.Client, session auth.Session) {
	f.t.Helper()
	e, err := f.TOTPEnrolment(f.ctx, session)
	f.must(err)
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPSubmit, f.totp(e.KeyText())))
	f.now = f.now.Add(auth.RepeatWindow)
	if codes, err := f.UnseenBackupCodes(f.ctx, session.User); err != nil || len(codes) > 0 {
		f.must(err)
		f.must(f.ConfirmBackupCodes(f.ctx, session.User))
	}
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPReset, ""))
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPContinue, ""))
}

// TestFailures_ResetByNewFactor: failures counted against a factor that was replaced or
// removed do not count against the new one, and the operator sees no wait for it (RL-01).
func TestFailures_ResetByNewFactor(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	session, client := f.signUp(ann)
	f.addTOTP(client, session)
	phone := f.addPhone(client, session, ownNumber)
	f.now = f.now.Add(time.Hour)
	for name, row := range map[string]struct {
		kind   auth.FactorKind
		reason auth.Reason
		renew  func()
	}{
		"another app": {auth.TOTPCode, auth.TOTPWrong, func() { f.addTOTP(client, session) }},
		"removed app": {auth.TOTPCode, auth.TOTPWrong, func() { f.must(f.RemoveTOTP(f.ctx, client, session)) }},
		"phone reserved again": {auth.PhoneCode, auth.CodeWrong, func() {
			f.must(f.DisablePhone(f.ctx, client, session, phone))
			f.must(f.UsePhone(f.ctx, client, session, phone))
		}},
		"new backup codes": {auth.BackupCode, auth.BackupCodeWrong, func() { f.must(f.NewBackupCodes(f.ctx, client, session)) }},
	} {
		f.now = f.now.Add(time.Hour)
		if factors, err := f.Factors(f.ctx, session.User); err != nil || factors.TOTP == nil {
			f.must(err)
			f.addTOTP(client, session)
		}
		for i := range 5 {
			f.now = f.now.Add(time.Minute)
			attacker := f.client()
			result, err := f.SignIn(f.ctx, attacker, ann, flowPassword, "")
			f.must(err)
			if row.kind == auth.PhoneCode {
				f.must(f.ChooseMethod(f.ctx, attacker, result.Attempt, auth.PhoneCode, phone))
			}
			_, err = f.Verify(f.ctx, attacker, result.Attempt, "0000000", row.kind == auth.BackupCode)
			if f.problem(err, row.reason); i == 4 {
				account, err := f.Account(f.ctx, ann)
				f.must(err)
				if len(account.Waits) != 1 || account.Waits[0].Factor != row.kind {
					t.Errorf("%s: waits before: %+v", name, account.Waits)
				}
			}
		}
		row.renew()
		account, err := f.Account(f.ctx, ann)
		f.must(err)
		if len(account.Waits) != 0 {
			t.Errorf("%s: waits after: %+v", name, account.Waits)
		}
	}
}
