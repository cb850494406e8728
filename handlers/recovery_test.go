package handlers_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// These are journeys of a user who has lost every second factor (OP-14).

const recoveryDelay = 72 * time.Hour

func withRecovery(p *auth.Policy) { p.RecoveryDelay = recoveryDelay }

var stopRecoveryLink = regexp.MustCompile(`/recovery/stop\?token=[\w%-]+`)

// recoverySite has an account with an app and a phone.
func recoverySite(t *testing.T) (site *testSite, key string) {
	t.Helper()
	site = newSite(t, withRecovery)
	b := site.browser().signUp(ann)
	key, _ = b.addTOTP()
	b.requestSMS(number).fill("Enter code", site.lastCode(number)).press("Verify").wantHeading("Phone added").press("Use for MFA")
	site.wait(2 * time.Hour)
	return site, key
}

// recover requests a recovery, after the password.
func (b *browser) recover() *browser {
	b.t.Helper()
	b.signIn(ann).wantHeading("Verify your account").follow("I have lost my phone and backup codes").wantHeading("Recover your account").wantText("3 days")
	b.press("Send a code").wantHeading("Check your email").wantText(ann)
	return b.fill("Code", b.site.lastCode(ann)).press("Verify").wantHeading("Recovery requested").wantText("4 March 2027, 11:00 UTC")
}

// advance sets the clock and does what is due.
func (site *testSite) advance(d time.Duration) {
	site.t.Helper()
	site.wait(d)
	if _, _, err := site.rules.AdvanceRecoveries(site.t.(*testing.T).Context()); err != nil {
		site.t.Fatal(err)
	}
}

// lastStopLink is the link in the last message to a recipient.
func (site *testSite) lastStopLink(to string) string {
	site.t.Helper()
	body := lastBody(site.messages(to))
	link := stopRecoveryLink.FindString(body)
	if link == "" {
		site.t.Fatalf("no link in %q", body)
	}
	return link
}

// TestRecovery: from the request to the new factor, with a reload and the Back button.
func TestRecovery(t *testing.T) {
	site, key := recoverySite(t)
	old := site.browser()
	old.signIn(ann).fill("Code", site.totpCode(key)).press("Verify").wantHeading("Account")
	b := site.browser().recover()
	b.open("/recovery").wantHeading("Recovery requested")
	site.exec(`ALTER TABLE attempts RENAME TO lost`)
	b.fetch("GET", "/recovery", nil).wantStatus(500)
	site.exec(`ALTER TABLE lost RENAME TO attempts`)
	b.open("/sign-in").wantHeading("Sign in")
	site.advance(recoveryDelay / 2)
	site.advance(recoveryDelay / 2)
	old.open("/account").wantHeading("Sign in")

	b.open("/sign-in?next=%2Faccount%2Factivity").enterCredentials(ann, password).wantHeading("Check your email").wantText("Two-step verification was removed")
	b.open("/account").wantHeading("Check your email").wantText("You must be signed in") // the password is not enough
	b.open("/sign-in").wantHeading("Check your email").fill("Code", "271828").press("Verify").wantError(422).wantHeading("Check your email")
	b.open("/recovery").wantHeading("Check your email")
	site.wait(31 * time.Second)
	b.press("Send a new code").wantText("We sent a new code")
	b.fill("Code", site.lastCode(ann)).press("Verify").wantHeading("Set up two-step verification")
	for _, path := range []string{"/account", "/account/email", "/account/password", "/account/sessions", "/account/delete"} {
		b.open(path).wantHeading("Set up two-step verification")
	}
	b.follow("Authenticator application").wantHeading("Add TOTP MFA")
	b.addTOTP()
	b.open("/account/activity").wantHeading("Activity").wantText("Recovery completed").wantText("Recovery requested")
	b.press("Sign out")
	b.signIn(ann).wantHeading("Verify your account")
}

// TestRecovery_Stop: only the form of the page stops it, without signing in, and a link of
// any message leads there.
func TestRecovery_Stop(t *testing.T) {
	site, _ := recoverySite(t)
	site.browser().recover()
	link := site.lastStopLink(number)
	if mailed := site.lastStopLink(ann); mailed != link {
		t.Errorf("the mail has %s, the SMS %s", mailed, link)
	}
	pending := func(want int) {
		t.Helper()
		if n := site.queryInt(`SELECT count(*) FROM recoveries WHERE ended_at IS NULL`); n != want {
			t.Fatalf("%d recoveries are pending, want %d", n, want)
		}
	}
	for range 3 { // a mail program looks at it
		site.browser().open(link).wantHeading("Stop the recovery").wantText("4 March 2027, 11:00 UTC")
	}
	other := site.browser().open(link)
	other.request("HEAD", link, nil, nil)
	forged := other.formToken()
	if status, _, _ := other.post(link, map[string][]string{"token": {forged}, "action": {"other"}}); status != 422 {
		t.Errorf("another action: %d", status)
	}
	pending(1)
	site.browser().open(strings.Replace(link, "token=", "token=x", 1)).wantStatus(404).wantHeading("Stop the recovery").wantText("nothing to stop")
	site.browser().open(link).press("Stop the recovery").wantHeading("Sign in").wantText("Recovery stopped")
	pending(0)
	other.press("Stop the recovery").wantStatus(422).wantText("nothing to stop")
	site.browser().open(link).wantStatus(404)
	site.advance(recoveryDelay)
	site.browser().signIn(ann).wantHeading("Verify your account")
}

