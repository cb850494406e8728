package auth_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"twostep/auth"
)

// TestRateLimits_Acts: an account has sixty acts an hour, whichever they are: each
// method that is called for a session sends, hashes or records nothing after that. What
// ends other sessions is counted by session.
func TestRateLimits_Acts(t *testing.T) {
	unlimited := map[string]bool{ // neither sends, hashes nor records, or has a limit of its own
		"AcceptedPasskeys": true, "AllowQR": true, "BeginHandover": true, "Identity": true, "CancelPhone": true, "Emails": true, "FreshlyVerified": true, "IdleExpiry": true, "KeepNext": true,
		"FindReauth": true, "PasskeyEnrolment": true, "PhoneEnrolment": true, "RememberedDevices": true, "Sessions": true, "StartReauth": true, "TOTPEnrolment": true, "Task": true,
	}
	bySession := map[string]bool{"ChangePassword": true, "DisconnectHost": true, "EndOtherSessions": true, "EndSession": true, "ForgetDevice": true}
	f := newFlow(t)
	const ann = "ann@example.com"
	session, client := f.signUp(ann)
	other := f.signIn(client, ann)
	act := func(name string, s auth.Session) error {
		method := reflect.ValueOf(f.Rules).MethodByName(name)
		var args []reflect.Value
		for i := range method.Type().NumIn() {
			arg := reflect.Zero(method.Type().In(i))
			switch method.Type().In(i) {
			case reflect.TypeFor[context.Context]():
				arg = reflect.ValueOf(f.ctx)
			case reflect.TypeFor[auth.Session]():
				arg = reflect.ValueOf(s)
			case reflect.TypeFor[auth.Client]():
				arg = reflect.ValueOf(client)
			}
			args = append(args, arg)
		}
		results := method.Call(args)
		err, _ := results[len(results)-1].Interface().(error)
		return err
	}
	for range 60 {
		f.problem(f.NewBackupCodes(f.ctx, client, session), auth.MFAOff)
		_ = f.EndSession(f.ctx, client, session, "")
	}
	rules := reflect.TypeFor[*auth.Rules]()
	checked := 0
	for i := range rules.NumMethod() {
		method := rules.Method(i)
		takes := false
		for j := range method.Type.NumIn() {
			takes = takes || method.Type.In(j) == reflect.TypeFor[auth.Session]()
		}
		if !takes || unlimited[method.Name] {
			continue
		}
		checked++
		if err := act(method.Name, session); asProblem(err).Reason != auth.TooManyAttempts {
			t.Errorf("%s: %v", method.Name, err)
		}
		if err := act(method.Name, other); (asProblem(err).Reason == auth.TooManyAttempts) == bySession[method.Name] {
			t.Errorf("%s in another session: %v", method.Name, err)
		}
	}
	if checked < 15 {
		t.Errorf("only %d methods were checked", checked)
	}
	f.now = f.now.Add(time.Hour)
	f.problem(f.NewBackupCodes(f.ctx, client, session), auth.MFAOff)
}

// TestRateLimits_SetUp: setting up every factor, with mistakes, stays below that limit.
func TestRateLimits_SetUp(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	f.now = f.now.Add(time.Minute)
	f.problem(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPReset, ""), "")
	f.addTOTP(client, session)
	for _, number := range []string{ownNumber, "+14155559876", "+14155559877"} {
		f.must(f.AddPhone(f.ctx, client, session, number))
		f.problem(f.verifyPhone(client, session, "000000"), auth.CodeWrong)
		id, err := f.VerifyPhone(f.ctx, client, session, f.code(number))
		f.must(err)
		f.must(f.UsePhone(f.ctx, client, session, id))
		f.must(f.DisablePhone(f.ctx, client, session, id))
		f.must(f.UsePhone(f.ctx, client, session, id))
		f.must(f.MakePhoneDefault(f.ctx, client, session, id))
	}
	f.must(f.NewBackupCodes(f.ctx, client, session))
	f.must(f.StartEmailChange(f.ctx, client, session, auth.ForNotices, "second@example.com"))
	f.must(f.VerifyEmail(f.ctx, client, session, f.code("second@example.com")))
	_, err := f.ChangePassword(f.ctx, client, session, flowPassword, "eight yellow herons", true)
	f.must(err)
}

// verifyPhone is VerifyPhone without its first result.
func (f *flow) verifyPhone(client auth.Client, session auth.Session, code string) error {
	_, err := f.VerifyPhone(f.ctx, client, session, code)
	return err
}

// TestNotices_Combined: of one kind of event an owner gets three notices an hour and one
// that says that there were more. The history has all.
func TestNotices_Combined(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	session, client := f.signUp(ann)
	f.addTOTP(client, session)
	id := f.addPhone(client, session, ownNumber)
	for range 9 {
		f.now = f.now.Add(time.Second)
		f.must(f.DisablePhone(f.ctx, client, session, id))
		f.must(f.UsePhone(f.ctx, client, session, id))
	}
	var got []bool
	for _, m := range f.messages(ann) {
		if m.Kind == auth.MessageKind(auth.PhoneReserved) {
			got = append(got, m.Summary)
		}
	}
	if !reflect.DeepEqual(got, []bool{false, false, false, true}) {
		t.Errorf("notices, with a summary: %v", got)
	}
	events, _, err := f.Activity(f.ctx, session.User, "")
	f.must(err)
	n := 0
	for _, e := range events {
		if e.Type == auth.PhoneReserved {
			n++
		}
	}
	if n != 10 {
		t.Errorf("%d events in the history", n)
	}
	f.now = f.now.Add(time.Hour)
	f.must(f.DisablePhone(f.ctx, client, session, id))
	if n := f.count(ann, auth.MessageKind(auth.PhoneReleased)); n != 5 {
		t.Errorf("%d notices an hour later", n)
	}
}

// TestOutbox_CodesFirst: a code is sent before all notices that were queued earlier.
func TestOutbox_CodesFirst(t *testing.T) {
	f := newFlow(t)
	for i := range 20 {
		f.must(f.AddAccount(f.ctx, auth.Operator{}, string(rune('a'+i))+"@example.com"))
		f.now = f.now.Add(time.Second)
	}
	f.now = f.now.Add(time.Hour)
	f.forgot(f.client(), "a@example.com")
	f.deliver()
	if len(f.sent) != 21 || f.sent[0].Kind != auth.MessageResetCode || f.sent[1].To != "a@example.com" || f.sent[20].To != "t@example.com" {
		t.Errorf("%d messages, first a %s", len(f.sent), f.sent[0].Kind)
	}
}

// full is a limiter that counts so many at once.
type full int

func (full) Retention() time.Duration { return time.Hour }

func (n full) Next(_ auth.Count, now time.Time) (auth.Count, bool) {
	return auth.Count{N: int(n), Since: now}, true
}

// TestSendLimits_MailTotal: a day has so many mails with codes that anybody can request,
// for all together. Known devices still get theirs.
func TestSendLimits_MailTotal(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	_, known := f.signUp(ann)
	f.now = f.now.Add(24 * time.Hour)
	_, _, err := f.db.Allow(f.ctx, f.now, []auth.RateLimit{{Key: "send_mail/global/24h0m0s/sent", Limiter: full(49_999)}})
	f.must(err)
	f.forgot(f.client(), ann)
	_, err = f.ForgotPassword(f.ctx, f.client(), "bob@example.com", "")
	f.problem(err, auth.MailBudgetExhausted)
	f.forgot(known, ann)
}
