package auth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/passkeytest"
)

// These tests are about a user who has lost every second factor (OP-14).

const (
	recoveryUser   = "ann@example.com"
	recoverySecond = "second@example.com"
	recoveryPhone  = "+14155559876"
	recoveryDelay  = 72 * time.Hour
)

// newRecoveryFlow returns an account with an app, a phone and a second email address, and
// with a session on a known device.
func newRecoveryFlow(t *testing.T) (f *flow, session auth.Session, client auth.Client) {
	t.Helper()
	f = newFlow(t)
	f.policy.RecoveryDelay = recoveryDelay
	f.use(f.db)
	session, client = f.signUp(recoveryUser)
	f.must(f.StartEmailChange(f.ctx, client, session, auth.ForNotices, recoverySecond))
	f.must(f.VerifyEmail(f.ctx, client, session, f.code(recoverySecond)))
	f.key = f.addTOTP(client, session)
	f.addPhone(client, session, recoveryPhone)
	f.now = f.now.Add(time.Hour)
	return f, session, client
}

// atSecondStep signs in with the password.
func (f *flow) atSecondStep(client auth.Client) auth.Token {
	f.t.Helper()
	result, err := f.SignIn(f.ctx, client, recoveryUser, flowPassword, "")
	f.must(err)
	if result.Attempt == "" || result.Session != "" {
		f.t.Fatalf("the password led to %+v", result)
	}
	return result.Attempt
}

// recover requests a recovery.
func (f *flow) recover(client auth.Client) {
	f.t.Helper()
	token := f.atSecondStep(client)
	result, err := f.StartRecovery(f.ctx, client, token)
	f.must(err)
	if _, err := f.Attempt(f.ctx, token); !errors.Is(err, auth.ErrNotFound) {
		f.t.Errorf("the sign-in goes on: %v", err)
	}
	result, err = f.Verify(f.ctx, client, result.Attempt, f.code(recoveryUser), false)
	f.must(err)
	if result.Session != "" {
		f.t.Fatal("the code has signed in")
	}
}

func (f *flow) recovery() auth.Recovery {
	f.t.Helper()
	account, err := f.Account(f.ctx, recoveryUser)
	f.must(err)
	return account.Recovery
}

func (f *flow) wantPending(want bool) {
	f.t.Helper()
	if f.recovery().Pending() != want {
		f.t.Fatalf("recovery: %+v, want pending: %v", f.recovery(), want)
	}
}

// advance sets the clock and does what is due.
func (f *flow) advance(d time.Duration) (advanced int) {
	f.t.Helper()
	f.now = f.now.Add(d)
	advanced, _, err := f.AdvanceRecoveries(f.ctx)
	f.must(err)
	return advanced
}

// tokens returns the tokens in the messages of a kind, by recipient.
func (f *flow) tokens(kind auth.EventType) map[string]auth.Token {
	f.t.Helper()
	f.deliver()
	all := map[string]auth.Token{}
	for _, m := range f.sent {
		if m.Kind == auth.MessageKind(kind) {
			if all[m.To] != "" {
				f.t.Errorf("%s was sent to %s twice", kind, m.To)
			}
			all[m.To] = m.Token
		}
	}
	return all
}

var recoveryRecipients = []string{recoveryUser, recoverySecond, recoveryPhone}

func (f *flow) wantTokens(kind auth.EventType) map[string]auth.Token {
	f.t.Helper()
	tokens := f.tokens(kind)
	for _, to := range recoveryRecipients {
		if tokens[to] == "" {
			f.t.Errorf("no %s with a token to %s", kind, to)
		}
	}
	if len(tokens) != len(recoveryRecipients) {
		f.t.Errorf("%s: sent to %v", kind, tokens)
	}
	return tokens
}

