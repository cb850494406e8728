package auth_test

import (
	"reflect"
	"testing"
	"time"

	"twostep/auth"
)

// TestOperate_UnlockWithoutWait: an account without a wait is not changed, and its user
// gets no mail that says so. The operator sees each wait and lock until it ends.
func TestOperate_UnlockWithoutWait(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	_, known := f.signUp(ann)
	wrongPasswords := func(c auth.Client, times int) {
		for range times {
			_, err := f.SignIn(f.ctx, c, ann, "wrong wrong wrong", "")
			f.problem(err, auth.InvalidCredentials)
		}
	}
	unlock := func(want bool) {
		t.Helper()
		before := f.count(ann, auth.MessageKind(auth.OperatorUnlocked))
		done, err := f.operate(auth.Unlock, ann)
		f.must(err)
		if mails := f.count(ann, auth.MessageKind(auth.OperatorUnlocked)) - before; done != want || (mails > 0) != want {
			t.Errorf("done %v, %d mails, want %v", done, mails, want)
		}
	}
	waits := func(want ...auth.Wait) {
		t.Helper()
		account, err := f.Account(f.ctx, ann)
		f.must(err)
		if !reflect.DeepEqual(account.Waits, want) {
			t.Errorf("waits are %+v, want %+v", account.Waits, want)
		}
	}
	unlock(false)
	wrongPasswords(f.client(), 4)
	waits()
	unlock(false)
	wrongPasswords(f.client(), 1)
	wrongPasswords(known, 5)
	until := f.now.Add(30 * time.Second)
	waits(auth.Wait{Factor: auth.Password, Until: until}, auth.Wait{Factor: auth.Password, KnownDevices: true, Until: until})
	f.now = until
	waits()
	unlock(false)
	wrongPasswords(f.client(), 1)
	unlock(true)
	waits()
	f.signIn(f.client(), ann)

	f.guess(100, func(c auth.Client) auth.Token { return f.forgot(c, ann) })
	waits(auth.Wait{Factor: "reset_email"})
	unlock(true)
	waits()
}

// TestAccount: the operator sees backup codes, the second address, and when the account
// was last seen, also after its sessions have ended.
func TestAccount(t *testing.T) {
	f := newFlow(t)
	const ann, second = "ann@example.com", "second@example.com"
	_, client := f.signUp(ann)
	result, err := f.SignIn(f.ctx, client, ann, flowPassword, "")
	f.must(err)
	session := f.session(result)
	f.addTOTP(client, session)
	f.must(f.StartEmailChange(f.ctx, client, session, auth.ForNotices, second))
	f.must(f.VerifyEmail(f.ctx, client, session, f.code(second)))
	f.now = f.now.Add(20 * time.Minute)
	f.session(result)
	f.must(f.SignOut(f.ctx, result.Session))
	account, err := f.Account(f.ctx, ann)
	f.must(err)
	if account.BackupCodes != 10 || account.NoticeEmail != second || !account.SeenAt.Equal(f.now) || account.Sessions != 0 {
		t.Errorf("account is %+v", account)
	}
}
