package auth_test

import (
	"cmp"
	"testing"
	"time"

	"twostep/auth"
)

// TestSession_Kinds lists every way into a session, or to renew one, and the factors
// that the session then has verified: no password after a sign-up by mailed code, and
// no factor that was only added (OI-36).
func TestSession_Kinds(t *testing.T) {
	const ann = "ann@example.com"
	type way func(f *flow, client auth.Client, session auth.Session) auth.Session

	// Ways to change a session that the account already has.
	addTOTP := func(f *flow, client auth.Client, session auth.Session) auth.Session {
		f.key = f.addTOTP(client, session)
		return f.reload(session)
	}
	addPhone := func(f *flow, client auth.Client, session auth.Session) auth.Session {
		f.addPhone(client, session, ownNumber)
		return f.reload(session)
	}
	signIn := func(kind auth.FactorKind) way {
		return func(f *flow, client auth.Client, session auth.Session) auth.Session {
			result, err := f.SignIn(f.ctx, client, ann, flowPassword, "")
			f.must(err)
			if result.Attempt != "" {
				result = f.respond(client, result.Attempt, kind)
			}
			return f.session(result)
		}
	}
	remember := func(f *flow, client auth.Client, _ auth.Session) auth.Session {
		result, err := f.SignIn(f.ctx, client, ann, flowPassword, "")
		f.must(err)
		client.Remember = true
		result = f.respond(client, result.Attempt, auth.TOTPCode)
		f.device = result.Device
		return f.session(result)
	}
	reauthenticate := func(kinds ...auth.FactorKind) way {
		return func(f *flow, client auth.Client, session auth.Session) auth.Session {
			token, err := f.StartReauth(f.ctx, session, auth.Demand{}, "")
			f.must(err)
			var result auth.Result
			for _, kind := range kinds {
				result = f.respond(client, token, kind)
			}
			return f.session(result)
		}
	}
	changePassword := func(f *flow, client auth.Client, session auth.Session) auth.Session {
		token, err := f.ChangePassword(f.ctx, client, session, flowPassword, "eight yellow herons", true)
		f.must(err)
		return f.session(auth.Result{Session: token})
	}
	keepPhone := func(f *flow, client auth.Client, session auth.Session) auth.Session {
		f.must(f.AddPhone(f.ctx, client, session, ownNumber))
		_, err := f.VerifyPhone(f.ctx, client, session, f.code(ownNumber))
		f.must(err)
		return session
	}
	usePhone := func(f *flow, client auth.Client, session auth.Session) auth.Session {
		factors, err := f.Factors(f.ctx, session.User)
		f.must(err)
		f.must(f.UsePhone(f.ctx, client, session, factors.Phones[0].ID))
		return f.reload(session)
	}

	for _, row := range []struct {
		name          string
		ways          []way // after sign-up
		first, second auth.FactorKind
	}{
		{"sign-up", nil, auth.EmailCode, ""},
		{"sign-up, and an app is added", []way{addTOTP}, auth.EmailCode, auth.TOTPCode},
		{"sign-up, and a phone is added", []way{addPhone}, auth.EmailCode, auth.PhoneCode},
		{"sign-up, and the password is changed", []way{changePassword}, auth.Password, ""},
		{"sign-up, and re-authentication", []way{reauthenticate(auth.Password)}, auth.Password, ""},
		{"sign-in", []way{signIn("")}, auth.Password, ""},
		{"sign-in with an app", []way{addTOTP, signIn(auth.TOTPCode)}, auth.Password, auth.TOTPCode},
		{"sign-in with a phone", []way{addPhone, signIn(auth.PhoneCode)}, auth.Password, auth.PhoneCode},
		{"sign-in with a backup code", []way{addTOTP, signIn(auth.BackupCode)}, auth.Password, auth.BackupCode},
		{"sign-in on a remembered device", []way{addTOTP, remember, signIn("")}, auth.Password, ""},
		{"and re-authentication there", []way{addTOTP, remember, signIn(""), reauthenticate(auth.TOTPCode)}, auth.Password, auth.TOTPCode},
		{"an app after a backup code", []way{addTOTP, signIn(auth.BackupCode), reauthenticate(auth.TOTPCode)}, auth.Password, auth.TOTPCode},
		{"a second method added does not replace the one verified", []way{addTOTP, addPhone}, auth.EmailCode, auth.TOTPCode},
		{"a phone verified in this session", []way{signIn(""), keepPhone, usePhone}, auth.Password, auth.PhoneCode},
		{"a phone verified in an earlier session", []way{keepPhone, signIn(""), usePhone}, auth.Password, ""},
		{"and verified by re-authentication", []way{keepPhone, signIn(""), usePhone, reauthenticate(auth.PhoneCode)}, auth.Password, auth.PhoneCode},
	} {
		f := newFlow(t)
		f.policy.RememberDevice = auth.RememberDeviceMax
		f.use(f.db)
		session, client := f.signUp(ann)
		for _, change := range row.ways {
			f.now = f.now.Add(time.Minute)
			client.DeviceToken = cmp.Or(f.device, client.DeviceToken)
			session = change(f, client, session)
		}
		if session.FirstKind != row.first || session.SecondKind != row.second {
			t.Errorf("%s: %q and %q, want %q and %q", row.name, session.FirstKind, session.SecondKind, row.first, row.second)
		}
		all, err := f.Sessions(f.ctx, session)
		f.must(err)
		if all[0].FirstKind != session.FirstKind || all[0].SecondKind != session.SecondKind {
			t.Errorf("%s: the list has %+v", row.name, all[0])
		}
	}
}