// TestRecovery: the messages, an end never before the delay, and what the user needs to sign
// in afterwards.
func TestRecovery(t *testing.T) {
	f, session, _ := newRecoveryFlow(t)
	client := f.client()
	requested := f.now
	f.recover(client)
	if r := f.recovery(); !r.RequestedAt.Equal(requested) || !r.DueAt.Equal(requested.Add(recoveryDelay)) || r.Actor != "" {
		t.Errorf("requested %+v", r)
	}
	f.wantTokens(auth.RecoveryRequested)
	stale := f.atSecondStep(f.client())
	f.advance(recoveryDelay/2 - time.Millisecond)
	if tokens := f.tokens(auth.RecoveryReminded); len(tokens) > 0 {
		t.Errorf("reminded too early: %v", tokens)
	}
	f.advance(time.Millisecond)
	f.wantTokens(auth.RecoveryReminded)
	f.advance(recoveryDelay/2 - time.Millisecond)
	f.wantPending(true)
	inFlight := f.atSecondStep(f.client())
	if completed := f.advance(time.Millisecond); completed != 1 {
		t.Fatalf("%d completed, want 1", completed)
	}
	f.wantTokens(auth.RecoveryCompleted)
	f.wantPending(false)

	if all, err := f.db.FindSessions(f.ctx, session.User); err != nil || len(all) > 0 {
		t.Errorf("sessions at the end: %+v, %v", all, err)
	}
	for _, token := range []auth.Token{stale, inFlight} {
		_, err := f.Verify(f.ctx, f.client(), token, f.totp(f.key), false)
		f.problem(err, auth.FormExpired)
	}

	// The password is not enough, and neither is the lost factor.
	result, err := f.SignIn(f.ctx, client, recoveryUser, flowPassword, "/account/apps")
	f.must(err)
	a, err := f.Attempt(f.ctx, result.Attempt)
	if err != nil || result.Session != "" || a.Step() != auth.StepEmail {
		t.Fatalf("after the password: %s %+v, %v", a.Step(), result, err)
	}
	_, err = f.StartRecovery(f.ctx, client, result.Attempt)
	f.problem(err, auth.FormExpired)
	for _, wrong := range []string{f.totp(f.key), f.backupCode} {
		_, err = f.Verify(f.ctx, client, result.Attempt, wrong, true)
		f.problem(err, auth.CodeWrong)
	}
	if n := f.count(recoveryUser, auth.MessageKind(auth.SecondFactorFailed)); n != 1 {
		t.Errorf("%d mails about wrong codes, want 1", n)
	}
	result, err = f.Verify(f.ctx, client, result.Attempt, f.code(recoveryUser), false)
	f.must(err)
	session, factors, err := f.SessionAndFactors(f.ctx, result.Session)
	if err != nil || session.FirstKind != auth.Password || !session.MFAAt.IsZero() || f.Task(session, factors) != auth.TaskSetupMFA || result.Next != "/account/apps" {
		t.Fatalf("session: %+v %+v %v", session, result, err)
	}
	f.addTOTP(client, session)
	factors, err = f.Factors(f.ctx, session.User)
	if err != nil || factors.Recovered || f.Task(session, factors) != auth.NoTask {
		t.Errorf("after the set-up: %+v, %v", factors, err)
	}
	if f.AdvanceRecoveries(f.ctx); len(f.tokens(auth.RecoveryCompleted)) != len(recoveryRecipients) {
		t.Error("it goes on after its end")
	}
}

// TestRecovery_StoppedFromEveryMessage: each token that was sent stops it, once.
func TestRecovery_StoppedFromEveryMessage(t *testing.T) {
	f, _, _ := newRecoveryFlow(t)
	for i, kind := range []auth.EventType{auth.RecoveryRequested, auth.RecoveryReminded} {
		for _, to := range recoveryRecipients {
			f.sent = nil
			f.recover(f.client())
			if f.deliver(); i == 1 {
				f.sent = nil
				f.advance(recoveryDelay / 2)
			}
			token := f.wantTokens(kind)[to]
			if r, err := f.FindRecovery(f.ctx, token); err != nil || !r.Pending() {
				t.Fatalf("token of %s to %s: %+v, %v", kind, to, r, err)
			}
			f.wantPending(true) // looking at it changes nothing
			_, err := f.StopRecovery(f.ctx, auth.Client{}, token)
			f.must(err)
			f.wantPending(false)
			if n := f.count(recoverySecond, auth.MessageKind(auth.RecoveryStopped)); n != 1 {
				t.Errorf("%d mails that it was stopped, want 1", n)
			}
			_, err = f.StopRecovery(f.ctx, auth.Client{}, token)
			f.problem(err, auth.FormExpired)
			if f.advance(2*auth.RecoveryPause) > 0 {
				t.Error("completed after it was stopped")
			}
			_, err = f.FindRecovery(f.ctx, auth.NewToken())
			if err != auth.ErrNotFound {
				t.Errorf("another token: %v", err)
			}
		}
	}
}

