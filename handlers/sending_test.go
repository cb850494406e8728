package handlers_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"twostep/auth"
)

// askSMS asks for a code to a number that is to be added.
func (b *browser) askSMS(number string) *browser {
	b.t.Helper()
	b.open("/account/add-phone")
	if clean(b.page.Find("h1").Text()) == "Verification required" {
		b.reverify("")
	}
	if b.has("Use another number") {
		b.press("Use another number")
	}
	return b.sees("Add phone").fill("Enter phone number", number).press("Continue")
}

// back opens the account, and signs in again where the session is over.
func (b *browser) back(email string) *browser {
	b.t.Helper()
	if b.open("/account"); b.url.Path == "/sign-in" {
		b.firstStep(email)
	}
	return b.sees("Account")
}

// TestSending_Number: to one number a code every 30 seconds, five an hour and
// ten a day, whoever asks for it, also across a restart; the page says when the
// next one can be had (RL-03, RL-08, SM-07).
func TestSending_Number(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.askSMS(number).sees("Verify phone")
	w.wait(29 * time.Second)
	if pause := b.askSMS(number).retryAfter(); pause != time.Second {
		t.Errorf("29 seconds later the wait is %v", pause)
	}
	w.wait(time.Second)
	for range 4 {
		b.askSMS(number).sees("Verify phone")
		w.wait(30 * time.Second)
	}
	w.restart()
	pause := b.askSMS(number).retryAfter()
	if pause < 50*time.Minute || pause > time.Hour {
		t.Errorf("after five the wait is %v", pause)
	}
	eve := w.browser().signUp("eve@example.org")
	eve.askSMS(number).retryAfter()
	w.wait(pause)
	b.back(ann)
	for range 5 {
		b.askSMS(number).sees("Verify phone")
		w.wait(30 * time.Second)
	}
	w.wait(time.Hour)
	b.back(ann)
	pause = b.askSMS(number).retryAfter()
	if pause < 20*time.Hour || pause > 24*time.Hour {
		t.Errorf("after ten the wait is %v", pause)
	}
	if got := len(w.letters(number)); got != 10 {
		t.Errorf("%d texts in a day", got)
	}
	w.wait(pause)
	b.back(ann)
	b.askSMS(number).sees("Verify phone")
}

// TestSending_Account: ten codes an hour for one account, to whatever numbers (RL-08).
func TestSending_Account(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	other := w.browser().signUp("eve@example.org")
	for i := range 10 {
		b.askSMS(fmt.Sprintf("+1415555%d", 2600+i)).sees("Verify phone")
	}
	b.askSMS("+14155552610").retryAfter()
	if len(w.letters("+14155552610")) != 0 {
		t.Error("an eleventh was sent")
	}
	other.askSMS("+14155552610").sees("Verify phone")
}

// TestSending_Address: from one network address twenty codes an hour, through
// whatever form, and twenty posts of each form (RL-04, RL-08).
func TestSending_Address(t *testing.T) {
	t.Parallel()
	for name, forms := range map[string][]string{
		"sign-ups": {"/sign-up", "/sign-up"}, "resets": {"/forgot-password", "/forgot-password"}, "both": {"/sign-up", "/forgot-password"},
	} {
		w := newWorld(t)
		here := w.browser().address
		post := func(i int) *browser {
			b := w.browser().from(here).open(forms[i%2]).fill("Email address", fmt.Sprintf("somebody%d@example.org", i))
			if forms[i%2] == "/sign-up" {
				b.fill("Password", password)
			}
			return b.press("Continue")
		}
		for i := range 20 {
			if b := post(i); b.status != http.StatusOK {
				t.Fatalf("%s, %d: %d\n%s", name, i, b.status, b.text())
			}
		}
		for i := range 2 {
			post(20 + i).retryAfter()
		}
		w.deliver()
		if len(w.sent) > 20 {
			t.Errorf("%s: %d letters", name, len(w.sent))
		}
	}
}

