package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"twostep/auth"
)

const ownNumber = "+14155552671"

// neighbour returns a client in the same network as another.
func neighbour(c auth.Client, host byte) auth.Client {
	ip := c.IP.As4()
	ip[3] = host
	return auth.Client{IP: netip.AddrFrom4(ip)}
}

// TestSendLimits_OwnPhone: strangers who add somebody's number, and a thief of the
// password, use up none of the codes that are sent to its owner after the password, and
// no more than half of the site's SMS (SM-07, RL-06, RL-08).
func TestSendLimits_OwnPhone(t *testing.T) {
	f := newFlow(t)
	f.policy.SMSBudget = 40
	f.use(f.db)
	const ann = "ann@example.com"
	session, known := f.signUp(ann)
	f.addPhone(known, session, ownNumber)
	for i := range 30 { // this number, and others until half of the budget is used up
		stranger, client := f.signUp(fmt.Sprintf("eve%d@example.org", i))
		f.now = f.now.Add(2 * time.Minute)
		_ = f.AddPhone(f.ctx, client, stranger, ownNumber)
		_ = f.AddPhone(f.ctx, client, stranger, fmt.Sprintf("+1415555%04d", 3000+i))
	}
	sent := f.count(ownNumber, auth.MessageSignInCode)
	if _, err := f.SignIn(f.ctx, f.client(), ann, flowPassword, ""); err != nil {
		t.Fatal(err)
	}
	if n := f.count(ownNumber, auth.MessageSignInCode); n != sent+1 {
		t.Fatal("strangers kept the code from the owner")
	}
	for range 12 { // a thief of the password
		f.now = f.now.Add(time.Minute)
		_, err := f.SignIn(f.ctx, f.client(), ann, flowPassword, "")
		f.must(err)
	}
	sent = f.count(ownNumber, auth.MessageSignInCode)
	result, err := f.SignIn(f.ctx, known, ann, flowPassword, "")
	f.must(err)
	if n := f.count(ownNumber, auth.MessageSignInCode); n != sent+1 {
		t.Fatal("a thief of the password kept the code from the owner's device")
	}
	_, err = f.Verify(f.ctx, known, result.Attempt, f.code(ownNumber), false)
	f.must(err)
}

// TestSendLimits_PostedTwice: a sign-in that is posted twice uses up one code.
func TestSendLimits_PostedTwice(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	f.addPhone(client, session, ownNumber)
	f.now = f.now.Add(time.Hour)
	client.FormToken = auth.NewToken()
	var token auth.Token
	for range 2 {
		result, err := f.SignIn(f.ctx, client, "ann@example.com", flowPassword, "")
		f.must(err)
		if token != "" && result.Attempt != token {
			t.Error("the second post led to another attempt")
		}
		token = result.Attempt
		f.now = f.now.Add(auth.RepeatWindow)
	}
	for range 4 { // five an hour
		f.must(f.ResendCode(f.ctx, client, token))
		f.now = f.now.Add(auth.RepeatWindow)
	}
	f.problem(f.ResendCode(f.ctx, client, token), auth.TooManyCodes)
}

// TestSentCode_Stalled: while nothing is known of a code's own message, its page says that it
// is delayed if no other gets through.
func TestSentCode_Stalled(t *testing.T) {
	f := newFlow(t)
	signUp := func(email string) auth.DeliveryStatus {
		result, err := f.SignUp(f.ctx, f.client(), email, flowPassword, "")
		f.must(err)
		a, err := f.Attempt(f.ctx, result.Attempt)
		f.must(err)
		return a.Code.Delivery.Status()
	}
	for i := range auth.StalledThreshold {
		signUp(fmt.Sprintf("user%d@example.com", i))
	}
	_, _, err := f.Deliver(f.ctx, auth.ByEmail, func(context.Context, auth.Message) error { return errors.New("down") })
	f.must(err)
	if got := signUp("ann@example.com"); got != auth.DeliveryDelayed {
		t.Errorf("the code is %s", got)
	}
}

// TestSendLimits_SMSCountry: numbers of one country use up no more than a quarter of the
// site's SMS, those of its own country three quarters, and new numbers half of that. A
// single allowed country has all (RL-08, RL-06).
func TestSendLimits_SMSCountry(t *testing.T) {
	british := func(i int) string { return fmt.Sprintf("+4420794609%02d", i) }
	american := func(i int) string { return fmt.Sprintf("+1415555%04d", 3000+i) }
	start := func(countries ...string) *flow {
		f := newFlow(t)
		f.policy.SMSBudget, f.policy.SMSCountries = 16, countries
		f.use(f.db)
		return f
	}
	add := func(f *flow, number func(int) string) (sent int) {
		for i := range 20 {
			stranger, client := f.signUp(fmt.Sprintf("eve%d@%s.example.org", i, number(0)[1:]))
			if err := f.AddPhone(f.ctx, client, stranger, number(i)); err == nil {
				sent++
			} else {
				f.problem(err, auth.SMSBudgetExhausted)
			}
		}
		return sent
	}
	f := start()
	session, client := f.signUp("ann@example.com")
	f.addPhone(client, session, british(99))
	f.now = f.now.Add(25 * time.Hour)
	if n := add(f, british); n != 2 {
		t.Errorf("%d SMS to new numbers of another country, want 2", n)
	}
	for range 5 {
		f.now = f.now.Add(time.Minute)
		_, err := f.SignIn(f.ctx, client, "ann@example.com", flowPassword, "")
		f.must(err)
	}
	if n := f.count(british(99), auth.MessageSignInCode); n != 2 {
		t.Errorf("%d SMS for sign-ins with numbers of another country, want 2", n)
	}
	if n := add(f, american); n != 6 {
		t.Errorf("%d SMS to new numbers of the site's country, want 6", n)
	}
	if n := add(start("US"), american); n != 8 {
		t.Errorf("%d SMS to new numbers of the only country, want 8", n)
	}
}