// TestRecovery_Disputed: the token of the last message, and the others, disable the account
// for a day after the end.
func TestRecovery_Disputed(t *testing.T) {
	f, session, _ := newRecoveryFlow(t)
	f.recover(f.client())
	first := f.wantTokens(auth.RecoveryRequested)[recoveryPhone]
	f.advance(recoveryDelay / 2)
	f.advance(recoveryDelay / 2)
	last := f.wantTokens(auth.RecoveryCompleted)[recoveryPhone]
	client := f.client()
	result, err := f.SignIn(f.ctx, client, recoveryUser, flowPassword, "")
	f.must(err)
	result, err = f.Verify(f.ctx, client, result.Attempt, f.code(recoveryUser), false)
	f.must(err)
	f.key = f.addTOTP(client, f.session(result))
	f.now = f.now.Add(auth.StopTokenLifetime - time.Millisecond)
	_, err = f.ChangeRole(f.ctx, session.User, auth.RoleAdmin)
	f.must(err)
	_, err = f.StopRecovery(f.ctx, auth.Client{}, last)
	f.problem(err, auth.LastAdmin)
	_, err = f.ChangeRole(f.ctx, session.User, auth.NoRole)
	f.must(err)
	result, err = f.SignIn(f.ctx, client, recoveryUser, flowPassword, "")
	f.must(err)
	result = f.respond(client, result.Attempt, auth.TOTPCode)
	f.session(result)
	stopped, err := f.StopRecovery(f.ctx, auth.Client{}, last)
	if f.must(err); !stopped.Completed {
		t.Errorf("stopped %+v", stopped)
	}
	_, err = f.SignIn(f.ctx, f.client(), recoveryUser, flowPassword, "")
	f.problem(err, auth.InvalidCredentials)
	_, err = f.StopRecovery(f.ctx, auth.Client{}, last)
	f.problem(err, auth.FormExpired)
	f.now = f.now.Add(time.Millisecond)
	if _, err := f.FindRecovery(f.ctx, first); err != auth.ErrNotFound {
		t.Errorf("a day after the end: %v", err)
	}
	_, err = f.operate(auth.Enable, recoveryUser) // its sessions do not come back
	f.must(err)
	if _, err := f.Session(f.ctx, result.Session); err != auth.ErrNotFound {
		t.Errorf("the session: %v", err)
	}
}

