package handlers_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"twostep/auth"
)

// from is the same browser, cookies and page, at another network address.
func (b *browser) from(address string) *browser {
	other := *b
	other.address = address
	return &other
}

// answer posts the form of a button and returns the status, how long to wait
// and what the answer says. It does not move the browser, so many can answer at
// once.
func (b *browser) answer(path string, form url.Values) (status int, wait time.Duration, text string) {
	response := b.request(http.MethodPost, path, form, nil)
	body, _ := io.ReadAll(response.Body)
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	return response.StatusCode, time.Duration(seconds) * time.Second, string(body)
}

// retryAfter is how long the page in hand says to wait; its text must say it, too.
func (b *browser) retryAfter() time.Duration {
	b.t.Helper()
	b.refused(http.StatusTooManyRequests).reads("Try again in ")
	seconds, err := strconv.Atoi(b.header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		b.t.Fatalf("Retry-After is %q", b.header.Get("Retry-After"))
	}
	return time.Duration(seconds) * time.Second
}

// wrong is a code that the app does not show now.
func (w *world) wrong(key string) string {
	w.t.Helper()
	near := map[string]bool{}
	for step := -2; step <= 2; step++ {
		code, err := appCode(key, w.clock().Add(time.Duration(step)*30*time.Second))
		if err != nil {
			w.t.Fatal(err)
		}
		near[code] = true
	}
	for i := 0; ; i++ {
		if code := fmt.Sprintf("%06d", i); !near[code] {
			return code
		}
	}
}

// try signs in with a password that is not right.
func (b *browser) try(email, with string) *browser {
	b.t.Helper()
	b.open("/sign-in").sees("Sign in")
	return b.fill("Email address", email).fill("Password", with).press("Continue")
}

const notPassword = "wrong wrong wrong"

// TestGuesser: fifty network addresses and a thousand tries in a day, the
// first hundred of them at once, are let at no more than a hundred answers,
// while the owner signs in at the first try from a browser that has done so
// before and, from a new one, when the page said (RL-01, RL-03, RL-06, RL-07).
func TestGuesser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.browser().signUp(ann)
	owner.press("Sign out")
	guessers := make([]*browser, 50)
	var path string
	forms := make([]url.Values, len(guessers))
	for i := range guessers {
		guessers[i] = w.browser().open("/sign-in")
		guessers[i].fill("Email address", ann).fill("Password", notPassword)
		path, forms[i] = guessers[i].form(guessers[i].button("Continue"))
	}
	before := w.facts()
	looked, refused := 0, 0
	count := func(status int, wait time.Duration, text string) {
		switch {
		case status == http.StatusUnprocessableEntity && strings.Contains(text, "is not right"):
			looked++
		case status == http.StatusTooManyRequests && wait > 0:
			refused++
		default:
			t.Fatalf("%d: %s", status, text)
		}
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	for try := range 100 {
		wait.Go(func() {
			status, pause, text := guessers[try%50].answer(path, forms[try%50])
			mu.Lock()
			defer mu.Unlock()
			count(status, pause, text)
		})
	}
	wait.Wait()
	if looked != 5 {
		t.Errorf("of a hundred answers at once %d were looked at", looked)
	}
	for try := range 900 {
		w.wait(24 * time.Hour / 900)
		count(guessers[try%50].answer(path, forms[try%50]))
		if try == 450 {
			owner.firstStep(ann).sees("Account").press("Sign out")
		}
	}
	if looked > 100 || looked < 10 || looked+refused != 1000 {
		t.Errorf("%d answers were looked at, %d refused", looked, refused)
	}
	if w.facts() != before {
		t.Error("guessing changed something")
	}
	owner.firstStep(ann).sees("Account")
	fresh := w.browser().firstStep(ann)
	pause := fresh.retryAfter()
	if pause > time.Hour {
		t.Errorf("the owner waits %v", pause)
	}
	w.wait(pause)
	fresh.firstStep(ann).sees("Account")
}

