package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"twostep/auth"
)

// Of a thousand guesses in a day from fifty IP addresses, the first hundred of
// them concurrent, at most a hundred passwords are verified. The owner can sign in
// at once from a known device, and after Retry-After from a new one (RL-01, RL-03,
// RL-06, RL-07).
func TestRateLimit_GuessedPasswords(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	owner := site.browser().signUp(ann)
	owner.press("Sign out")
	guessers := make([]*browser, 50)
	var path string
	forms := make([]url.Values, len(guessers))
	for i := range guessers {
		guessers[i] = site.browser().open("/sign-in")
		guessers[i].fill("Email address", ann).fill("Password", wrongPassword)
		path, forms[i] = guessers[i].form(guessers[i].button("Continue"))
	}
	before := site.accountData()
	verified, refused := 0, 0
	count := func(status int, wait time.Duration, text string) {
		switch {
		case status == http.StatusUnprocessableEntity && strings.Contains(text, "is incorrect"):
			verified++
		case status == http.StatusTooManyRequests && wait > 0:
			refused++
		default:
			t.Fatalf("%d: %s", status, text)
		}
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	for i := range 100 {
		group.Go(func() {
			status, pause, text := guessers[i%50].post(path, forms[i%50])
			mu.Lock()
			defer mu.Unlock()
			count(status, pause, text)
		})
	}
	group.Wait()
	if verified != 5 {
		t.Errorf("%d of 100 concurrent guesses verified, want 5", verified)
	}
	for i := range 900 {
		site.wait(24 * time.Hour / 900)
		count(guessers[i%50].post(path, forms[i%50]))
		if i == 450 {
			owner.signIn(ann).wantHeading("Account").press("Sign out")
		}
	}
	if verified > 100 || verified < 10 || verified+refused != 1000 {
		t.Errorf("%d responses verified, %d refused", verified, refused)
	}
	site.wantAccountData(before)
	owner.signIn(ann).wantHeading("Account")
	fresh := site.browser().signIn(ann)
	pause := fresh.retryAfter()
	if pause > time.Hour {
		t.Errorf("Retry-After %v for the owner, want at most an hour", pause)
	}
	site.wait(pause)
	fresh.signIn(ann).wantHeading("Account")
}

// The same holds for an attacker who has the password and guesses TOTP and backup
// codes (RL-01, RL-03, RL-06). A correct password does not reset the failure count
// of codes.
func TestRateLimit_GuessedCodes(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	owner := site.browser().signUp(ann)
	key, _ := owner.addTOTP()
	owner.press("Sign out")
	attackers := make([]*browser, 50)
	for i := range attackers {
		attackers[i] = site.browser()
	}
	verified, refused := 0, 0
	for _, attacker := range attackers {
		attacker.signIn(ann).wantHeading("Verify your account")
		path, form := attacker.form(attacker.button("Verify"))
		for i := range 20 {
			form.Set("code", site.wrongTOTPCode(key))
			if i%2 == 1 {
				form.Set("code", "2222-2222-2222-2222")
			}
			status, _, text := attacker.post(path, form)
			switch {
			case status == http.StatusTooManyRequests:
				refused++
			case status == http.StatusUnprocessableEntity && (strings.Contains(text, "That code is incorrect") || strings.Contains(text, "That backup code is incorrect")):
				verified++
			default:
				t.Fatalf("%d: %s", status, text)
			}
			site.wait(24 * time.Hour / 1000)
		}
	}
	if verified > 100 || verified < 20 || verified+refused != 1000 {
		t.Errorf("%d responses verified, %d refused", verified, refused)
	}
	owner.signIn(ann).wantHeading("Verify your account").enterCode(site.totpCode(key)).wantHeading("Account")
	fresh := site.browser().signIn(ann).wantHeading("Verify your account")
	site.wait(30 * time.Second)
	pause := fresh.enterCode(site.totpCode(key)).retryAfter()
	if pause > time.Hour {
		t.Errorf("Retry-After %v for the owner, want at most an hour", pause)
	}
	site.wait(pause)
	fresh.signIn(ann).enterCode(site.totpCode(key)).wantHeading("Account")
}

// After a hundred consecutive failures the password is locked: a correct one is no
// longer verified, however much later, until it is reset. An unknown email address
// gets the same responses (RL-01, RL-02, RL-03, RL-06, RL-07, FF-03). Restarts and
// other IP addresses do not change the count.
func TestLock_Password(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.browser().signUp(ann)
	const unknown = "nob@example.org"
	b, other := site.browser(), site.browser()
	last := time.Duration(0)
	for i := 1; i <= 100; i++ {
		if i%10 == 0 {
			b, other = site.browser(), site.browser()
			site.restart()
		}
		b.signInWith(ann, wrongPassword).wantError(422).wantText("is incorrect")
		other.signInWith(unknown, wrongPassword).wantError(422).wantText("is incorrect")
		if i < 5 || i == 100 {
			continue
		}
		b.signIn(ann) // correct, but too early
		other.signIn(unknown)
		pause := b.retryAfter()
		if other.retryAfter() != pause || pause < last || pause < 30*time.Second || pause > time.Hour {
			t.Fatalf("failure %d: Retry-After %v, previously %v, for an unknown email address %v", i, pause, last, other.retryAfter())
		}
		if last > 0 && pause != min(2*last, time.Hour) {
			t.Errorf("failure %d: Retry-After %v, previously %v", i, pause, last)
		}
		last = pause
		site.wait(pause)
	}
	site.wait(48 * time.Hour)
	before := site.accountData()
	b.signIn(ann).wantError(422).wantText("is locked")
	other.signIn(unknown).wantError(422).wantText("is locked")
	if got, want := strings.ReplaceAll(b.text(), ann, "…"), strings.ReplaceAll(other.text(), unknown, "…"); got != want {
		t.Errorf("the response to an unknown email address differs:\n%s\n%s", got, want)
	}
	site.wantAccountData(before)
	b.startReset(ann).wantHeading("Check your email")
	b.enterCode(site.lastCode(ann)).setPassword(newPassword).wantHeading("Sign in")
	site.browser().signInWith(ann, newPassword).wantHeading("Account")
}

// A locked TOTP method rejects a correct code. Signing in with the password and a
// backup code does not unlock it; replacing the TOTP key does (RL-01).
func TestLock_TOTP(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	owner := site.browser().signUp(ann)
	key, codes := owner.addTOTP()
	attacker := site.browser()
	for range 100 {
		attacker.signIn(ann).wantHeading("Verify your account").enterCode(site.wrongTOTPCode(key)).wantError(422).wantText("That code is incorrect")
		site.wait(time.Hour)
	}
	fresh := site.browser()
	fresh.signIn(ann).enterCode(site.totpCode(key)).wantError(422).wantText("is locked")
	fresh.enterCode(codes[0]).wantHeading("Account")
	fresh.press("Sign out")
	site.browser().signIn(ann).enterCode(site.totpCode(key)).wantError(422).wantText("is locked")

	fresh.signIn(ann).enterCode(site.totpCode(key)).wantHeading("Account") // now a known device, with a count of its own
	fresh.open("/account/manage-mfa/add").press("Verify")
	fresh.press("Reset")
	another := fresh.totpKey()
	fresh.press("Verify").enterTOTP(site.totpCode(another)).wantHeading("Success!")
	site.wait(30 * time.Second)
	site.browser().signIn(ann).enterCode(site.totpCode(another)).wantHeading("Account")
}

// A device token replaces no factor (FF-09), is not valid for another account or
// if forged, and its own failure count is limited too (RL-06).
func TestKnownDevice(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	b.press("Sign out")
	for range 2 {
		b.signIn(ann).wantHeading("Verify your account").open("/account").wantHeading("Verify your account")
		site.wait(30 * time.Second)
		b.enterCode(site.totpCode(key)).wantHeading("Account").press("Sign out")
	}
	eve := site.browser().signUp("eve@example.org")
	eve.press("Sign out")
	forged := site.browser()
	forged.jar.SetCookies(forged.url, []*http.Cookie{{Name: "__Host-twostep-device", Value: string(auth.NewToken()), Path: "/", Secure: true}})
	for range 5 {
		eve.signInWith(ann, wrongPassword).wantError(422)
	}
	eve.signIn(ann).retryAfter()
	forged.signIn(ann).retryAfter()
	for range 5 {
		b.signInWith(ann, wrongPassword).wantError(422)
	}
	b.signIn(ann).retryAfter()
}

// One IP address has ten failures a minute over all accounts. Signing in to an
// account the attacker owns does not reset the count (RL-04).
func TestRateLimit_FailuresPerIP(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(ann)
	eve := site.browser().signUp("eve@example.org")
	for i := range 9 {
		site.browser().from(eve.remoteAddr).signInWith(fmt.Sprintf("somebody%d@example.org", i), wrongPassword).wantError(422)
		site.browser().from(eve.remoteAddr).signIn("eve@example.org").wantHeading("Account")
	}
	site.browser().from(eve.remoteAddr).signInWith("somebody@example.org", wrongPassword).wantError(422)
	pause := site.browser().from(eve.remoteAddr).signIn(ann).retryAfter()
	if pause > time.Minute {
		t.Errorf("Retry-After %v, want at most a minute", pause)
	}
	site.browser().signIn(ann).wantHeading("Account") // other IP addresses are not limited
	site.wait(pause)
	site.browser().from(eve.remoteAddr).signIn(ann).wantHeading("Account")
}

// One IP address has thirty sign-in posts a minute, correct or wrong (RL-04).
func TestRateLimit_SignInPostsPerIP(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	eve := site.browser().signUp(ann)
	for range 30 {
		site.browser().from(eve.remoteAddr).signIn(ann).wantHeading("Account")
	}
	pause := site.browser().from(eve.remoteAddr).signIn(ann).retryAfter()
	site.browser().signIn(ann).wantHeading("Account")
	site.wait(pause)
	site.browser().from(eve.remoteAddr).signIn(ann).wantHeading("Account")
}

// An IPv6 /64 counts as one IP address, and an IPv4-mapped IPv6 address as the IPv4
// address (RL-04).
func TestRateLimit_IPv6Prefix(t *testing.T) {
	for name, row := range map[string]struct {
		same  func(i int) string
		other string
	}{
		"IPv6":   {func(i int) string { return fmt.Sprintf("[2001:db8:0:1:%x::%x]:4711", i+1, i*i) }, "[2001:db8:0:2::1]:4711"},
		"mapped": {func(i int) string { return []string{"198.51.100.7:1", "[::ffff:198.51.100.7]:2"}[i%2] }, "[::ffff:198.51.100.8]:1"},
	} {
		site := newSite(t)
		for i := range 10 {
			site.browser().from(row.same(i)).signInWith(fmt.Sprintf("somebody%d@example.org", i), wrongPassword).wantError(422)
		}
		site.browser().from(row.same(10)).signInWith("somebody@example.org", wrongPassword).wantError(429)
		site.browser().from(row.same(11)).signInWith("somebody@example.org", wrongPassword).wantError(429)
		site.browser().from(row.other).signInWith("somebody@example.org", wrongPassword).wantError(422)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// The networks around an IP address have larger numbers: an IPv6 /56 twice that of an
// address, and an IPv6 /48 or an IPv4 /24 ten times (RL-04).
func TestRateLimit_Networks(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		max   int
		same  func(i int) string // another IP address of the network
		other string
	}{
		"IPv6 /56": {20, func(i int) string { return fmt.Sprintf("[2001:db8:0:1%02x::1]:4711", i) }, "[2001:db8:0:200::1]:4711"},
		"IPv6 /48": {100, func(i int) string { return fmt.Sprintf("[2001:db8:0:%02x00::1]:4711", i) }, "[2001:db8:1:1::1]:4711"},
		"IPv4 /24": {100, func(i int) string { return fmt.Sprintf("198.51.100.%d:4711", i) }, "198.51.101.1:4711"},
	} {
		site := newSite(t)
		for i := range row.max {
			site.browser().from(row.same(i)).signInWith(fmt.Sprintf("somebody%d@example.org", i), wrongPassword).wantError(422)
		}
		pause := site.browser().from(row.same(row.max)).signInWith("somebody@example.org", wrongPassword).retryAfter()
		if pause > time.Minute {
			t.Errorf("%s: Retry-After %v, want at most a minute", name, pause)
		}
		site.browser().from(row.other).signInWith("somebody@example.org", wrongPassword).wantError(422)
	}
}

// A known device with the right password signs in from an IP address whose limits
// strangers have used up, also those with known devices of their own, and resets the
// password there. It has limits of its own (RL-04, RL-06).
func TestRateLimit_KnownDeviceBehindSameIP(t *testing.T) {
	t.Parallel()
	const shared, eve = "198.51.100.7:1", "eve@example.org"
	site := newSite(t)
	ours := site.browser().signUp(ann).press("Sign out").from(shared)
	key, _ := ours.signIn(ann).addTOTP()
	ours.press("Sign out")
	theirs := site.browser().signUp(eve).press("Sign out").from(shared)
	useUp := func() {
		t.Helper()
		for i := 0; ; i++ {
			if site.browser().from(shared).signInWith(fmt.Sprintf("nobody%d@example.org", i), wrongPassword).status == http.StatusTooManyRequests {
				break
			}
		}
		for theirs.signIn(eve).status == http.StatusOK {
			theirs.press("Sign out")
		}
		for i := 0; ; i++ {
			if site.browser().from(shared).startReset(fmt.Sprintf("nobody%d@example.org", i)).status == http.StatusTooManyRequests {
				break
			}
		}
	}
	useUp()
	site.browser().from(shared).signIn(ann).wantError(http.StatusTooManyRequests)
	site.wait(30 * time.Second)
	ours.signIn(ann).wantHeading("Verify your account").enterCode(site.totpCode(key)).wantHeading("Account")
	useUp()
	ours.press("Sign out").startReset(ann).wantHeading("Check your email")
	ours.enterCode(site.lastCode(ann)).setPassword(newPassword).wantHeading("Sign in")
	site.wait(time.Hour)
	posts := 0
	for ours.signInWith(ann, newPassword).status == http.StatusOK {
		ours.press("Start over")
		posts++
	}
	if posts != 30 {
		t.Errorf("%d sign-in posts in a minute, want 30", posts)
	}
}

// The rows that sign-ins with ten thousand unknown email addresses leave behind are
// swept: counts per minute within the hour, failure counts after their retention (RL-03).
func TestRateLimit_UnknownEmailsAreSwept(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.browser().signUp(ann)
	page := site.browser().open("/sign-in")
	path, form := page.form(page.button("Continue"))
	form.Set("password", wrongPassword)
	before := site.accountData()
	own := site.limitCount()
	const posted, all = 200, 10_000
	for i := range posted {
		form.Set("email", fmt.Sprintf("nobody0-%d-@example.org", i))
		if status, _, text := page.from(fmt.Sprintf("10.0.%d.0:1", i)).post(path, form); status != 422 {
			t.Fatalf("%d: %s", status, text)
		}
	}
	// To save time, the others are copies of these rows instead of posts.
	site.exec(`
		WITH RECURSIVE lots(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM lots WHERE n < $1)
		INSERT INTO rate_limits (key, count, since, ready_at, account, expires_at, typed)
		SELECT key || lots.n, count, since, ready_at, account, expires_at, typed
		FROM rate_limits, lots
		WHERE count > 0 AND (key LIKE 'failures/password/=%' OR key LIKE 'sign_in/ip/%' OR key LIKE 'verify/ip/%')`, all/posted-1)
	rows := site.limitCount() - own
	if rows < all || rows > 3*all+2*posted {
		t.Errorf("%d rows after %d sign-ins", rows, all)
	}
	sweep := func() int {
		if _, err := site.rules.RemoveExpired(t.Context()); err != nil {
			t.Fatal(err)
		}
		return site.limitCount()
	}
	site.wait(time.Hour)
	if left := sweep(); left > all+own {
		t.Errorf("%d rows left after an hour, want those of the failures", left)
	}
	site.wait(24 * time.Hour)
	if left := sweep(); left != all {
		t.Errorf("%d rows left after a day, want %d", left, all)
	}
	site.wait(auth.FailureRetention)
	if left := sweep(); left != 0 {
		t.Errorf("%d rows left after the retention", left)
	}
	site.wantAccountData(before)
	site.browser().signIn(ann).wantHeading("Account")
}

// An attacker who guesses a password and requests resets up to the limit does not
// keep the owner from signing in or resetting it with a known device (RL-06, RL-08).
func TestRateLimit_OwnerCanReset(t *testing.T) {
	site := newSite(t)
	owner := site.browser().signUp(ann)
	owner.press("Sign out")
	site.wait(time.Hour)
	sent := len(site.messages(ann))
	pause := time.Duration(0)
	for range 10 {
		attacker := site.browser().startReset(ann)
		if attacker.status == http.StatusTooManyRequests {
			pause = attacker.retryAfter()
			break
		}
		attacker.wantHeading("Check your email")
		site.browser().signInWith(ann, wrongPassword)
		site.wait(time.Minute)
	}
	if got := len(site.messages(ann)) - sent; got != 5 || pause == 0 {
		t.Errorf("%d messages, then Retry-After %v; want 5 and a limit", got, pause)
	}
	owner.signIn(ann).wantHeading("Account").press("Sign out")
	fresh := site.browser().startReset(ann)
	pause = fresh.retryAfter()
	owner.startReset(ann).wantHeading("Check your email")
	owner.enterCode(site.lastCode(ann)).setPassword(newPassword).wantHeading("Sign in")
	site.wait(pause)
	fresh.startReset(ann).wantHeading("Check your email")
	fresh.enterCode(site.lastCode(ann)).wantHeading("Set a new password")
}