// TestRecovery_Stops: a second factor that is used, and every change of what it began with,
// stops it. The password alone does not, and nor does a device that is remembered.
func TestRecovery_Stops(t *testing.T) {
	f, session, known := newRecoveryFlow(t)
	verify := func(code string) auth.Session {
		client := f.client()
		result, err := f.SignIn(f.ctx, client, recoveryUser, flowPassword, "")
		f.must(err)
		result, err = f.Verify(f.ctx, client, result.Attempt, code, false)
		f.must(err)
		return f.session(result)
	}
	operator := func(action auth.OperatorAction) {
		done, err := f.operate(action, recoveryUser)
		if f.must(err); !done {
			t.Error("nothing to do")
		}
	}
	var second auth.PhoneID
	steps := []struct {
		name string
		do   func()
	}{
		{"sign-in with a factor", func() { session = verify(f.totp(f.key)) }},
		{"re-authentication", func() {
			token, err := f.StartReauth(f.ctx, session, auth.Demand{}, "/account")
			f.must(err)
			result, err := f.Verify(f.ctx, known, token, f.totp(f.key), false)
			f.must(err)
			session = f.session(result)
		}},
		{"backup code", func() { session = verify(f.backupCode) }},
		{"phone added", func() {
			f.must(f.AddPhone(f.ctx, known, session, "+14155559870"))
			id, err := f.VerifyPhone(f.ctx, known, session, f.code("+14155559870"))
			f.must(err)
			second = id
		}},
		{"phone reserved", func() { f.must(f.UsePhone(f.ctx, known, session, second)) }},
		{"phone released", func() { f.must(f.DisablePhone(f.ctx, known, session, second)) }},
		{"phone removed", func() { f.must(f.RemovePhone(f.ctx, known, session, second)) }},
		{"app removed", func() { f.must(f.RemoveTOTP(f.ctx, known, session)); f.key = f.addTOTP(known, session) }},
		{"app replaced", func() { f.key = f.addTOTP(known, session) }},
		{"new backup codes", func() { f.must(f.NewBackupCodes(f.ctx, known, session)) }},
		{"password changed", func() {
			_, err := f.ChangePassword(f.ctx, known, session, flowPassword, "eight yellow herons", false)
			f.must(err)
			f.now = f.now.Add(time.Minute)
			token := f.forgot(known, recoveryUser)
			_, err = f.Verify(f.ctx, known, token, f.code(recoveryUser), false)
			f.must(err)
			f.setPassword(known, token, flowPassword)
		}},
		{"password reset", func() {
			token := f.forgot(known, recoveryUser)
			_, err := f.Verify(f.ctx, known, token, f.code(recoveryUser), false)
			f.must(err)
			f.setPassword(known, token, "nine orange llamas")
			f.now = f.now.Add(time.Minute)
			token = f.forgot(known, recoveryUser)
			_, err = f.Verify(f.ctx, known, token, f.code(recoveryUser), false)
			f.must(err)
			f.setPassword(known, token, flowPassword)
		}},
		{"refused", func() { operator(auth.RefuseRecovery) }},
		{"disabled", func() { operator(auth.Disable); operator(auth.Enable) }},
		{"a role", func() {
			for _, role := range []auth.Role{auth.RoleViewer, auth.NoRole} {
				_, err := f.ChangeRole(f.ctx, session.User, role)
				f.must(err)
			}
		}},
		{"factors reset", func() { operator(auth.ResetMFA) }},
	}
	for _, step := range steps {
		f.now = f.now.Add(auth.RecoveryPause)
		session = verify(f.totp(f.key)) // the session of before has expired
		f.now = f.now.Add(time.Minute)
		f.recover(f.client())
		f.now = f.now.Add(time.Minute)
		before := f.count(recoveryUser, auth.MessageKind(auth.RecoveryStopped))
		f.wantPending(true)
		step.do()
		if f.recovery().Pending() {
			t.Fatalf("%s does not stop it", step.name)
		}
		want := 1
		if step.name == "refused" { // whose mail says it
			want = 0
		}
		if n := f.count(recoveryUser, auth.MessageKind(auth.RecoveryStopped)) - before; n != want {
			t.Errorf("%s: %d mails that it was stopped, want %d", step.name, n, want)
		}
	}
	user := session.User
	events, _, err := f.Activity(f.ctx, user, "")
	if f.must(err); !slices.ContainsFunc(events, func(e auth.Event) bool { return e.Type == auth.RecoveryStopped && e.Actor == auth.CommandActor }) {
		t.Error("the history does not say that a command stopped it")
	}
}

