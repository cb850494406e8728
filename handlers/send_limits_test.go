package handlers_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"twostep/auth"
)

// ensureSignedIn opens the account, and signs in again if the session has expired.
func (b *browser) ensureSignedIn(email string) *browser {
	b.t.Helper()
	if b.open("/account"); b.url.Path == "/sign-in" {
		b.signIn(email)
	}
	return b.wantHeading("Account")
}

// One number receives a code every 30 seconds, five an hour and ten a day, over all
// accounts and across restarts. The page has a Retry-After (RL-03, RL-08, SM-07).
func TestSendLimit_Number(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.requestSMS(number).wantHeading("Verify phone")
	site.wait(29 * time.Second)
	if pause := b.requestSMS(number).retryAfter(); pause != time.Second {
		t.Errorf("Retry-After %v after 29 seconds, want 1s", pause)
	}
	site.wait(time.Second)
	for range 4 {
		b.requestSMS(number).wantHeading("Verify phone")
		site.wait(30 * time.Second)
	}
	site.restart()
	pause := b.requestSMS(number).retryAfter()
	if pause < 50*time.Minute || pause > time.Hour {
		t.Errorf("Retry-After %v after five codes, want nearly an hour", pause)
	}
	eve := site.browser().signUp("eve@example.org")
	eve.requestSMS(number).retryAfter()
	site.wait(pause)
	b.ensureSignedIn(ann)
	for range 5 {
		b.requestSMS(number).wantHeading("Verify phone")
		site.wait(30 * time.Second)
	}
	site.wait(time.Hour)
	b.ensureSignedIn(ann)
	pause = b.requestSMS(number).retryAfter()
	if pause < 20*time.Hour || pause > 24*time.Hour {
		t.Errorf("Retry-After %v after ten codes, want nearly a day", pause)
	}
	if got := len(site.messages(number)); got != 10 {
		t.Errorf("%d messages in a day, want 10", got)
	}
	site.wait(pause)
	b.ensureSignedIn(ann)
	b.requestSMS(number).wantHeading("Verify phone")
}

// One account can request ten codes an hour, over all numbers (RL-08).
func TestSendLimit_Account(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	other := site.browser().signUp("eve@example.org")
	for i := range 10 {
		b.requestSMS(fmt.Sprintf("+1415555%d", 2600+i)).wantHeading("Verify phone")
	}
	b.requestSMS("+14155552610").retryAfter()
	if len(site.messages("+14155552610")) != 0 {
		t.Error("an eleventh code was sent")
	}
	other.requestSMS("+14155552610").wantHeading("Verify phone")
}

// One IP address can request twenty codes an hour over all forms, and post each form
// twenty times (RL-04, RL-08).
func TestSendLimit_IP(t *testing.T) {
	t.Parallel()
	for name, forms := range map[string][]string{
		"sign-ups": {"/sign-up", "/sign-up"}, "resets": {"/forgot-password", "/forgot-password"}, "both": {"/sign-up", "/forgot-password"},
	} {
		site := newSite(t)
		remoteAddr := site.browser().remoteAddr
		post := func(i int) *browser {
			return site.browser().from(remoteAddr).start(forms[i%2], fmt.Sprintf("somebody%d@example.org", i))
		}
		for i := range 20 {
			if b := post(i); b.status != http.StatusOK {
				t.Fatalf("%s, %d: %d\n%s", name, i, b.status, b.text())
			}
		}
		for i := range 2 {
			post(20 + i).retryAfter()
		}
		site.deliver()
		if len(site.delivered) > 20 {
			t.Errorf("%s: %d messages, want at most 20", name, len(site.delivered))
		}
	}
}

// One email address receives five messages an hour, though requested from twenty IP
// addresses (RL-08).
func TestSendLimit_Email(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(ann)
	site.wait(time.Hour)
	before := len(site.messages(ann))
	for i := range 20 {
		b := site.browser()
		if i%2 == 0 {
			b.startReset(ann)
		} else {
			b.startSignUp("ANN@example.org", "another fine sentence")
		}
		site.wait(time.Minute)
	}
	if got := len(site.messages(ann)) + len(site.messages("ANN@example.org")) - before; got != 5 {
		t.Errorf("%d messages, want 5", got)
	}
}