// TestGuesser_SecondFactor: the same for a thief of the password who guesses
// the app's codes and the backup codes, both together (RL-01, RL-03, RL-06). That
// his password is right clears no count of codes.
func TestGuesser_SecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.browser().signUp(ann)
	key, _ := owner.addApp()
	owner.press("Sign out")
	thieves := make([]*browser, 50)
	for i := range thieves {
		thieves[i] = w.browser()
	}
	looked, refused := 0, 0
	for _, thief := range thieves {
		thief.firstStep(ann).sees("Verify your account")
		path, form := thief.form(thief.button("Verify"))
		for try := range 20 {
			form.Set("code", w.wrong(key))
			if try%2 == 1 {
				form.Set("code", "2222-2222-2222-2222")
			}
			status, _, text := thief.answer(path, form)
			switch {
			case status == http.StatusTooManyRequests:
				refused++
			case status == http.StatusUnprocessableEntity && (strings.Contains(text, "That code is not right") || strings.Contains(text, "not one of your unused")):
				looked++
			default:
				t.Fatalf("%d: %s", status, text)
			}
			w.wait(24 * time.Hour / 1000)
		}
	}
	if looked > 100 || looked < 20 || looked+refused != 1000 {
		t.Errorf("%d answers were looked at, %d refused", looked, refused)
	}
	owner.firstStep(ann).sees("Verify your account").fill("Code", w.app(key)).press("Verify").sees("Account")
	fresh := w.browser().firstStep(ann).sees("Verify your account")
	w.wait(30 * time.Second)
	pause := fresh.fill("Code", w.app(key)).press("Verify").retryAfter()
	if pause > time.Hour {
		t.Errorf("the owner waits %v", pause)
	}
	w.wait(pause)
	fresh.firstStep(ann).fill("Code", w.app(key)).press("Verify").sees("Account")
}

// TestStopped_Password: after a hundred wrong ones in a row the password is
// closed: number 101 is not looked at though it is right, after however long a
// wait, and a reset opens it again. An address that nobody bears is answered
// alike all the way (RL-01, RL-02, RL-03, RL-06, RL-07, FF-03). The program is
// started anew and the addresses change in the middle of it.
func TestStopped_Password(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.browser().signUp(ann)
	const nobody = "nob@example.org"
	b, n := w.browser(), w.browser()
	last := time.Duration(0)
	for try := 1; try <= 100; try++ {
		if try%10 == 0 {
			b, n = w.browser(), w.browser()
			w.restart()
		}
		b.try(ann, notPassword).refused(422).reads("is not right")
		n.try(nobody, notPassword).refused(422).reads("is not right")
		if try < 5 || try == 100 {
			continue
		}
		b.firstStep(ann) // right, but too early
		n.firstStep(nobody)
		pause := b.retryAfter()
		if n.retryAfter() != pause || pause < last || pause < 30*time.Second || pause > time.Hour {
			t.Fatalf("after %d: wait %v, before that %v, for nobody %v", try, pause, last, n.retryAfter())
		}
		if last > 0 && pause != min(2*last, time.Hour) {
			t.Errorf("after %d: wait %v after one of %v", try, pause, last)
		}
		last = pause
		w.wait(pause)
	}
	w.wait(48 * time.Hour)
	before := w.facts()
	b.firstStep(ann).refused(422).reads("closed")
	n.firstStep(nobody).refused(422).reads("closed")
	if a, z := strings.ReplaceAll(b.text(), ann, "…"), strings.ReplaceAll(n.text(), nobody, "…"); a != z {
		t.Errorf("a known address differs:\n%s\n%s", a, z)
	}
	if w.facts() != before {
		t.Error("something changed")
	}
	b.open("/forgot-password").fill("Email address", ann).press("Continue").sees("Check your email")
	b.fill("Code", w.code(ann)).press("Verify").fill("New password", newPassword).press("Set password").sees("Sign in")
	w.browser().try(ann, newPassword).sees("Account")
}

