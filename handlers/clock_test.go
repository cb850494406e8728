package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// A jumped world is one whose clock went wrong by so much, with people who
// were in the middle of something.
type jumped struct {
	*world
	by    time.Duration
	key   string   // of ann's app
	spent string   // the code of it that she used last
	codes []string // her backup codes

	in    *browser // she is signed in
	half  *browser // her password is proved, her second factor not
	up    *browser // bob waits to prove his address
	code  string   // that was sent to him
	reset *browser // eve may set a new password
	guess *browser // dan's password was guessed at until there was a wait

	evesPassword string // by now
}

// jump brings everybody so far, and then moves the clock.
func jump(t *testing.T, by time.Duration) *jumped {
	w := newWorld(t)
	j := &jumped{world: w, by: by, in: w.browser().signUp(ann), evesPassword: password}
	j.key, j.codes = j.in.addApp()
	w.browser().signUp("dan@example.org")
	w.browser().signUp("eve@example.org")
	w.wait(time.Minute)

	j.reset = w.browser().open("/forgot-password").fill("Email address", "eve@example.org").press("Continue")
	j.reset.fill("Code", w.code("eve@example.org")).press("Verify").sees("Set a new password")
	j.up = w.browser().open("/sign-up").fill("Email address", "bob@example.org").fill("Password", password).press("Continue").sees("Verify your email")
	j.code = w.code("bob@example.org")
	j.guess = w.browser()
	for range 5 {
		j.guess.try("dan@example.org", notPassword).refused(422)
	}
	j.half = w.browser().firstStep(ann).sees("Verify your account")
	j.spent = w.app(j.key)
	j.in.press("Sign out").firstStep(ann).fill("Code", j.spent).press("Verify").sees("Account")
	w.wait(by)
	return j
}

// right puts the clock right, so much later.
func (j *jumped) right(later time.Duration) { j.wait(later - j.by) }

// phone is what ann's app shows. Its clock is not the server's.
func (j *jumped) phone() string {
	j.t.Helper()
	code, err := appCode(j.key, j.clock().Add(-j.by))
	if err != nil {
		j.t.Fatal(err)
	}
	return code
}

// TestClock: whichever way the clock jumps, no code works twice, none outlives
// its time, a session ends rather than last, guesses that were counted stay
// counted, and waits do not grow. When the clock is right again so is all the
// rest, and what a wrong clock has begun is over (TO-05, SM-04, SE-05, SE-06,
// RL-01, RL-02, RL-06).
func TestClock(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, by := range []time.Duration{year, time.Hour + time.Minute, 35 * time.Second, -35 * time.Second, -time.Hour, -year} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			t.Parallel()
			j := jump(t, by)
			small := by.Abs() < auth.ClockSkew
			j.opens(small)
			j.guesses()
			wrong := j.work()
			j.everyPage(j.in, wrong)

			j.right(10 * time.Second)
			j.by = 0
			if in := wrong.open("/account"); (in.body != "" && clean(in.page.Find("h1").Text()) == "Account") != small {
				t.Errorf("a session that a wrong clock began: %s", in.text())
			}
			j.everyPage(j.in, wrong)
			j.wait(time.Hour)
			j.allIsWell()
			if strings.Contains(j.log.String(), "level=ERROR") {
				t.Errorf("the log has faults: %s", j.log)
			}
		})
	}
}

// opens checks what was under way before the jump: it goes on where the clocks
// differ as clocks do, and is over else.
func (j *jumped) opens(small bool) {
	j.t.Helper()
	j.half.fill("Code", j.spent).press("Verify")
	j.in.open("/account")
	j.up.fill("Code", j.code).press("Verify")
	j.reset.fill("New password", newPassword).press("Set password")
	if small {
		j.evesPassword = newPassword
	}
	for name, row := range map[string]struct {
		b     *browser
		stays string
		over  string
	}{
		"a spent code":        {j.half, "Verify your account", "Sign in"},
		"a session":           {j.in, "Account", "Sign in"},
		"a code by mail":      {j.up, "Account", "Sign up"},
		"a right to be reset": {j.reset, "Sign in", "Reset your password"},
	} {
		want := row.over
		if small {
			want = row.stays
		}
		if got := clean(row.b.page.Find("h1").Text()); got != want {
			j.t.Errorf("%s leads to %q (%d), not %q", name, got, row.b.status, want)
		}
	}
	if again := j.up.clone().open("/sign-up"); small && again.has("Verify") {
		j.t.Error("a code by mail could be used twice")
	}
}

// guesses checks that whoever had guessed at dan's password has no tries more
// than by a clock that is right, and that the wait has not grown.
func (j *jumped) guesses() {
	j.t.Helper()
	if j.by < 30*time.Second { // else his wait is over
		j.guess.try("dan@example.org", notPassword)
		if pause := j.guess.retryAfter(); pause > time.Minute {
			j.t.Errorf("the wait grew to %v", pause)
		}
		j.wait(j.guess.retryAfter())
	}
	j.guess.try("dan@example.org", notPassword).refused(422)
	j.guess.try("dan@example.org", notPassword)
	if pause := j.guess.retryAfter(); pause < 30*time.Second || pause > time.Minute {
		j.t.Errorf("then it is %v", pause)
	}
}