// TestRecovery_Block: after the end the link blocks the account.
func TestRecovery_Block(t *testing.T) {
	site, _ := recoverySite(t)
	site.browser().recover()
	site.advance(recoveryDelay / 2)
	site.advance(recoveryDelay / 2)
	b := site.browser()
	b.signIn(ann).fill("Code", site.lastCode(ann)).press("Verify").wantHeading("Set up two-step verification")
	var link string
	for _, m := range site.messages(number) {
		link = stopRecoveryLink.FindString(m.body)
	}
	site.browser().open(link).wantHeading("Stop the recovery").press("Block the account").wantHeading("Sign in").wantText("The account is blocked")
	b.open("/account").wantHeading("Sign in")
	b.signIn(ann).wantStatus(422).wantHeading("Sign in")
}

// TestRecovery_FormsOutOfOrder: no form begins or ends a recovery that does not belong to
// the attempt.
func TestRecovery_FormsOutOfOrder(t *testing.T) {
	site, key := recoverySite(t)
	none := func() {
		t.Helper()
		if n := site.queryInt(`SELECT count(*) FROM recoveries`); n != 0 {
			t.Fatalf("%d recoveries", n)
		}
	}
	b := site.browser().open("/recovery").wantHeading("Sign in")
	if b.url.RequestURI() != "/sign-in" {
		t.Errorf("/recovery leads to %s", b.url)
	}
	token := b.formToken()
	for _, action := range []string{"request", "verify", "resend", "start_over", "use:totp"} {
		b.post("/recovery", map[string][]string{"token": {token}, "action": {action}, "code": {site.totpCode(key)}})
		none()
	}
	b = site.browser()
	b.signIn(ann).follow("I have lost my phone and backup codes")
	stale := b.clone()
	b.press("Send a code")
	code := site.lastCode(ann)
	b.fill("Code", site.totpCode(key)).press("Verify").wantError(422).wantHeading("Check your email")
	stale.press("Send a code").wantHeading("Check your email") // the form was posted twice
	b.fill("Code", code)
	copied := b.clone()
	b.press("Start over").wantHeading("Sign in")
	copied.press("Verify").wantStatus(200).wantHeading("Sign in")
	none()

	b.signUp(bob).open("/recovery").wantHeading("Account")
	site.restart() // without recovery
	site.wait(time.Minute)
	c := site.browser()
	if c.signIn(ann).wantHeading("Verify your account").has("I have lost my phone and backup codes") {
		t.Error("the link is shown while there is no recovery")
	}
	c.open("/recovery").wantStatus(404)
}

// TestRecovery_BySupport: support starts one on the page of the account, an admin refuses it,
// and no page shows more than it should.
func TestRecovery_BySupport(t *testing.T) {
	site, _ := recoverySite(t)
	b, _ := site.administrator(bob, auth.RoleSupport)
	person := "/admin/people/" + string(site.accountID(ann))
	b.open(person).follow("Reset MFA").wantText("After a delay").fill("Reason", "Lost the phone").press("Reset MFA").wantHeading(ann).wantText("Recovery").wantText("due 4 March 2027")
	if b.has("Reset MFA") || b.has("Refuse") {
		t.Error("support can start another one, or refuse it")
	}
	link := site.lastStopLink(number)
	if body := lastBody(site.messages(ann)); !strings.Contains(body, "The site administrator started the recovery") || strings.Contains(body, bob) {
		t.Errorf("the mail is %q", body)
	}
	site.wait(time.Minute)
	admin, _ := site.administrator(carol, auth.RoleAdmin)
	admin.open(person).follow("Refuse").fill("Reason", "It was not Ann").press("Refuse").wantHeading(ann).wantNoText("due 4 March 2027")
	site.browser().open(link).wantStatus(404)
	if body := lastBody(site.messages(ann)); !strings.Contains(body, "The site administrator stopped the recovery") {
		t.Errorf("the mail is %q", body)
	}
}
