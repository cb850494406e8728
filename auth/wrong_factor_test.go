package auth_test

import (
	"errors"
	"testing"
	"time"

	"twostep/auth"
)

// TestSecondFactorFailed: a wrong code of any kind after the right password notifies the
// owner, once an hour, and is in the history (RC-11).
func TestSecondFactorFailed(t *testing.T) {
	for _, kind := range []auth.FactorKind{auth.TOTPCode, auth.PhoneCode, auth.BackupCode} {
		f := newFlow(t)
		const ann = "ann@example.com"
		session, client := f.signUp(ann)
		f.addTOTP(client, session)
		phone := f.addPhone(client, session, ownNumber)
		for range 2 {
			f.now = f.now.Add(time.Minute)
			attacker := f.client()
			result, err := f.SignIn(f.ctx, attacker, ann, flowPassword, "")
			f.must(err)
			if kind == auth.PhoneCode {
				f.must(f.ChooseMethod(f.ctx, attacker, result.Attempt, kind, phone))
			}
			_, err = f.Verify(f.ctx, attacker, result.Attempt, "0000000", kind == auth.BackupCode)
			if err == nil {
				t.Fatalf("%s: a wrong code is accepted", kind)
			}
		}
		if n := f.count(ann, auth.MessageKind(auth.SecondFactorFailed)); n != 1 {
			t.Errorf("%s: %d mails, want 1", kind, n)
		}
		events, _, err := f.Activity(f.ctx, session.User, "")
		f.must(err)
		recorded := 0
		for _, e := range events {
			if e.Type == auth.SecondFactorFailed && e.Factor == kind {
				recorded++
			}
		}
		if recorded != 1 {
			t.Errorf("%s: %d events, want 1", kind, recorded)
		}
	}
}

// TestSentCode_OtherPhone: a code that was sent to one phone is invalid once the attempt
// asks for the code of another (SM-05).
func TestSentCode_OtherPhone(t *testing.T) {
	f := newFlow(t)
	const ann, other = "ann@example.com", "+14155559876"
	session, client := f.signUp(ann)
	f.addPhone(client, session, ownNumber)
	f.now = f.now.Add(time.Second) // the first one is the default
	second := f.addPhone(client, session, other)
	f.now = f.now.Add(time.Hour)
	result, err := f.SignIn(f.ctx, client, ann, flowPassword, "")
	f.must(err)
	code := f.code(ownNumber)
	f.must(f.MakePhoneDefault(f.ctx, client, session, second))
	_, err = f.Verify(f.ctx, client, result.Attempt, code, false)
	f.problem(err, auth.CodeExpired)
	f.must(f.ResendCode(f.ctx, client, result.Attempt))
	_, err = f.Verify(f.ctx, client, result.Attempt, f.code(other), false)
	f.must(err)
}

// TestLastFactor_RefusedEarly: where a second factor is required, the last one cannot be
// removed, and the user learns why (RV-06).
func TestLastFactor_RefusedEarly(t *testing.T) {
	f := newFlow(t)
	f.policy.RequireMFA = true
	f.use(f.db)
	session, client := f.signUp("ann@example.com")
	f.addTOTP(client, session)
	f.problem(f.RemoveTOTP(f.ctx, client, session), auth.LastFactor)
	phone := f.addPhone(client, session, ownNumber)
	f.must(f.RemoveTOTP(f.ctx, client, session))
	f.problem(f.DisablePhone(f.ctx, client, session, phone), auth.LastFactor)
	f.problem(f.RemovePhone(f.ctx, client, session, phone), auth.LastFactor)
	if n := f.count("ann@example.com", auth.MessageKind(auth.PhoneRemoved)); n != 0 {
		t.Errorf("%d notices of a removal that was refused", n)
	}
}

// TestLastFactor_OtherRemovedMeanwhile: of two factors that are removed at once one stays,
// where a second factor is required (RV-06).
func TestLastFactor_OtherRemovedMeanwhile(t *testing.T) {
	f := newFlow(t)
	f.policy.RequireMFA = true
	f.use(f.db)
	session, client := f.signUp("ann@example.com")
	f.addTOTP(client, session)
	phone := f.addPhone(client, session, ownNumber)
	removing := &meanwhile{Store: f.db, reads: 1}
	removing.happens = func() { f.must(f.DisablePhone(f.ctx, client, session, phone)) }
	f.use(removing)
	f.problem(f.RemoveTOTP(f.ctx, client, session), auth.FormExpired)
	if factors, err := f.Factors(f.ctx, session.User); err != nil || factors.Count() != 1 {
		t.Errorf("%d factors, %v", factors.Count(), err)
	}
}