// TestRecovery_RememberedDevice: a sign-in without a second factor stops nothing, and at the
// end the device is remembered no more.
func TestRecovery_RememberedDevice(t *testing.T) {
	f, _, _ := newRecoveryFlow(t)
	f.policy.RememberDevice = auth.RememberDeviceMax
	f.use(f.db)
	client := f.client()
	client.Remember = true
	result, err := f.Verify(f.ctx, client, f.atSecondStep(client), f.totp(f.key), false)
	f.must(err)
	client.DeviceToken = result.Device
	f.now = f.now.Add(time.Minute)
	f.recover(f.client())
	result, err = f.SignIn(f.ctx, client, recoveryUser, flowPassword, "")
	if f.must(err); result.Session == "" {
		t.Fatal("the device is not remembered")
	}
	client.DeviceToken = result.Device
	f.wantPending(true)
	f.advance(recoveryDelay / 2)
	f.advance(recoveryDelay / 2)
	result, err = f.SignIn(f.ctx, client, recoveryUser, flowPassword, "")
	if f.must(err); result.Session != "" {
		t.Error("a remembered device signs in without the mailed code")
	}
}

// TestRecovery_Passkey: a passkey stops it, too, and does not survive it.
func TestRecovery_Passkey(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	f.policy.RecoveryDelay = recoveryDelay
	f.use(f.db)
	device := &passkeytest.Device{Verifies: true}
	f.addPasskey(device, client, session)
	f.now = f.now.Add(time.Hour)
	request := func() {
		t.Helper()
		result, err := f.SignIn(f.ctx, client, passkeyUser, flowPassword, "")
		f.must(err)
		result, err = f.StartRecovery(f.ctx, client, result.Attempt)
		f.must(err)
		_, err = f.Verify(f.ctx, client, result.Attempt, f.code(passkeyUser), false)
		f.must(err)
	}
	pending := func() bool {
		account, err := f.Account(f.ctx, passkeyUser)
		f.must(err)
		return account.Recovery.Pending()
	}
	request()
	if !pending() {
		t.Fatal("no recovery")
	}
	signIn := func() error {
		_, err := f.SignInWithPasskey(f.ctx, client, f.get(device, f.PasskeySignIn(client)), "")
		return err
	}
	if f.must(signIn()); pending() {
		t.Error("a passkey does not stop it")
	}
	f.now = f.now.Add(auth.RecoveryPause)
	request()
	f.advance(recoveryDelay / 2)
	if f.advance(recoveryDelay/2) != 1 {
		t.Fatal("not completed")
	}
	f.problem(signIn(), auth.PasskeyUnknown)
}

// TestRecovery_Refused: an account with a role, one with a recovery and one that had one
// in the last 30 days get a mail without a code. The response shows no difference (FF-03).
func TestRecovery_Refused(t *testing.T) {
	f, session, _ := newRecoveryFlow(t)
	refused := func(name string, due time.Time) {
		t.Helper()
		f.now = f.now.Add(time.Minute)
		f.deliver()
		f.sent = nil
		client := f.client()
		result, err := f.StartRecovery(f.ctx, client, f.atSecondStep(client))
		f.must(err)
		a, err := f.Attempt(f.ctx, result.Attempt)
		f.must(err)
		if a.Step() != auth.StepEmail || a.Code == nil || a.Email != recoveryUser {
			t.Errorf("%s: the page shows %+v", name, a)
		}
		mails := f.messages(recoveryUser)
		if len(mails) != 1 || mails[0].Kind != auth.MessageRecoveryRefused || mails[0].Code != "" || !mails[0].Due.Equal(due) {
			t.Errorf("%s: mails are %+v, want due %v", name, mails, due)
		}
		for range auth.SentCodeAttempts {
			_, err = f.Verify(f.ctx, client, result.Attempt, "271828", false)
			f.problem(err, auth.CodeWrong)
		}
		f.now = f.now.Add(time.Minute)
		f.must(f.ResendCode(f.ctx, client, result.Attempt))
		if n := f.count(recoveryUser, auth.MessageResetCode); n != 0 {
			t.Errorf("%s: the code was sent again in %d mails about the password", name, n)
		}
	}
	_, err := f.ChangeRole(f.ctx, session.User, auth.RoleViewer)
	f.must(err)
	refused("with a role", time.Time{})
	_, err = f.ChangeRole(f.ctx, session.User, auth.NoRole)
	f.must(err)
	f.now = f.now.Add(24 * time.Hour)
	f.recover(f.client())
	next := f.now.Add(auth.RecoveryPause)
	refused("pending", next)
	_, err = f.operate(auth.RefuseRecovery, recoveryUser)
	f.must(err)
	f.now = f.now.Add(24 * time.Hour)
	refused("refused", next)
	f.now = next
	f.recover(f.client())
	f.wantPending(true)
	f.advance(auth.RecoveryPause + 24*time.Hour) // no server was running: it is reminded of and postponed
	f.wantPending(true)
	refused("postponed", f.recovery().DueAt)
}

