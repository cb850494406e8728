package auth_test

import (
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

// TestSendLimits_OtherNetwork: requests for an address from one network leave some for
// another; all of them together are twenty a day (RL-06, RL-08).
func TestSendLimits_OtherNetwork(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	f.must(f.AddAccount(f.ctx, ann))
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