// TestStopped_App: the same for an app: the right code is not looked at, the
// right password and a right backup code do not open it, and another app put in
// its place does (RL-01).
func TestStopped_App(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.browser().signUp(ann)
	key, codes := owner.addApp()
	thief := w.browser()
	for range 100 {
		thief.firstStep(ann).sees("Verify your account").fill("Code", w.wrong(key)).press("Verify").refused(422).reads("That code is not right")
		w.wait(time.Hour)
	}
	fresh := w.browser()
	fresh.firstStep(ann).fill("Code", w.app(key)).press("Verify").refused(422).reads("closed")
	fresh.fill("Code", codes[0]).press("Verify").sees("Account")
	fresh.press("Sign out")
	w.browser().firstStep(ann).fill("Code", w.app(key)).press("Verify").refused(422).reads("closed")

	fresh.firstStep(ann).fill("Code", w.app(key)).press("Verify").sees("Account") // by now it is a known browser, with its own count
	fresh.open("/account/manage-mfa/add").press("Verify")
	fresh.press("Reset")
	another := keyText.FindString(fresh.text())
	fresh.press("Verify").fill(codeLabel, w.app(another)).press("Verify code").sees("Success!")
	w.wait(30 * time.Second)
	w.browser().firstStep(ann).fill("Code", w.app(another)).press("Verify").sees("Account")
}

// TestKnownBrowser: the marker of a browser that has signed in before stands in
// for no factor (FF-09), is worth nothing for another account or made up, and
// its own count is a brake too (RL-06).
func TestKnownBrowser(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, _ := b.addApp()
	b.press("Sign out")
	for range 2 {
		b.firstStep(ann).sees("Verify your account").open("/account").sees("Verify your account")
		w.wait(30 * time.Second)
		b.fill("Code", w.app(key)).press("Verify").sees("Account").press("Sign out")
	}
	eve := w.browser().signUp("eve@example.org")
	eve.press("Sign out")
	made := w.browser()
	made.jar.SetCookies(made.url, []*http.Cookie{{Name: "__Host-twostep-browser", Value: string(auth.NewToken()), Path: "/", Secure: true}})
	for range 5 {
		eve.try(ann, notPassword).refused(422)
	}
	eve.firstStep(ann).retryAfter()
	made.firstStep(ann).retryAfter()
	for range 5 {
		b.try(ann, notPassword).refused(422)
	}
	b.firstStep(ann).retryAfter()
}

// TestBrake_Address: from one network address ten failures a minute, at
// whatever accounts, then nothing more; and a right answer for an account of
// the attacker's own washes nothing off (RL-04).
func TestBrake_Address(t *testing.T) {
	w := newWorld(t)
	w.browser().signUp(ann)
	eve := w.browser().signUp("eve@example.org")
	for i := range 9 {
		w.browser().from(eve.address).try(fmt.Sprintf("somebody%d@example.org", i), notPassword).refused(422)
		w.browser().from(eve.address).firstStep("eve@example.org").sees("Account")
	}
	w.browser().from(eve.address).try("somebody@example.org", notPassword).refused(422)
	pause := w.browser().from(eve.address).firstStep(ann).retryAfter()
	if pause > time.Minute {
		t.Errorf("wait %v", pause)
	}
	w.browser().firstStep(ann).sees("Account") // others do not wait
	w.wait(pause)
	w.browser().from(eve.address).firstStep(ann).sees("Account")
}

// TestBrake_SignInPosts: thirty sign-in posts a minute from one network
// address, right or wrong (RL-04).
func TestBrake_SignInPosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	eve := w.browser().signUp(ann)
	for range 30 {
		w.browser().from(eve.address).firstStep(ann).sees("Account")
	}
	pause := w.browser().from(eve.address).firstStep(ann).retryAfter()
	w.browser().firstStep(ann).sees("Account")
	w.wait(pause)
	w.browser().from(eve.address).firstStep(ann).sees("Account")
}