// After the daily SMS budget of the site is used, no more are sent. The pages say so, and
// users can sign in with other methods (RL-08).
func TestSendLimit_SMSBudget(t *testing.T) {
	site := newSite(t, func(p *auth.Policy) { p.SMSBudget = 3 })
	b := site.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").wantHeading("Backup codes")
	codes := b.backupCodes()
	b.press("Done").press("Sign out")
	site.wait(time.Minute)
	b.signIn(ann).enterCode(site.lastCode(number)).wantHeading("Account")
	eve := site.browser().from("198.51.100.7:1").signUp("eve@example.org")
	eve.requestSMS("+14155559876").wantHeading("Verify phone")
	site.restart(func(p *auth.Policy) { p.SMSBudget = 3 })
	eve.press("Use another number").requestSMS("+14155559877").wantError(http.StatusTooManyRequests).wantText("cannot send text messages")
	sent := len(site.messages(number))
	site.wait(31 * time.Second)
	b.press("Sign out").signIn(ann).wantHeading("Verify your account").press("Send a new code").wantError(http.StatusTooManyRequests).wantText("cannot send text messages")
	b.enterCode(codes[0]).wantHeading("Account")
	if len(site.messages(number)) != sent || len(site.messages("+14155559877")) != 0 {
		t.Error("a fourth SMS was sent")
	}
	site.wait(24 * time.Hour)
	b.signIn(ann).wantHeading("Verify your account").enterCode(site.lastCode(number)).wantHeading("Account")
}

// No SMS is sent to a country that is not allowed, for a new number or one already added
// (RL-08).
func TestSendLimit_SMSCountries(t *testing.T) {
	const british = "+442079460958"
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.addPhone(british).press("Use for MFA").wantHeading("Backup codes")
	codes := b.backupCodes()
	b.press("Done").press("Sign out")
	site.wait(time.Minute)
	site.restart(func(p *auth.Policy) { p.SMSCountries = []string{"US", "CA"} })
	sent := len(site.messages(british))
	b.signIn(ann).wantHeading("Verify your account").press("Send a new code").wantError(422).wantText("this country")
	b.enterCode(codes[0]).wantHeading("Account")
	b.requestSMS("+44 20 7946 0959").wantError(422).wantText("this country")
	if len(site.messages(british)) != sent || len(site.messages("+442079460959")) != 0 {
		t.Error("SMS sent to a country that is not allowed")
	}
	b.requestSMS(number).wantHeading("Verify phone")
	if len(site.messages(number)) != 1 {
		t.Error("no SMS sent to an allowed country")
	}
}

// No SMS is sent to a number whose owner earns from it, in allowed countries either
// (RL-08).
func TestSendLimit_SMSNumberType(t *testing.T) {
	site := newSite(t, func(p *auth.Policy) { p.SMSCountries = []string{"US", "GB"} })
	b := site.browser().signUp(ann)
	for _, costly := range []string{"+19002345678", "+449098790879", "+979123456789", "+881612345678", "+18002345678"} {
		b.requestSMS(costly).wantError(422).wantText("this kind of number")
		if got := site.messages(costly); len(got) != 0 {
			t.Errorf("%d SMS were sent to %s", len(got), costly)
		}
	}
	b.requestSMS(number).wantHeading("Verify phone")
}

// The page with the QR code, which is expensive to draw, is limited to sixty requests a
// minute per account (RL-09).
func TestRateLimit_QRCode(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := site.browser().signUp(ann)
	for range 59 {
		if response := b.request(http.MethodGet, "/account/manage-mfa/add", nil, nil); response.StatusCode != http.StatusOK {
			t.Fatal(response.Status)
		}
	}
	b.open("/account/manage-mfa/add").wantHeading("Add TOTP MFA")
	key := b.totpKey()
	pause := b.open("/account/manage-mfa/add").wantHeading("We are busy right now").retryAfter()
	if b.page.Find("svg[role=img]").Length() != 0 {
		t.Error("the QR code was drawn")
	}
	site.browser().signUp("eve@example.org").open("/account/manage-mfa/add").wantHeading("Add TOTP MFA")
	site.wait(pause)
	if b.open("/account/manage-mfa/add").wantHeading("Add TOTP MFA"); b.totpKey() != key {
		t.Error("the limit changed the key")
	}
}
