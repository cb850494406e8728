package handlers_test

import (
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

func (b *browser) refreshHeader() string { return b.header.Get("Refresh") }

// wantAutoRefresh checks that the page reloads itself every 20 seconds, as a page
// does while its code is not sent.
func (b *browser) wantAutoRefresh() *browser {
	b.t.Helper()
	if got := b.refreshHeader(); !strings.HasPrefix(got, "20; url=") || !strings.HasSuffix(got, b.url.RequestURI()) {
		b.t.Errorf("%s: Refresh: %q", b.url, got)
	}
	return b
}

// While the provider is down, the sign-in page says that the code could not be sent,
// and other methods work. When it is back, the page says that the code was sent
// (SM-09, LG-06).
func TestDelivery_SignIn(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, codes := b.addTOTP()
	b.addPhone(number).press("Use for MFA").press("Sign out")
	site.wait(time.Minute)
	site.courierDown = true
	b.signIn(ann).wantHeading("Verify your account").press("Send a code to •••• 2671").wantText("could not send your code to •••• 2671 yet").wantText("another method or a backup code")
	if !strings.Contains(b.follow("Refresh").text(), "could not send your code") || b.refreshHeader() != "" {
		t.Error("a page with a field for a backup code reloads itself")
	}
	b.press("Use your authentication app").wantNoText("could not send your code")
	b.enterCode(site.totpCode(key)).wantHeading("Account").press("Sign out")

	site.wait(time.Minute)
	b.signIn(ann).press("Send a code to •••• 2671").wantText("could not send your code").enterCode(codes[0]).wantHeading("Account").press("Sign out")

	site.wait(time.Minute)
	b.signIn(ann).press("Send a code to •••• 2671").wantText("could not send your code")
	site.courierDown = false
	site.wait(auth.MessageRetryMin)
	site.deliver()
	b.open("/sign-in").wantText("We sent a 6-digit code to •••• 2671").wantNoText("could not send your code")
	b.enterCode(site.lastCode(number)).wantHeading("Account")
}

// The page says at once that the provider rejects a number, and nothing is retried.
// It reloads itself while a code to a valid number is late (SM-09).
func TestDelivery_Phone(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	site.rejects = func(m auth.Message) bool { return m.To == "+14155550000" }
	b.requestSMS("+14155550000").wantHeading("Verify phone").wantText("We cannot deliver to +1 415 555 0000").wantText("Check the number")
	site.rejects = nil
	site.wait(auth.MessageRetryMax)
	if b.open("/account/add-phone").wantText("We cannot deliver to"); len(site.messages("+14155550000")) != 0 || strings.HasPrefix(b.refreshHeader(), "20;") {
		t.Error("a rejected message was retried")
	}
	site.courierDown = true
	b.requestSMS(number).wantHeading("Verify phone").wantText("could not send your code to " + "+1 415 555 2671").wantText("refreshes automatically").wantAutoRefresh()
	b.enterPhoneCode("000000").wantError(422).wantText("could not send your code").wantNoText("refreshes automatically")
	site.wait(time.Minute)
	b.press("Send a new code").wantText("could not send your code").wantNoText("We sent a new code")
	site.courierDown = false
	site.wait(auth.MessageRetryMin)
	site.deliver()
	if b.open("/account/add-phone").wantText("We sent a 6-digit code"); strings.HasPrefix(b.refreshHeader(), "20;") {
		t.Error("the page still reloads itself")
	}
	if got := len(site.messages(number)); got != 1 {
		t.Errorf("%d codes sent, want the valid one only", got)
	}
	b.enterPhoneCode(site.lastCode(number)).wantHeading("Phone added")
}

func TestDelivery_Reauth(t *testing.T) {
	site := newSite(t, func(p *auth.Policy) { p.Factors = []auth.FactorKind{auth.PhoneCode} })
	b := site.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").wantHeading("User MFA Settings")
	site.wait(11 * time.Minute)
	site.courierDown = true
	b.open("/account/password").wantHeading("Verification required").press("Send a new code").wantText("could not send your code to •••• 2671").wantText("contact the site administrator").wantAutoRefresh()
	site.courierDown = false
	site.wait(auth.MessageRetryMin)
	b.enterCode(site.lastCode(number)).wantHeading("Password")
}

// The page says so for an email change, too, but does not reload itself, as it has
// other forms.
func TestDelivery_Email(t *testing.T) {
	site := newSite(t)
	b, eve := site.browser().signUp(ann), "eve@example.org"
	site.browser().signUp(eve)
	site.wait(time.Minute)
	site.courierDown = true
	for _, to := range []string{"new@example.org", eve} {
		b.changeEmail(to)
		b.wantText("could not send your code to " + to).wantText("Check that the email address is right")
		if strings.HasPrefix(b.refreshHeader(), "20;") {
			t.Error("a page with other forms reloads itself")
		}
	}
}

// Whether mail is sent, fails or is rejected, sign-up and reset do not reveal who has
// an account. A reset reports delays of all mail, not of its own (FF-03, RC-01).
func TestDelivery_SameForEveryEmail(t *testing.T) {
	const free, disabled = "fre@example.org", "dis@example.org"
	site := newSite(t)
	site.browser().signUp(ann)
	site.browser().signUp(disabled)
	site.disable(disabled)
	sameResponse := func(name, path, text string) {
		t.Helper()
		site.wait(time.Hour)
		want := ""
		for _, email := range []string{free, ann, disabled} {
			b := site.browser().start(path, email)
			got := b.observed(email) + b.open(path).observed(email)
			if !strings.Contains(b.text(), text) {
				t.Errorf("%s, %s, %s: no %q in\n%s", name, path, email, text, b.text())
			}
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("%s, %s, %s:\n%s\nwant\n%s", name, path, email, got, want)
			}
		}
	}
	sameResponse("sent", "/sign-up", "We sent a 6-digit code")
	sameResponse("sent", "/forgot-password", "we sent a 6-digit code there")
	site.rejects = func(auth.Message) bool { return true }
	sameResponse("rejected", "/sign-up", "We cannot deliver to")
	sameResponse("rejected", "/forgot-password", "we sent a 6-digit code there")
	site.rejects, site.courierDown = nil, true
	sameResponse("down", "/forgot-password", "we sent a 6-digit code there") // reporting a failure would reveal that a message is queued
	sameResponse("down", "/sign-up", "could not send your code")
	site.wait(time.Minute) // unsent messages are still queued
	site.browser().start("/forgot-password", free).wantText("Email is delayed").wantAutoRefresh()
	site.browser().start("/forgot-password", ann).wantText("Email is delayed").wantAutoRefresh()
}