// TestSending_Mails: twenty requests for one address, from twenty network
// addresses, are five mails in an hour (RL-08).
func TestSending_Mails(t *testing.T) {
	w := newWorld(t)
	w.browser().signUp(ann)
	w.wait(time.Hour)
	before := len(w.letters(ann))
	for i := range 20 {
		b := w.browser()
		if i%2 == 0 {
			b.open("/forgot-password").fill("Email address", ann).press("Continue")
		} else {
			b.open("/sign-up").fill("Email address", "ANN@example.org").fill("Password", "another fine sentence").press("Continue")
		}
		w.wait(time.Minute)
	}
	if got := len(w.letters(ann)) + len(w.letters("ANN@example.org")) - before; got != 5 {
		t.Errorf("%d mails", got)
	}
}

// TestSMSBudget: a day has so many SMS for everybody together; then no more go
// out, the pages say so, and who has another way to verify still gets in (RL-08).
func TestSMSBudget(t *testing.T) {
	w := newWorld(t, func(p *auth.Policy) { p.SMSBudget = 3 })
	b := w.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").sees("Backup codes")
	codes := b.codes()
	b.press("Done").press("Sign out")
	w.wait(time.Minute)
	b.firstStep(ann).fill("Code", w.code(number)).press("Verify").sees("Account")
	eve := w.browser().signUp("eve@example.org")
	eve.askSMS("+14155559876").sees("Verify phone")
	w.restart(func(p *auth.Policy) { p.SMSBudget = 3 })
	eve.press("Use another number").askSMS("+14155559877").refused(http.StatusTooManyRequests).reads("cannot send text messages")
	sent := len(w.letters(number))
	w.wait(31 * time.Second)
	b.press("Sign out").firstStep(ann).sees("Verify your account").press("Send a new code").refused(http.StatusTooManyRequests).reads("cannot send text messages")
	b.fill("Code", codes[0]).press("Verify").sees("Account")
	if len(w.letters(number)) != sent || len(w.letters("+14155559877")) != 0 {
		t.Error("a fourth was sent")
	}
	w.wait(24 * time.Hour)
	b.firstStep(ann).sees("Verify your account").fill("Code", w.code(number)).press("Verify").sees("Account")
}

// TestSMSCountries: no SMS goes to a country the operator does not allow,
// neither to add a number there nor to one added before (RL-08).
func TestSMSCountries(t *testing.T) {
	const british = "+442079460958"
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.addPhone(british).press("Use for MFA").sees("Backup codes")
	codes := b.codes()
	b.press("Done").press("Sign out")
	w.wait(time.Minute)
	w.restart(func(p *auth.Policy) { p.SMSCountries = []string{"US", "CA"} })
	sent := len(w.letters(british))
	b.firstStep(ann).sees("Verify your account").press("Send a new code").refused(422).reads("this country")
	b.fill("Code", codes[0]).press("Verify").sees("Account")
	b.askSMS("+44 20 7946 0959").refused(422).reads("this country")
	if len(w.letters(british)) != sent || len(w.letters("+442079460959")) != 0 {
		t.Error("an SMS went there")
	}
	b.askSMS(number).sees("Verify phone")
	if len(w.letters(number)) != 1 {
		t.Error("no SMS went to a country that is allowed")
	}
}

// TestBrake_QR: the QR code is drawn sixty times a minute for an account, for
// it costs more than a page; then there is a page that says when to come back (RL-09).
func TestBrake_QR(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser().signUp(ann)
	for range 59 {
		if response := b.request(http.MethodGet, "/account/manage-mfa/add", nil, nil); response.StatusCode != http.StatusOK {
			t.Fatal(response.Status)
		}
	}
	b.open("/account/manage-mfa/add").sees("Add TOTP MFA")
	key := keyText.FindString(b.text())
	pause := b.open("/account/manage-mfa/add").sees("We are busy right now").retryAfter()
	if b.page.Find("svg[role=img]").Length() != 0 {
		t.Error("it was drawn")
	}
	w.browser().signUp("eve@example.org").open("/account/manage-mfa/add").sees("Add TOTP MFA")
	w.wait(pause)
	if b.open("/account/manage-mfa/add").sees("Add TOTP MFA"); keyText.FindString(b.text()) != key {
		t.Error("the key changed")
	}
}