// TestSendLimits_SMSNetwork: requests from one network use up no more than a tenth of the
// site's SMS for new numbers, and a quarter in all (RL-08).
func TestSendLimits_SMSNetwork(t *testing.T) {
	f := newFlow(t)
	f.policy.SMSBudget = 20
	f.use(f.db)
	near := f.client()
	number := func(i int) string { return fmt.Sprintf("+1415555%04d", 3000+i) }
	for i := range 6 {
		session, client := f.signUp(fmt.Sprintf("ann%d@example.com", i))
		f.addPhone(client, session, number(i))
	}
	f.now = f.now.Add(25 * time.Hour)
	for i := range 5 {
		session, client := f.signUp(fmt.Sprintf("eve%d@example.com", i))
		want := auth.Reason("")
		if i == 4 {
			client = f.client() // another network
		} else if client.IP = neighbour(near, byte(i)).IP; i >= 2 {
			want = auth.SMSBudgetExhausted
		}
		f.problem(f.AddPhone(f.ctx, client, session, number(100+i)), want)
	}
	sent := 0
	for i := range 6 {
		_, err := f.SignIn(f.ctx, neighbour(near, byte(10+i)), fmt.Sprintf("ann%d@example.com", i), flowPassword, "")
		f.must(err)
		sent += f.count(number(i), auth.MessageSignInCode)
	}
	if sent != 3 {
		t.Errorf("%d SMS for sign-ins from the network, want 3", sent)
	}
	_, err := f.SignIn(f.ctx, f.client(), "ann5@example.com", flowPassword, "")
	f.must(err)
	if f.count(number(5), auth.MessageSignInCode) != 1 {
		t.Error("no SMS for a sign-in from another network")
	}
}

// TestSendLimits_OtherNetwork: requests for an address from one network leave some for
// another; all of them together are twenty a day (RL-06, RL-08).
func TestSendLimits_OtherNetwork(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	f.must(f.AddAccount(f.ctx, auth.Operator{}, ann))
	stranger := f.client()
	day := f.now.Add(24 * time.Hour)
	sent := 0
	for f.now.Before(day.Add(-time.Hour)) {
		f.now = f.now.Add(10 * time.Minute)
		if _, err := f.ForgotPassword(f.ctx, neighbour(stranger, byte(sent)), ann, ""); err == nil {
			sent++
		} else {
			f.problem(err, auth.TooManyCodes)
		}
	}
	if sent != 10 {
		t.Errorf("%d requests from one network", sent)
	}
	owner := f.client()
	token := f.forgot(owner, ann)
	_, err := f.Verify(f.ctx, owner, token, f.code(ann), false)
	f.must(err)
	f.setPassword(owner, token, "eight yellow herons")
	total := 11
	for range 20 {
		f.now = f.now.Add(time.Second)
		if _, err := f.ForgotPassword(f.ctx, f.client(), ann, ""); err == nil {
			total++
		}
	}
	if total != 20 {
		t.Errorf("%d requests from all networks", total)
	}
}

// TestSendLimits_Tags: addresses that differ only by a tag are one mailbox for the daily
// number of mails, but not one account (RL-08, FF-06).
func TestSendLimits_Tags(t *testing.T) {
	f := newFlow(t)
	sent := 0
	for i := range 30 {
		f.now = f.now.Add(time.Minute)
		address := fmt.Sprintf("ann+%d@example.com", i)
		if i == 0 {
			address = "Ann@example.com"
		}
		if _, err := f.SignUp(f.ctx, f.client(), address, flowPassword, ""); err == nil {
			sent++
		} else {
			f.problem(err, auth.TooManyCodes)
		}
	}
	if sent != 20 {
		t.Errorf("%d mails to one mailbox, want 20", sent)
	}
	for _, other := range []string{"anna@example.com", "ann@example.org", "+ann@example.com"} {
		if _, err := f.SignUp(f.ctx, f.client(), other, flowPassword, ""); err != nil {
			t.Errorf("%s: %v", other, err)
		}
	}
	f.now = f.now.Add(25 * time.Hour)
	f.signUp("ann@example.com")
	f.signUp("ann+1@example.com")
}

// TestForgotPassword_VerifiedStays: a new request ends an older one only while its code
// was not entered (RC-03).
func TestForgotPassword_VerifiedStays(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	f.signUp(ann)
	f.now = f.now.Add(time.Minute)
	waiting, owner := f.client(), f.client()
	ended := f.forgot(waiting, ann)
	f.now = f.now.Add(time.Minute)
	token := f.forgot(owner, ann)
	_, err := f.Verify(f.ctx, owner, token, f.code(ann), false)
	f.must(err)
	f.now = f.now.Add(time.Minute)
	stranger := f.client()
	newest := f.forgot(stranger, ann)
	_, err = f.Verify(f.ctx, waiting, ended, "000000", false)
	f.problem(err, auth.FormExpired)
	f.setPassword(owner, token, "eight yellow herons")
	_, err = f.Verify(f.ctx, stranger, newest, f.code(ann), false)
	f.problem(err, auth.FormExpired) // the new password ends all
}