// TestRecovery_RoleMeanwhile: a role that is given between the code and its response counts.
func TestRecovery_RoleMeanwhile(t *testing.T) {
	f, session, _ := newRecoveryFlow(t)
	client := f.client()
	result, err := f.StartRecovery(f.ctx, client, f.atSecondStep(client))
	f.must(err)
	code := f.code(recoveryUser)
	_, err = f.ChangeRole(f.ctx, session.User, auth.RoleAdmin)
	f.must(err)
	_, err = f.Verify(f.ctx, client, result.Attempt, code, false)
	f.problem(err, auth.CodeExpired)
	f.wantPending(false)
	if tokens := f.tokens(auth.RecoveryRequested); len(tokens) > 0 {
		t.Errorf("messages: %v", tokens)
	}
}

// TestRecovery_NeedsPasswordAndMailbox: neither an attempt of another kind nor a code of
// another kind starts one, and a form that is posted twice ends where the first one did.
func TestRecovery_NeedsPasswordAndMailbox(t *testing.T) {
	f, _, known := newRecoveryFlow(t)
	client := f.client()
	_, err := f.StartRecovery(f.ctx, client, "")
	f.problem(err, auth.FormExpired)
	reset := f.forgot(client, recoveryUser)
	_, err = f.StartRecovery(f.ctx, client, reset)
	f.problem(err, auth.FormExpired)
	resetCode := f.code(recoveryUser)
	_, err = f.Verify(f.ctx, client, reset, resetCode, false)
	f.must(err)
	_, err = f.StartRecovery(f.ctx, client, reset)
	f.problem(err, auth.FormExpired)

	f.now = f.now.Add(time.Minute)
	token := f.atSecondStep(client)
	result, err := f.StartRecovery(f.ctx, client, token)
	f.must(err)
	again, err := f.StartRecovery(f.ctx, client, token)
	if f.must(err); again.Attempt != result.Attempt {
		t.Error("the second post led to another attempt")
	}
	_, err = f.StartRecovery(f.ctx, client, result.Attempt)
	f.problem(err, auth.FormExpired)
	if n := f.count(recoveryUser, auth.MessageRecoveryCode); n != 1 {
		t.Errorf("%d codes, want 1", n)
	}
	for _, wrong := range []string{f.totp(f.key), f.backupCode} { // of the account, but not asked for here
		_, err = f.Verify(f.ctx, client, result.Attempt, wrong, true)
		f.problem(err, auth.CodeWrong)
	}
	if n := f.count(recoveryUser, auth.MessageKind(auth.SecondFactorFailed)); n != 1 {
		t.Errorf("%d mails about wrong codes, want 1", n)
	}
	code := f.code(recoveryUser)
	for range 2 {
		if _, err = f.Verify(f.ctx, client, result.Attempt, code, false); err != nil {
			t.Fatal(err)
		}
	}
	f.wantTokens(auth.RecoveryRequested)
	a, err := f.Attempt(f.ctx, result.Attempt)
	if err != nil || a.Step() != auth.StepRequested {
		t.Errorf("at %s, %v", a.Step(), err)
	}
	f.must(f.StartOver(f.ctx, result.Attempt))
	f.wantPending(true)
	_ = known

	f.policy.RecoveryDelay = 0
	f.use(f.db)
	f.now = f.now.Add(time.Minute)
	_, err = f.StartRecovery(f.ctx, client, f.atSecondStep(client))
	f.problem(err, auth.FormExpired)
	if f.advance(2*recoveryDelay) > 0 {
		t.Error("completed although the feature is off")
	}
}