// work does by a wrong clock what people do, and returns ann's new session.
func (j *jumped) work() *browser {
	j.t.Helper()
	b := j.browser().firstStep(ann).sees("Verify your account")
	b.fill("Code", j.codes[0]).press("Verify").sees("Account")
	b.clone().press("Sign out")
	b.firstStep(ann).fill("Code", j.codes[0]).press("Verify").refused(422)
	b.fill("Code", j.codes[1]).press("Verify").sees("Account")
	strange := j.browser()
	for range 5 { // that the next clock reads as of another year
		strange.try("eve@example.org", notPassword).refused(422)
	}
	return b
}

// everyPage checks that none falls over what it cannot date.
func (j *jumped) everyPage(browsers ...*browser) {
	j.t.Helper()
	for _, b := range append(browsers, j.half, j.up, j.reset, j.guess) {
		for _, path := range []string{
			"/sign-in", "/sign-up", "/forgot-password", "/account", "/account/idle", "/account/sessions", "/account/activity",
			"/account/manage-mfa", "/account/manage-mfa/add", "/account/verify",
		} {
			if got := b.alone(http.MethodGet, path, nil); got.status >= 500 {
				j.t.Errorf("%s: %d", path, got.status)
			}
		}
	}
}

// allIsWell checks that nobody is kept out by what a wrong clock has left.
func (j *jumped) allIsWell() {
	j.t.Helper()
	j.browser().firstStep(ann).fill("Code", j.phone()).press("Verify").sees("Account")
	for email, with := range map[string]string{"dan@example.org": password, "eve@example.org": j.evesPassword} {
		b := j.browser().try(email, with)
		if b.status == http.StatusTooManyRequests { // the wait begins when somebody first comes
			pause := b.retryAfter()
			if pause > time.Minute {
				j.t.Errorf("%s waits %v", email, pause)
			}
			j.wait(pause)
			b.try(email, with)
		}
		b.sees("Account")
	}
	if j.browser().try("bob@example.org", password).status == 422 {
		j.browser().signUp("bob@example.org")
	}
}

// TestClock_Messages: a code that was queued before the clock was set back goes
// out when that is right again, unless it has expired; none goes out after that.
func TestClock_Messages(t *testing.T) {
	w := newWorld(t)
	ask := func(email string) {
		w.browser().open("/sign-up").fill("Email address", email).fill("Password", password).press("Continue").sees("Verify your email")
	}
	w.refuses = func(auth.Message) bool { return false } // that a code waits is no failure of this test
	w.down = true
	ask("bob@example.org")
	w.wait(-time.Hour)
	w.down = false
	w.deliver()
	w.wait(time.Hour + auth.MessageRetryMin)
	if got := len(w.letters("bob@example.org")); got != 1 {
		t.Errorf("%d letters came", got)
	}
	w.down = true
	ask("eve@example.org")
	w.down = false
	w.wait(365 * 24 * time.Hour)
	w.deliver()
	w.wait(-365 * 24 * time.Hour)
	if got := len(w.letters("eve@example.org")); got != 0 {
		t.Errorf("%d letters came after the code had expired", got)
	}
}

// TestClock_MessagesAhead: what was put off while the clock was ahead goes out
// when it is right again; a code of that time, which works no more, does not,
// and is not kept for that year.
func TestClock_MessagesAhead(t *testing.T) {
	const year = 365 * 24 * time.Hour
	w := newWorld(t)
	b := w.browser().signUp(ann)
	w.wait(year)
	w.down = true
	b.open("/sign-in").firstStep(ann).sees("Account")
	b.open("/account/password").fill("Current password", password).fill("New password", newPassword).press("Change password")
	w.browser().open("/sign-up").fill("Email address", "bob@example.org").fill("Password", password).press("Continue").sees("Verify your email")
	w.deliver()

	w.wait(10*time.Second - year)
	w.down = false
	w.refuses = func(auth.Message) bool { return false } // that a code waits is no failure of this test
	if told := w.letters(ann); !strings.Contains(told[len(told)-1].subject, "assword") {
		t.Errorf("the owner was not told of the password: the last letter is %q", told[len(told)-1].subject)
	}
	waiting := func() int {
		waiting, _, _, err := w.store.CountMessages(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return waiting
	}
	if waiting() != 1 {
		t.Errorf("%d messages wait, not the code", waiting())
	}
	for range 20 {
		w.wait(time.Minute)
		w.deliver()
	}
	if got := w.letters("bob@example.org"); len(got) > 0 || waiting() > 0 {
		t.Errorf("of codes that are over %d were sent and %d wait", len(got), waiting())
	}
}
