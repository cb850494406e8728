package handlers_test

import (
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// refresh is where the page leads by itself.
func (b *browser) refresh() string { return b.header.Get("Refresh") }

// looksAgain checks that a page which waits for a code comes again by itself,
// and not soon.
func (b *browser) looksAgain() *browser {
	b.t.Helper()
	if got := b.refresh(); !strings.HasPrefix(got, "20; url=") || !strings.HasSuffix(got, b.url.RequestURI()) {
		b.t.Errorf("%s: it leads to %q", b.url, got)
	}
	return b
}

// TestDelivery_SignIn: while the provider does not answer, who signs in is told
// that the code could not be sent, and comes in by what else there is; once it
// answers, the page says that the code was sent (SM-09, LG-06).
func TestDelivery_SignIn(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, codes := b.addApp()
	b.addPhone(number).press("Use for MFA").press("Sign out")
	w.wait(time.Minute)
	w.down = true
	b.firstStep(ann).sees("Verify your account").press("Send a code to •••• 2671").reads("could not send your code to •••• 2671 yet").reads("another method or a backup code")
	if !strings.Contains(b.follow("Refresh").text(), "could not send your code") || b.refresh() != "" {
		t.Error("a page where a backup code can be typed is taken away")
	}
	b.press("Use your authentication app").readsNot("could not send your code")
	b.fill("Code", w.app(key)).press("Verify").sees("Account").press("Sign out")

	w.wait(time.Minute)
	b.firstStep(ann).press("Send a code to •••• 2671").reads("could not send your code").fill("Code", codes[0]).press("Verify").sees("Account").press("Sign out")

	w.wait(time.Minute)
	b.firstStep(ann).press("Send a code to •••• 2671").reads("could not send your code")
	w.down = false
	w.wait(auth.MessageRetryMin)
	w.deliver()
	b.open("/sign-in").reads("We sent a 6-digit code to •••• 2671").readsNot("could not send your code")
	b.fill("Code", w.code(number)).press("Verify").sees("Account")
}

// TestDelivery_Phone: a number that the provider refuses is said to be so, at
// once and for good; a new code to a good one is told of as ever, and of a code
// that is late the page looks again by itself (SM-09).
func TestDelivery_Phone(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	w.refuses = func(m auth.Message) bool { return m.To == "+14155550000" }
	b.askSMS("+14155550000").sees("Verify phone").reads("We cannot deliver to +14155550000").reads("Check the number")
	w.refuses = nil
	w.wait(auth.MessageRetryMax)
	if b.open("/account/add-phone").reads("We cannot deliver to"); len(w.letters("+14155550000")) != 0 || strings.HasPrefix(b.refresh(), "20;") {
		t.Error("it was tried again")
	}
	w.down = true
	b.askSMS(number).sees("Verify phone").reads("could not send your code to " + number).reads("refreshes automatically").looksAgain()
	b.fill("Enter code", "000000").press("Verify").refused(422).reads("could not send your code").readsNot("refreshes automatically")
	w.wait(time.Minute)
	b.press("Send a new code").reads("could not send your code").readsNot("We sent a new code")
	w.down = false
	w.wait(auth.MessageRetryMin)
	w.deliver()
	if b.open("/account/add-phone").reads("We sent a 6-digit code"); strings.HasPrefix(b.refresh(), "20;") {
		t.Error("it looks again for ever")
	}
	if got := len(w.letters(number)); got != 1 {
		t.Errorf("%d codes came, of which one is good", got)
	}
	b.fill("Enter code", w.code(number)).press("Verify").sees("Phone added")
}

// TestDelivery_Reverify: as at sign-in.
func TestDelivery_Reverify(t *testing.T) {
	w := newWorld(t, func(p *auth.Policy) { p.Factors = []auth.FactorKind{auth.PhoneCode} })
	b := w.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").sees("User MFA Settings")
	w.wait(11 * time.Minute)
	w.down = true
	b.open("/account/password").sees("Verification required").press("Send a new code").reads("could not send your code to •••• 2671").reads("contact the site administrator").looksAgain()
	w.down = false
	w.wait(auth.MessageRetryMin)
	b.fill("Code", w.code(number)).press("Verify").sees("Password")
}

// TestDelivery_Email: of a change of address, and nothing typed is taken away.
func TestDelivery_Email(t *testing.T) {
	w := newWorld(t)
	b, eve := w.browser().signUp(ann), "eve@example.org"
	w.browser().signUp(eve)
	w.wait(time.Minute)
	w.down = true
	for _, to := range []string{"new@example.org", eve} {
		b.open("/account/email").fill("New email address", to).press("Change email address")
		b.reads("could not send your code to " + to).reads("Check that the email address is right")
		if strings.HasPrefix(b.refresh(), "20;") {
			t.Error("a page with other forms is taken away")
		}
	}
}

// TestDelivery_StrangersAlike: while mail goes, fails or is refused, nobody can
// tell from a sign-up or a reset who has an account; a reset speaks of mail as a
// whole, and not of its own (FF-03, RC-01).
func TestDelivery_StrangersAlike(t *testing.T) {
	const free, disabled = "fre@example.org", "dis@example.org"
	w := newWorld(t)
	w.browser().signUp(ann)
	w.browser().signUp(disabled)
	w.disable(disabled)
	ask := func(page, email string) *browser {
		b := w.browser().open(page).fill("Email address", email)
		if page == "/sign-up" {
			b.fill("Password", "another fine sentence")
		}
		return b.press("Continue")
	}
	alike := func(name, page, says string) {
		t.Helper()
		w.wait(time.Hour)
		want := ""
		for _, email := range []string{free, ann, disabled} {
			b := ask(page, email)
			got := b.seen(email) + b.open(page).seen(email)
			if !strings.Contains(b.text(), says) {
				t.Errorf("%s, %s, %s: it says\n%s", name, page, email, b.text())
			}
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("%s, %s, %s differs:\n%s\n%s", name, page, email, got, want)
			}
		}
	}
	alike("well", "/sign-up", "We sent a 6-digit code")
	alike("well", "/forgot-password", "we sent a 6-digit code there")
	w.refuses = func(auth.Message) bool { return true }
	alike("refused", "/sign-up", "We cannot deliver to")
	alike("refused", "/forgot-password", "we sent a 6-digit code there")
	w.refuses, w.down = nil, true
	alike("down", "/forgot-password", "we sent a 6-digit code there") // that a reset has failed tells who has queued one
	alike("down", "/sign-up", "could not send your code")
	w.wait(time.Minute) // while what could not be sent still waits
	ask("/forgot-password", free).reads("Email is delayed").looksAgain()
	ask("/forgot-password", ann).reads("Email is delayed").looksAgain()
}