// reload reads a session again, which has kept its token.
func (f *flow) reload(session auth.Session) auth.Session {
	f.t.Helper()
	all, err := f.Sessions(f.ctx, session)
	f.must(err)
	all[0].CreatedAt, all[0].IP, all[0].UserAgent = time.Time{}, "", ""
	return all[0]
}

// respond responds to an attempt with a factor of the account.
func (f *flow) respond(client auth.Client, token auth.Token, kind auth.FactorKind) auth.Result {
	f.t.Helper()
	var response string
	switch kind {
	case auth.Password:
		response = flowPassword
	case auth.TOTPCode:
		response = f.totp(f.key)
	case auth.PhoneCode:
		if a, err := f.Attempt(f.ctx, token); err != nil || a.Code == nil {
			f.must(err)
			f.must(f.ResendCode(f.ctx, client, token))
		}
		response = f.code(ownNumber)
	case auth.BackupCode:
		response = f.backupCode
	}
	result, err := f.Verify(f.ctx, client, token, response, kind == auth.BackupCode)
	f.must(err)
	return result
}

// TestSession_Touch: activity is written a minute after the last one, on the pages of the
// account and on a host of an app (FA-20).
func TestSession_Touch(t *testing.T) {
	f := newFlow(t)
	_, client := f.signUp("ann@example.com")
	result, err := f.SignIn(f.ctx, client, "ann@example.com", flowPassword, "")
	f.must(err)
	const host, cookie = "app.example.org", auth.Token("of the browser")
	code, err := f.BeginHandover(f.ctx, f.session(result), host, cookie.Hash(), "https://app.example.org/")
	f.must(err)
	token, _, err := f.CompleteHandover(f.ctx, client, host, code, cookie)
	f.must(err)
	for name, seen := range map[string]func() time.Time{
		"page": func() time.Time { return f.session(result).SeenAt },
		"host": func() time.Time {
			s, err := f.HostSession(f.ctx, host, token)
			f.must(err)
			return s.SeenAt
		},
	} {
		f.now = f.now.Add(30 * time.Minute)
		seen()
		written := f.now
		f.now = written.Add(auth.SessionTouchInterval - time.Millisecond)
		seen()
		if got := seen(); !got.Equal(written) {
			t.Errorf("%s: written again after %v", name, got.Sub(written))
		}
		f.now = written.Add(auth.SessionTouchInterval)
		seen()
		if got := seen(); !got.Equal(f.now) {
			t.Errorf("%s: not written after a minute", name)
		}
	}
}