// TestRecovery_Late: the user has half of the delay after the reminder, also if no server
// ran at half time or the clock has jumped, and is reminded again if the end was missed.
func TestRecovery_Late(t *testing.T) {
	f, _, _ := newRecoveryFlow(t)
	f.recover(f.client())
	f.advance(10 * recoveryDelay) // the clock jumps
	f.wantPending(true)
	due := f.now.Add(recoveryDelay / 2)
	if r := f.recovery(); !r.Reminded || !r.DueAt.Equal(due) {
		t.Errorf("after the jump: %+v, want due %v", r, due)
	}
	f.advance(-10 * recoveryDelay) // and is corrected
	f.advance(recoveryDelay)
	f.wantPending(true)
	f.now = due.Add(auth.RecoveryOverdue)
	f.sent = nil
	f.advance(time.Millisecond)
	f.wantPending(true)
	f.wantTokens(auth.RecoveryReminded)
	if f.advance(recoveryDelay/2-time.Millisecond) != 0 || f.advance(time.Millisecond) != 1 {
		t.Error("not completed after the second reminder")
	}
}

// TestRecovery_Messages: they are kept until the end, if a provider is down, and numbers
// that cost more get none.
func TestRecovery_Messages(t *testing.T) {
	f, _, _ := newRecoveryFlow(t)
	f.policy.SMSCountries = []string{"DE"}
	f.use(f.db)
	f.recover(f.client())
	f.sent = nil
	f.now = f.now.Add(auth.MessageRetention + time.Hour)
	if tokens := f.tokens(auth.RecoveryRequested); len(tokens) != 2 || tokens[recoveryPhone] != "" {
		t.Errorf("sent to %v", tokens)
	}
}

// TestRecovery_BySupport: it starts at once, however long ago the last one was, with the
// administrator in the record; no one else may (OP-03, OP-07).
func TestRecovery_BySupport(t *testing.T) {
	f, session, _ := newRecoveryFlow(t)
	f.recover(f.client())
	_, err := f.operate(auth.RefuseRecovery, recoveryUser)
	f.must(err)
	helper, client := f.signUp("bob@example.com")
	f.addTOTP(client, helper)
	by := auth.Operator{Session: helper, Client: client, Reason: "called us"}
	start := func() (bool, error) { return f.Operate(f.ctx, by, auth.DelayedReset, session.User) }
	for _, role := range []auth.Role{auth.NoRole, auth.RoleViewer, auth.RoleSupport} {
		if role != auth.NoRole {
			_, err := f.ChangeRole(f.ctx, helper.User, role)
			f.must(err)
		}
		done, err := start()
		if allowed := role == auth.RoleSupport; done != allowed || allowed == (err != nil) {
			t.Fatalf("as %s: %v, %v", role, done, err)
		}
	}
	f.wantTokens(auth.OperatorStartedRecovery)
	if done, err := start(); done || err != nil {
		t.Errorf("a second one: %v, %v", done, err)
	}
	if r := f.recovery(); r.Actor != string(helper.User) {
		t.Errorf("started by %q", r.Actor)
	}
	pending, err := f.PendingRecoveries(f.ctx)
	if err != nil || len(pending) != 1 || pending[0].Email != recoveryUser || pending[0].ActorEmail != "bob@example.com" {
		t.Errorf("pending: %+v, %v", pending, err)
	}
	if done, err := f.Operate(f.ctx, by, auth.RefuseRecovery, session.User); done || err != auth.ErrNotFound {
		t.Errorf("support refused it: %v, %v", done, err)
	}
	f.policy.RecoveryDelay = 0
	f.use(f.db)
	if _, err := start(); err != auth.ErrNotFound {
		t.Errorf("while the feature is off: %v", err)
	}
	for _, m := range f.sent {
		if m.Kind == auth.MessageKind(auth.OperatorStartedRecovery) && (m.IP != "" || strings.Contains(m.To, "bob")) {
			t.Errorf("message %+v", m)
		}
	}
}

