package handlers_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"twostep/auth"
)

// deviceCookie returns the value of the device cookie; empty for none.
func (b *browser) deviceCookie() string {
	for _, c := range b.jar.Cookies(b.url) {
		if c.Name == "__Host-twostep-device" {
			return c.Value
		}
	}
	return ""
}

func (b *browser) setDeviceCookie(value string) *browser {
	b.jar.SetCookies(b.url, []*http.Cookie{{Name: "__Host-twostep-device", Value: value, Path: "/", Secure: true}})
	return b
}

// isKnownTo reports whether the browser's cookie is that of a known device of the account.
func (b *browser) isKnownTo(email string) bool {
	b.t.Helper()
	token, _, _ := strings.Cut(b.deviceCookie(), ".")
	return b.site.queryInt(`
		SELECT count(*)
		FROM known_devices
		JOIN users ON users.id = known_devices.user_id
		WHERE users.email = $1 AND known_devices.token_hash = $2`, email, auth.Token(token).Hash()) == 1
}

// wantKnown signs in and checks whether the owner is notified of a new device.
func (b *browser) wantKnown(want bool) *browser {
	b.t.Helper()
	b.site.wait(2 * time.Hour)
	before := len(b.site.messages(ann))
	b.signIn(ann).wantHeading("Account")
	if known := len(b.site.messages(ann)) == before; known != want {
		b.t.Errorf("known device: %v, want %v", known, want)
	}
	return b
}

// Only a device cookie that this server made and signed is read, also if the key has been
// replaced since. Any other one is ignored and replaced at sign-in (FF-09).
func TestDeviceCookie_OnlyFromServer(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := site.browser().signUp(ann)
	own := b.deviceCookie()
	token, mac, signed := strings.Cut(own, ".")
	if !signed || len(token) != 43 || len(mac) != 43 {
		t.Fatalf("cookie %q", own)
	}
	foreign := newSite(t).browser().signUp(ann).deviceCookie()
	site.clearLimits()
	for _, value := range []string{
		string(auth.NewToken()), token, token + ".", token + "." + strings.ToUpper(mac), string(auth.NewToken()) + "." + mac, foreign, own + ".", own[:len(own)-1], "",
	} {
		fresh := site.browser()
		fresh.setDeviceCookie(value).wantKnown(false)
		if got := fresh.deviceCookie(); got == value || !fresh.isKnownTo(ann) {
			t.Errorf("%q was kept, or %q is not known", value, got)
		}
		site.clearLimits()
	}
	b.press("Sign out").wantKnown(true).press("Sign out")
	added, id, err := site.keys.Add()
	if err != nil {
		t.Fatal(err)
	}
	site.keys = added.Promote(id)
	site.restart()
	b.wantKnown(true)
}

// Each sign-in replaces the cookie, of every step and account: a copy that was stolen or
// planted before is of no use afterwards. The browser stays known to the other accounts.
func TestDeviceCookie_ReplacedAtSignIn(t *testing.T) {
	t.Parallel()
	const bob = "bob@example.org"
	site := newSite(t)
	planted := site.browser().signUp(bob).deviceCookie()
	b := site.browser()
	b.setDeviceCookie(planted)
	b.signUp(ann).press("Sign out")
	for _, email := range []string{bob, ann, ann, bob} {
		stolen := b.clone()
		site.wait(time.Minute)
		b.signIn(email).wantHeading("Account").press("Sign out")
		if stolen.deviceCookie() == b.deviceCookie() || stolen.isKnownTo(ann) || stolen.isKnownTo(bob) {
			t.Errorf("%s: the earlier cookie is known", email)
		}
		if !b.isKnownTo(ann) || !b.isKnownTo(bob) {
			t.Errorf("%s: the new cookie is not known to both accounts", email)
		}
	}
	if n := site.queryInt(`SELECT count(*) FROM known_devices`); n != 2 {
		t.Errorf("%d rows for two accounts in one browser", n)
	}
	site.browser().setDeviceCookie(planted).wantKnown(false)
}

// The cookie is replaced after the second step, not after the password.
func TestDeviceCookie_SecondStep(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	first := b.press("Sign out").deviceCookie()
	site.wait(time.Minute)
	b.signIn(ann).wantHeading("Verify your account")
	if b.deviceCookie() != first {
		t.Error("replaced before the second step")
	}
	b.fill("Code", site.totpCode(key)).pressTwice("Verify").wantHeading("Account")
	if b.deviceCookie() == first || !b.isKnownTo(ann) {
		t.Error("not replaced after the second step")
	}
	second := b.deviceCookie()
	site.wait(11 * time.Minute)
	b.open("/account/email").wantHeading("Verification required").fill("Code", site.totpCode(key))
	b.pressTwice("Verify").wantHeading("Email address")
	if b.deviceCookie() != second {
		t.Error("replaced by re-authentication")
	}
}

// The cookie of a copy of the browser without its session does not become the new one,
// even at the same moment.
func TestDeviceCookie_CopyAtTheSameTime(t *testing.T) {
	t.Parallel()
	const eve = "eve@example.org"
	site := newSite(t)
	attacker := site.browser().signUp(eve).press("Sign out")
	b := site.browser()
	b.setDeviceCookie(attacker.deviceCookie())
	b.signUp(ann)
	attacker.signIn(eve).wantHeading("Account")
	if attacker.isKnownTo(ann) || !b.isKnownTo(ann) {
		t.Error("the copy is known")
	}
}

// Sign-ins to two accounts in one browser at the same time leave it known to both,
// whichever cookie it keeps.
func TestDeviceCookie_Race(t *testing.T) {
	t.Parallel()
	const bob = "bob@example.org"
	site := newSite(t)
	b := site.browser().signUp(bob).press("Sign out")
	b.signUp(ann).press("Sign out").open("/sign-in")
	racers := make([]*browser, 32)
	for i := range racers {
		racers[i] = b.clone().fill("Email address", []string{ann, bob}[i%2]).fill("Password", password)
	}
	var group sync.WaitGroup
	for _, racer := range racers {
		group.Go(func() { racer.press("Continue") })
	}
	group.Wait()
	signedIn := 0
	for i, racer := range racers {
		if racer.status == http.StatusTooManyRequests {
			continue // so many at once count as failures until they have been checked
		}
		signedIn++
		if racer.wantHeading("Account"); !racer.isKnownTo(ann) || !racer.isKnownTo(bob) {
			t.Errorf("racer %d is not known to both accounts", i)
		}
	}
	if signedIn < 2 {
		t.Errorf("%d of 32 have signed in", signedIn)
	}
	if n := site.queryInt(`SELECT count(*) FROM known_devices`); n != 2 {
		t.Errorf("%d rows for two accounts in one browser", n)
	}
}

// An account has a bounded number of known devices, the last seen ones, and a browser is
// known to a bounded number of accounts.
func TestDeviceCookie_Bounded(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	first := site.browser().signUp(ann)
	for range auth.KnownDevicesMax {
		site.wait(time.Minute)
		site.browser().signIn(ann).wantHeading("Account")
	}
	if n := site.queryInt(`SELECT count(*) FROM known_devices`); n != auth.KnownDevicesMax {
		t.Errorf("%d known devices, want %d", n, auth.KnownDevicesMax)
	}
	if first.isKnownTo(ann) {
		t.Error("the oldest device is still known")
	}
}
