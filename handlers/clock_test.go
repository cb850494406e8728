package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// A clockJump is a site whose clock jumps while users are in the middle of something.
type clockJump struct {
	*testSite
	by time.Duration

	signedIn     *browser // as ann
	halfSignedIn *browser // as ann, without the second factor
	key          string   // ann's TOTP key
	spentCode    string   // ann's last TOTP code
	backupCodes  []string // ann's
	signingUp    *browser // as bob, before the code
	emailCode    string   // sent to bob
	resetting    *browser // eve's password, after the code
	evePassword  string   // the current one
	guesser      *browser // of dan's password, rate-limited
}

func newClockJump(t *testing.T, by time.Duration) *clockJump {
	site := newSite(t)
	j := &clockJump{testSite: site, by: by, signedIn: site.browser().signUp(ann), evePassword: password}
	j.key, j.backupCodes = j.signedIn.addTOTP()
	site.browser().signUp("dan@example.org")
	site.browser().signUp("eve@example.org")
	site.wait(time.Minute)

	j.resetting = site.browser().startReset("eve@example.org")
	j.resetting.enterCode(site.lastCode("eve@example.org")).wantHeading("Set a new password")
	j.signingUp = site.browser().startSignUp("bob@example.org", password).wantHeading("Verify your email")
	j.emailCode = site.lastCode("bob@example.org")
	j.guesser = site.browser()
	for range 5 {
		j.guesser.signInWith("dan@example.org", wrongPassword).wantError(422)
	}
	j.halfSignedIn = site.browser().signIn(ann).wantHeading("Verify your account")
	j.spentCode = site.totpCode(j.key)
	j.signedIn.press("Sign out").signIn(ann).enterCode(j.spentCode).wantHeading("Account")
	site.wait(by)
	return j
}

// correctClock sets the clock to the correct time, plus later.
func (j *clockJump) correctClock(later time.Duration) { j.wait(later - j.by) }

// deviceCode returns what ann's app shows. Its clock has not jumped.
func (j *clockJump) deviceCode() string {
	j.t.Helper()
	code, err := totpCodeAt(j.key, j.clock().Add(-j.by))
	if err != nil {
		j.t.Fatal(err)
	}
	return code
}

// Whether the clock jumps forward or back, no code works twice or after its expiry, no
// session lasts longer, failures stay counted and waits do not grow. When the clock is
// correct again, everything works, and sessions started meanwhile have ended (TO-05,
// SM-04, SE-05, SE-06, RL-01, RL-02, RL-06).
func TestClock(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, by := range []time.Duration{year, time.Hour + time.Minute, 35 * time.Second, -35 * time.Second, -time.Hour, -year} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			t.Parallel()
			j := newClockJump(t, by)
			small := by.Abs() < auth.ClockSkew
			j.checkPending(small)
			j.checkFailureCount()
			started := j.useAccount()
			j.checkNoFaults(j.signedIn, started)

			j.correctClock(10 * time.Second)
			j.by = 0
			if in := started.open("/account"); (in.body != "" && in.page.Heading() == "Account") != small {
				t.Errorf("session started before the clock was corrected: %s", in.text())
			}
			j.checkNoFaults(j.signedIn, started)
			j.wait(time.Hour)
			j.checkRecovered()
			if strings.Contains(j.log.String(), "level=ERROR") {
				t.Errorf("logged errors: %s", j.log)
			}
		})
	}
}

// checkPending checks that what was pending before the jump continues if the jump is
// within the permitted clock skew, and has ended otherwise.
func (j *clockJump) checkPending(small bool) {
	j.t.Helper()
	j.halfSignedIn.enterCode(j.spentCode)
	j.signedIn.open("/account")
	j.signingUp.enterCode(j.emailCode)
	j.resetting.setPassword(newPassword)
	if small {
		j.evePassword = newPassword
	}
	for name, row := range map[string]struct {
		b         *browser
		continued string
		ended     string
	}{
		"used code":  {j.halfSignedIn, "Verify your account", "Sign in"},
		"session":    {j.signedIn, "Account", "Sign in"},
		"email code": {j.signingUp, "Account", "Sign up"},
		"reset":      {j.resetting, "Sign in", "Reset your password"},
	} {
		want := row.ended
		if small {
			want = row.continued
		}
		if got := row.b.page.Heading(); got != want {
			j.t.Errorf("%s: heading %q (%d), want %q", name, got, row.b.status, want)
		}
	}
	if again := j.signingUp.clone().open("/sign-up"); small && again.has("Verify") {
		j.t.Error("the email code can be used twice")
	}
}

// checkFailureCount checks that the jump gives an attacker who guessed dan's password no
// more attempts, and that the wait has not grown.
func (j *clockJump) checkFailureCount() {
	j.t.Helper()
	if j.by < 30*time.Second { // otherwise the wait has ended
		j.guesser.signInWith("dan@example.org", wrongPassword)
		if pause := j.guesser.retryAfter(); pause > time.Minute {
			j.t.Errorf("Retry-After %v, want at most a minute", pause)
		}
		j.wait(j.guesser.retryAfter())
	}
	j.guesser.signInWith("dan@example.org", wrongPassword).wantError(422)
	j.guesser.signInWith("dan@example.org", wrongPassword)
	if pause := j.guesser.retryAfter(); pause < 30*time.Second || pause > time.Minute {
		j.t.Errorf("next Retry-After %v, want 30 seconds to a minute", pause)
	}
}