// RL-06: an attacker with the password cannot use up the codes of the user's own device.
func TestRecovery_KnownDeviceIsCountedApart(t *testing.T) {
	f, _, known := newRecoveryFlow(t)
	for {
		f.now = f.now.Add(time.Second)
		client := f.client()
		if _, err := f.StartRecovery(f.ctx, client, f.atSecondStep(client)); err != nil {
			f.problem(err, auth.TooManyCodes)
			break
		}
	}
	f.recover(known)
	f.wantPending(true)
}

// What others use up must not suppress a warning by SMS: the recovery waits until all can
// be sent.
func TestRecovery_WaitsForItsSMS(t *testing.T) {
	others := func(f *flow) { // use up the warnings of a day
		f.t.Helper()
		client := f.client()
		result, err := f.SignIn(f.ctx, client, "bob@example.com", flowPassword, "")
		f.must(err)
		result, err = f.StartRecovery(f.ctx, client, result.Attempt)
		f.must(err)
		_, err = f.Verify(f.ctx, client, result.Attempt, f.code("bob@example.com"), false)
		f.must(err)
	}
	warnings := func(f *flow) int { return len(f.messages(recoveryPhone)) }
	start := func() (f *flow) {
		f, _, _ = newRecoveryFlow(t)
		bob, client := f.signUp("bob@example.com")
		f.addTOTP(client, bob)
		f.addPhone(client, bob, "+14155550123")
		f.now = f.now.Add(time.Hour)
		f.policy.SMSBudget = 1
		f.use(f.db)
		f.deliver()
		f.sent = nil
		return f
	}

	f := start()
	others(f)
	client := f.client()
	result, err := f.StartRecovery(f.ctx, client, f.atSecondStep(client))
	f.must(err)
	_, err = f.Verify(f.ctx, client, result.Attempt, f.code(recoveryUser), false)
	f.problem(err, auth.SMSBudgetExhausted)
	_, err = f.operate(auth.DelayedReset, recoveryUser)
	f.problem(err, auth.SMSBudgetExhausted)
	f.wantPending(false)
	f.now = f.now.Add(auth.SMSBudgetPeriod)
	f.recover(f.client())
	if f.wantPending(true); warnings(f) != 1 {
		t.Errorf("%d warnings, want 1", warnings(f))
	}

	for _, step := range []int{1, 2} { // the reminder, and the end
		f := start()
		f.recover(f.client())
		f.deliver()
		for range step - 1 {
			f.advance(recoveryDelay / 2)
			f.deliver()
		}
		f.now = f.now.Add(recoveryDelay / 2)
		others(f)
		if advanced, waiting, err := f.AdvanceRecoveries(f.ctx); err != nil || advanced != 0 || waiting != 1 || warnings(f) != step {
			t.Errorf("step %d: %d advanced and %d waiting, with %d warnings, %v", step, advanced, waiting, warnings(f), err)
		}
		if f.advance(auth.SMSBudgetPeriod) != 1 || warnings(f) != step+1 {
			t.Errorf("step %d: not advanced, with %d warnings", step, warnings(f))
		}
	}
}

// A recovery whose code was requested before the feature was turned off does not begin:
// it would have no delay, and be due when the feature is turned on again.
func TestRecovery_TurnedOffMeanwhile(t *testing.T) {
	f, _, _ := newRecoveryFlow(t)
	client := f.client()
	result, err := f.StartRecovery(f.ctx, client, f.atSecondStep(client))
	f.must(err)
	code := f.code(recoveryUser)
	f.policy.RecoveryDelay = 0
	f.use(f.db)
	_, err = f.Verify(f.ctx, client, result.Attempt, code, false)
	f.problem(err, auth.FormExpired)
	f.wantPending(false)
}
