package auth_test

import (
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/passkeytest"
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

// TestFailures_ResetWithFactors: nor do they count if an administrator or a recovery has
// removed the factor, or if another passkey was added.
func TestFailures_ResetWithFactors(t *testing.T) {
	wantWaits := func(f *flow, want int) {
		t.Helper()
		account, err := f.Account(f.ctx, recoveryUser)
		f.must(err)
		if len(account.Waits) != want {
			t.Errorf("waits: %+v, want %d", account.Waits, want)
		}
	}
	wrongCodes := func(f *flow) {
		for range 5 {
			_, err := f.Verify(f.ctx, f.client(), f.atSecondStep(f.client()), "0000000", false)
			f.problem(err, auth.TOTPWrong)
		}
		wantWaits(f, 1)
	}
	for _, action := range []auth.OperatorAction{auth.RemoveFactor, auth.ResetMFA} {
		f, session, _ := newRecoveryFlow(t)
		wrongCodes(f)
		done, err := f.CarryOut(f.ctx, auth.Operator{}, auth.Act{Action: action, User: session.User, Target: string(auth.TOTPCode)})
		if !done || err != nil {
			t.Errorf("%s: %v, %v", action, done, err)
		}
		wantWaits(f, 0)
	}

	f := newFlow(t)
	f.signUp(recoveryUser)
	for range 5 {
		_, err := f.SignIn(f.ctx, f.client(), recoveryUser, "wrong", "")
		f.problem(err, auth.InvalidCredentials)
	}
	wantWaits(f, 1)
	done, err := f.operate(auth.EndPassword, recoveryUser)
	if !done || err != nil {
		t.Errorf("the password is ended: %v, %v", done, err)
	}
	wantWaits(f, 0)

	for name, renew := range map[string]func(f *flow, client auth.Client, session auth.Session){
		"reset": func(f *flow, client auth.Client, _ auth.Session) {
			token := f.forgot(client, recoveryUser)
			_, err := f.Verify(f.ctx, client, token, f.code(recoveryUser), false)
			f.must(err)
			f.setPassword(client, token, "eight yellow herons")
		},
		"changed": func(f *flow, client auth.Client, session auth.Session) {
			_, err := f.ChangePassword(f.ctx, client, session, flowPassword, "eight yellow herons", true)
			f.must(err)
		},
	} {
		f := newFlow(t)
		session, known := f.signUp(recoveryUser)
		f.now = f.now.Add(time.Minute)
		for range 5 {
			_, err := f.SignIn(f.ctx, f.client(), recoveryUser, "wrong", "")
			f.problem(err, auth.InvalidCredentials)
		}
		wantWaits(f, 1)
		if renew(f, known, session); t.Failed() {
			t.Fatalf("the password is %s", name)
		}
		wantWaits(f, 0)
	}

	f, _, _ = newRecoveryFlow(t)
	f.recover(f.client())
	f.advance(recoveryDelay / 2)
	f.advance(recoveryDelay/2 - time.Millisecond)
	wrongCodes(f)
	f.advance(time.Millisecond)
	f.wantPending(false)
	wantWaits(f, 0)

	f, session, client := newPasskeyFlow(t)
	f.addPasskey(&passkeytest.Device{Verifies: true}, client, session)
	f.secondStep(client)
	for range 5 {
		_, err := f.VerifyPasskey(f.ctx, f.client(), f.token, "{}")
		f.problem(err, auth.PasskeyWrong)
	}
	wantWaits(f, 1)
	f.addPasskey(&passkeytest.Device{Verifies: true}, client, session)
	wantWaits(f, 0)
}

// TestVerifyEmail_Twice: a code that is posted twice has done its work, for a short time;
// an address that the account has already is not sent one.
func TestVerifyEmail_Twice(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	for email, use := range map[string]auth.EmailUse{"second@example.com": auth.ForNotices, "new@example.com": auth.ForSignIn} {
		f.must(f.StartEmailChange(f.ctx, client, session, use, email))
		code := f.code(email)
		f.must(f.VerifyEmail(f.ctx, client, session, code))
		f.must(f.VerifyEmail(f.ctx, client, session, code))
		f.now = f.now.Add(2 * auth.RepeatWindow)
		f.problem(f.VerifyEmail(f.ctx, client, session, code), auth.FormExpired)
		session = f.reload(session)
		f.problem(f.StartEmailChange(f.ctx, client, session, use, email), auth.EmailSame)
	}
	f.problem(f.StartEmailChange(f.ctx, client, session, auth.ForNotices, "third@example.com"), auth.TooManyEmails)
	f.must(f.StartEmailChange(f.ctx, client, session, auth.ForSignIn, "second@example.com"))
}