// TestBrake_Prefix: an IPv6 /64 is one address, its neighbour another, and an
// IPv4 address is the same when it comes as IPv6 (RL-04).
func TestBrake_Prefix(t *testing.T) {
	for name, of := range map[string]struct {
		one   func(i int) string
		other string
	}{
		"IPv6":   {func(i int) string { return fmt.Sprintf("[2001:db8:0:1:%x::%x]:4711", i+1, i*i) }, "[2001:db8:0:2::1]:4711"},
		"mapped": {func(i int) string { return []string{"198.51.100.7:1", "[::ffff:198.51.100.7]:2"}[i%2] }, "[::ffff:198.51.100.8]:1"},
	} {
		w := newWorld(t)
		for i := range 10 {
			w.browser().from(of.one(i)).try(fmt.Sprintf("somebody%d@example.org", i), notPassword).refused(422)
		}
		w.browser().from(of.one(10)).try("somebody@example.org", notPassword).refused(429)
		w.browser().from(of.one(11)).try("somebody@example.org", notPassword).refused(429)
		w.browser().from(of.other).try("somebody@example.org", notPassword).refused(422)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// TestUnknownAddresses: ten thousand sign-ins with addresses that nobody bears
// leave some rows behind, which the clean-up takes away: the counts of a
// minute after a day, the failures in a row when they are forgotten (RL-03).
func TestUnknownAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.browser().signUp(ann)
	page := w.browser().open("/sign-in")
	path, form := page.form(page.button("Continue"))
	form.Set("password", notPassword)
	before := w.facts()
	own := w.count("SELECT count(*) FROM rate_limits")
	const posted, all = 200, 10_000
	for i := range posted {
		form.Set("email", fmt.Sprintf("nobody0-%d-@example.org", i))
		if status, _, text := page.from(fmt.Sprintf("10.0.%d.0:1", i)).answer(path, form); status != 422 {
			t.Fatalf("%d: %s", status, text)
		}
	}
	// The others are not posted but written as these were, to save their time.
	w.write(`
		WITH RECURSIVE lots(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM lots WHERE n < $1)
		INSERT INTO rate_limits (key, count, since, ready_at, account)
		SELECT replace(replace(key, '/10.0.', '/10.' || lots.n || '.'), 'nobody0-', 'nobody' || lots.n || '-'), rate_limits.count, since, ready_at, account
		FROM rate_limits, lots
		WHERE key LIKE '%nobody0-%' OR key LIKE '%/10.0.%'`, all/posted-1)
	rows := w.count("SELECT count(*) FROM rate_limits") - own
	if rows < all || rows > 3*all {
		t.Errorf("%d sign-ins left %d rows", all, rows)
	}
	sweep := func() int {
		if _, err := w.rules.RemoveExpired(t.Context()); err != nil {
			t.Fatal(err)
		}
		return w.count("SELECT count(*) FROM rate_limits")
	}
	w.wait(24*time.Hour + time.Second)
	if left := sweep(); left != all {
		t.Errorf("a day later %d rows are left", left)
	}
	w.wait(auth.FailureRetention)
	if left := sweep(); left != 0 {
		t.Errorf("%d rows stay for ever", left)
	}
	if w.facts() != before {
		t.Error("something changed")
	}
	w.browser().firstStep(ann).sees("Account")
}

// TestOwnerCanRecover: a stranger who asks for resets of somebody's password as
// often as he is let, and guesses at it, keeps the owner neither from signing in
// nor from a reset with the browser that is known (RL-06, RL-08).
func TestOwnerCanRecover(t *testing.T) {
	w := newWorld(t)
	owner := w.browser().signUp(ann)
	owner.press("Sign out")
	w.wait(time.Hour)
	sent := len(w.letters(ann))
	pause := time.Duration(0)
	for range 10 {
		stranger := w.browser().open("/forgot-password").fill("Email address", ann).press("Continue")
		if stranger.status == http.StatusTooManyRequests {
			pause = stranger.retryAfter()
			break
		}
		stranger.sees("Check your email")
		w.browser().try(ann, notPassword)
		w.wait(time.Minute)
	}
	if got := len(w.letters(ann)) - sent; got != 5 || pause == 0 {
		t.Errorf("%d letters, then a wait of %v", got, pause)
	}
	owner.firstStep(ann).sees("Account").press("Sign out")
	fresh := w.browser().open("/forgot-password").fill("Email address", ann).press("Continue")
	pause = fresh.retryAfter()
	owner.open("/forgot-password").fill("Email address", ann).press("Continue").sees("Check your email")
	owner.fill("Code", w.code(ann)).press("Verify").fill("New password", newPassword).press("Set password").sees("Sign in")
	w.wait(pause)
	fresh.open("/forgot-password").fill("Email address", ann).press("Continue").sees("Check your email")
	fresh.fill("Code", w.code(ann)).press("Verify").sees("Set a new password")
}