// useAccount uses the site while the clock is wrong, and returns ann's new session.
func (j *clockJump) useAccount() *browser {
	j.t.Helper()
	b := j.browser().signIn(ann).wantHeading("Verify your account")
	b.enterCode(j.backupCodes[0]).wantHeading("Account")
	b.clone().press("Sign out")
	b.signIn(ann).enterCode(j.backupCodes[0]).wantError(422)
	b.enterCode(j.backupCodes[1]).wantHeading("Account")
	other := j.browser()
	for range 5 { // dated by the wrong clock
		other.signInWith("eve@example.org", wrongPassword).wantError(422)
	}
	return b
}

// checkNoFaults checks that no page fails over times it does not expect.
func (j *clockJump) checkNoFaults(browsers ...*browser) {
	j.t.Helper()
	for _, b := range append(browsers, j.halfSignedIn, j.signingUp, j.resetting, j.guesser) {
		for _, path := range []string{
			"/sign-in", "/sign-up", "/forgot-password", "/account", "/account/idle", "/account/sessions", "/account/activity",
			"/account/manage-mfa", "/account/manage-mfa/add", "/account/verify",
		} {
			if got := b.fetch(http.MethodGet, path, nil); got.status >= 500 {
				j.t.Errorf("%s: %d", path, got.status)
			}
		}
	}
}

// checkRecovered checks that the wrong clock keeps no user from signing in.
func (j *clockJump) checkRecovered() {
	j.t.Helper()
	j.browser().signIn(ann).enterCode(j.deviceCode()).wantHeading("Account")
	for email, with := range map[string]string{"dan@example.org": password, "eve@example.org": j.evePassword} {
		b := j.browser().signInWith(email, with)
		if b.status == http.StatusTooManyRequests { // the wait starts with the first attempt
			pause := b.retryAfter()
			if pause > time.Minute {
				j.t.Errorf("%s: Retry-After %v, want at most a minute", email, pause)
			}
			j.wait(pause)
			b.signInWith(email, with)
		}
		b.wantHeading("Account")
	}
	if j.browser().signInWith("bob@example.org", password).status == 422 {
		j.browser().signUp("bob@example.org")
	}
}

// A code that was queued before the clock was set back is sent once the clock is
// correct again, but not after it has expired.
func TestClock_Messages(t *testing.T) {
	site := newSite(t)
	startSignUp := func(email string) {
		site.browser().startSignUp(email, password).wantHeading("Verify your email")
	}
	site.rejects = func(auth.Message) bool { return false } // lets deliveries fail
	site.courierDown = true
	startSignUp("bob@example.org")
	site.wait(-time.Hour)
	site.courierDown = false
	site.deliver()
	site.wait(time.Hour + auth.MessageRetryMin)
	if got := len(site.messages("bob@example.org")); got != 1 {
		t.Errorf("%d messages sent, want 1", got)
	}
	site.courierDown = true
	startSignUp("eve@example.org")
	site.courierDown = false
	site.wait(365 * 24 * time.Hour)
	site.deliver()
	site.wait(-365 * 24 * time.Hour)
	if got := len(site.messages("eve@example.org")); got != 0 {
		t.Errorf("%d expired codes sent", got)
	}
}

// Messages deferred while the clock was ahead are sent once it is correct again. Codes
// from that time are no longer valid: they are neither sent nor kept.
func TestClock_MessagesAhead(t *testing.T) {
	const year = 365 * 24 * time.Hour
	site := newSite(t)
	b := site.browser().signUp(ann)
	site.wait(year)
	site.courierDown = true
	b.open("/sign-in").signIn(ann).wantHeading("Account")
	b.changePassword(password, newPassword)
	site.browser().startSignUp("bob@example.org", password).wantHeading("Verify your email")
	site.deliver()

	site.wait(10*time.Second - year)
	site.courierDown = false
	site.rejects = func(auth.Message) bool { return false } // lets deliveries fail
	if sent := site.messages(ann); !strings.Contains(sent[len(sent)-1].subject, "assword") {
		t.Errorf("no notice of the password change: the last message is %q", sent[len(sent)-1].subject)
	}
	waiting := func() int {
		waiting, _, _, err := site.store.CountMessages(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return waiting
	}
	if waiting() != 1 {
		t.Errorf("%d messages queued, want the code", waiting())
	}
	for range 20 {
		site.wait(time.Minute)
		site.deliver()
	}
	if got := site.messages("bob@example.org"); len(got) > 0 || waiting() > 0 {
		t.Errorf("expired codes: %d sent, %d queued", len(got), waiting())
	}
}