// TestRemoveFactor_OtherRemovedMeanwhile: the same if an administrator removes one of them.
func TestRemoveFactor_OtherRemovedMeanwhile(t *testing.T) {
	f := newFlow(t)
	f.policy.RequireMFA = true
	f.use(f.db)
	session, client := f.signUp("ann@example.com")
	f.addTOTP(client, session)
	phone := f.addPhone(client, session, ownNumber)
	f.use(&meanwhile{Store: f.db, reads: 1, happens: func() { f.must(f.DisablePhone(f.ctx, client, session, phone)) }})
	done, err := f.CarryOut(f.ctx, auth.Operator{}, auth.Act{Action: auth.RemoveFactor, User: session.User, Target: string(auth.AppFactor)})
	if done || err != nil {
		t.Errorf("removed: %v, %v", done, err)
	}
	if factors, err := f.Factors(f.ctx, session.User); err != nil || factors.Count() != 1 {
		t.Errorf("%d factors, %v", factors.Count(), err)
	}
}

// TestVerify_RemovedMeanwhile: a code is refused if the last factor is removed, and the
// backup codes with it, while it is checked.
func TestVerify_RemovedMeanwhile(t *testing.T) {
	for kind, want := range map[auth.FactorKind]auth.Reason{auth.TOTPCode: auth.UnknownMethod, auth.BackupCode: auth.BackupCodeWrong} {
		f := newFlow(t)
		session, client := f.signUp("ann@example.com")
		key := f.addTOTP(client, session)
		code := map[auth.FactorKind]string{auth.TOTPCode: f.totp(key), auth.BackupCode: f.backupCode}[kind]
		session = f.reload(session)
		result, err := f.SignIn(f.ctx, client, "ann@example.com", flowPassword, "")
		f.must(err)
		removing := &meanwhile{Store: f.db, reads: 1}
		removing.happens = func() { f.must(f.RemoveTOTP(f.ctx, client, session)) }
		f.use(removing)
		_, err = f.Verify(f.ctx, client, result.Attempt, code, kind == auth.BackupCode)
		f.problem(err, want)
	}
}

// TestVerify_NothingEntered: an empty form is no failure.
func TestVerify_NothingEntered(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	verify := func(token auth.Token, want auth.Reason) {
		t.Helper()
		_, err := f.Verify(f.ctx, client, token, "", false)
		f.problem(err, want)
	}
	token, err := f.StartReauth(f.ctx, session, auth.Demand{}, "")
	f.must(err)
	verify(token, auth.PasswordMissing)
	_, err = f.SignIn(f.ctx, client, "ann@example.com", "", "")
	f.problem(err, auth.PasswordMissing)
	_, err = f.ChangePassword(f.ctx, client, session, "", "eight yellow herons", true)
	f.problem(err, auth.PasswordMissing)
	f.addTOTP(client, session)
	result, err := f.SignIn(f.ctx, client, "ann@example.com", flowPassword, "")
	f.must(err)
	verify(result.Attempt, auth.CodeMissing)
	if account, err := f.Account(f.ctx, "ann@example.com"); err != nil || len(account.Failures) != 0 {
		t.Errorf("failures: %+v, %v", account.Failures, err)
	}
}

// TestSignInLocked_BackupCodes: the owner is notified of the wait that guesses of backup
// codes begin (RL-03).
func TestSignInLocked_BackupCodes(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	session, client := f.signUp(ann)
	f.addTOTP(client, session)
	f.now = f.now.Add(time.Minute)
	for i := range 6 {
		attacker := f.client()
		result, err := f.SignIn(f.ctx, attacker, ann, flowPassword, "")
		f.must(err)
		want := auth.BackupCodeWrong
		if i == 5 {
			want = auth.TooManyAttempts
		}
		_, err = f.Verify(f.ctx, attacker, result.Attempt, "aaaabbbbccccdddd", true)
		f.problem(err, want)
	}
	if n := f.count(ann, auth.MessageKind(auth.SignInLocked)); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

// TestMethod_OtherSteps: a code by SMS is sent only to the phone that the second step asks
// for, and a method is chosen only there.
func TestMethod_OtherSteps(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	session, client := f.signUp(ann)
	f.addTOTP(client, session)
	phone := f.addPhone(client, session, ownNumber)
	f.deliver()
	f.now = f.now.Add(time.Hour)
	before := len(f.sent)
	result, err := f.SignIn(f.ctx, client, ann, flowPassword, "")
	f.must(err)
	f.problem(f.ResendCode(f.ctx, client, result.Attempt), auth.FormExpired)
	reset := f.forgot(client, ann)
	f.problem(f.ChooseMethod(f.ctx, client, reset, auth.PhoneCode, phone), auth.FormExpired)
	f.deliver()
	for _, m := range f.sent[before:] {
		if m.Kind != auth.MessageResetCode {
			t.Errorf("sent %s to %q", m.Kind, m.To)
		}
	}
}

// TestAddedFactor_OtherSessions: a phone that is added ends no other session, and an app
// that replaces another does: they may belong to somebody who has its key.
func TestAddedFactor_OtherSessions(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	f.key = f.addTOTP(client, session)
	f.now = f.now.Add(time.Minute)
	result, err := f.SignIn(f.ctx, f.client(), "ann@example.com", flowPassword, "")
	f.must(err)
	result = f.respond(f.client(), result.Attempt, auth.TOTPCode)
	f.addPhone(client, session, ownNumber)
	f.session(result)
	f.addTOTP(client, session)
	if _, err := f.Session(f.ctx, result.Session); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the other session: %v", err)
	}
}
