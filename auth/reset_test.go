package auth_test

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/passkeytest"
)

// TestRecovery_EndsWhatAnIntruderLeft: a reset cancels a pending change of address and
// its token, and the mail about it lists what was added lately (RC-07, RC-09).
func TestRecovery_EndsWhatAnIntruderLeft(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	const ann, second = passkeyUser, "second@example.com"
	f.addPhone(client, session, "+14155559876")
	f.now = f.now.Add(auth.AddedRecently)

	intruder := f.client()
	result, err := f.SignIn(f.ctx, intruder, ann, flowPassword, "")
	f.must(err)
	result, err = f.Verify(f.ctx, intruder, result.Attempt, f.code("+14155559876"), false)
	f.must(err)
	session = f.session(result)
	f.must(f.StartEmailChange(f.ctx, intruder, session, auth.ForNotices, second))
	f.must(f.VerifyEmail(f.ctx, intruder, session, f.code(second)))
	f.addTOTP(intruder, session)
	f.addPasskey(&passkeytest.Device{Verifies: true}, intruder, session)
	f.addPhone(intruder, session, ownNumber)
	f.must(f.StartEmailChange(f.ctx, intruder, session, auth.ForSignIn, "eve@example.com"))
	tokens := map[string]auth.Token{}
	for _, to := range []string{ann, second} {
		for _, m := range f.messages(to) {
			if m.Kind == auth.MessageKind(auth.EmailChangeRequested) {
				tokens[to] = m.Token
			}
		}
	}
	if _, notified := tokens[second]; !notified || tokens[second] != "" || tokens[ann] == "" {
		t.Errorf("tokens that stop the change: %q", tokens)
	}

	f.now = f.now.Add(time.Minute)
	token := f.forgot(client, ann)
	_, err = f.Verify(f.ctx, client, token, f.code(ann), false)
	f.must(err)
	f.setPassword(client, token, "eight yellow herons")
	if _, err := f.FindEmailChange(f.ctx, tokens[ann]); err != auth.ErrNotFound {
		t.Errorf("the change of address is still pending: %v", err)
	}
	want := &auth.Added{TOTP: true, Passkeys: 1, Numbers: []string{ownNumber}, Email: second}
	for _, m := range f.messages(ann) {
		if m.Kind == auth.MessageKind(auth.PasswordReset) && !reflect.DeepEqual(m.Added, want) {
			t.Errorf("the mail lists %+v, want %+v", m.Added, want)
		}
	}
	if f.count(ann, auth.MessageKind(auth.PasswordReset)) != 1 {
		t.Error("no mail about the reset")
	}
}

// TestTOTP_ReplacedEndsSessions: replacing an app ends other sessions, as removing it
// does: they may have been signed in with it (SE-09).
func TestTOTP_ReplacedEndsSessions(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	session, client := f.signUp(ann)
	key := f.addTOTP(client, session)
	f.now = f.now.Add(time.Minute)
	other := f.client()
	result, err := f.SignIn(f.ctx, other, ann, flowPassword, "")
	f.must(err)
	result, err = f.Verify(f.ctx, other, result.Attempt, f.totp(key), false)
	f.must(err)
	f.session(result)
	f.addTOTP(client, session)
	if _, err := f.Session(f.ctx, result.Session); err != auth.ErrNotFound {
		t.Errorf("the other session: %v", err)
	}
	all, err := f.Sessions(f.ctx, session)
	if err != nil || len(all) != 1 || all[0].ID != session.ID {
		t.Errorf("sessions: %+v, %v", all, err)
	}
}

// TestSetPassword_OnceOnly: of many passwords posted at once, one is set (RC-05).
func TestSetPassword_OnceOnly(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	_, client := f.signUp(ann)
	f.now = f.now.Add(time.Minute)
	token := f.forgot(client, ann)
	_, err := f.Verify(f.ctx, client, token, f.code(ann), false)
	f.must(err)
	var set atomic.Int64
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if _, err := f.SetPassword(context.WithoutCancel(f.ctx), client, token, fmt.Sprint("eight yellow herons ", i)); err == nil {
				set.Add(1)
			}
		})
	}
	wg.Wait()
	if n := set.Load(); n != 1 {
		t.Errorf("%d passwords were set, want 1", n)
	}
}

// TestReset_AddedRecently: each thing that was added is a reason to list it. Without any
// there is no list.
func TestReset_AddedRecently(t *testing.T) {
	const ann, second = passkeyUser, "second@example.com"
	for _, row := range []struct {
		want *auth.Added
		add  func(*flow, auth.Client, auth.Session)
	}{
		{nil, func(*flow, auth.Client, auth.Session) {}},
		{&auth.Added{TOTP: true}, func(f *flow, client auth.Client, session auth.Session) { f.addTOTP(client, session) }},
		{&auth.Added{Numbers: []string{ownNumber}}, func(f *flow, client auth.Client, session auth.Session) { f.addPhone(client, session, ownNumber) }},
		{&auth.Added{Numbers: []string{ownNumber}}, func(f *flow, client auth.Client, session auth.Session) { // not for the second step
			f.must(f.AddPhone(f.ctx, client, session, ownNumber))
			_, err := f.VerifyPhone(f.ctx, client, session, f.code(ownNumber))
			f.must(err)
		}},
		{&auth.Added{Passkeys: 1}, func(f *flow, client auth.Client, session auth.Session) {
			f.addPasskey(&passkeytest.Device{Verifies: true}, client, session)
		}},
		{&auth.Added{Email: second}, func(f *flow, client auth.Client, session auth.Session) {
			f.must(f.StartEmailChange(f.ctx, client, session, auth.ForNotices, second))
			f.must(f.VerifyEmail(f.ctx, client, session, f.code(second)))
		}},
	} {
		f, session, client := newPasskeyFlow(t)
		row.add(f, client, session)
		f.now = f.now.Add(time.Minute)
		token := f.forgot(client, ann)
		_, err := f.Verify(f.ctx, client, token, f.code(ann), false)
		f.must(err)
		f.setPassword(client, token, "eight yellow herons")
		for _, m := range f.messages(ann) {
			if m.Kind == auth.MessageKind(auth.PasswordReset) && !reflect.DeepEqual(m.Added, row.want) {
				t.Errorf("the mail lists %+v, want %+v", m.Added, row.want)
			}
		}
	}
}
