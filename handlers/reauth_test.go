package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// After the timeout, re-authentication is required. It applies to this session only and
// replaces its token. A code that was used before is invalid here too. The redirect back
// submits nothing, and leads only to the account (RV-01, RV-03, RV-05, RV-07, SE-02,
// TO-05, FF-10).
func TestReauth(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, codes := b.addTOTP()
	other := site.browser().signIn(ann)
	other.enterCode(site.totpCode(key)).wantHeading("Account")
	site.wait(10*time.Minute + time.Second)

	b.open("/account/manage-mfa/remove-totp").wantHeading("Verification required")
	if b.url.RequestURI() != "/account/verify?next=%2Faccount%2Fmanage-mfa%2Fremove-totp" {
		t.Errorf("redirected to %s", b.url)
	}
	b.clone().follow("Cancel").wantHeading("Account")
	b.enterCode("").wantError(422).wantHeading("Verification required")
	b.enterCode("000000").wantError(422)
	old, before := b.clone(), site.accountData()
	b.enterCode(site.totpCode(key)).wantHeading("Remove two-step verification")
	if before[:strings.Index(before, "totp")] != site.accountData()[:strings.Index(site.accountData(), "totp")] {
		t.Error("re-authentication changed account data")
	}
	old.open("/account").wantHeading("Sign in") // the old token is invalid
	other.open("/account/email").wantHeading("Verification required")
	other.enterCode(site.totpCode(key)).wantError(422).wantText("already used") // at the other session
	other.enterCode(codes[0]).wantHeading("Email address")

	b.open("/account/verify?next=//evil.example").wantHeading("Account") // nothing to do
	site.wait(11 * time.Minute)
	for _, next := range []string{"https://evil.example", "//evil.example/account/activity", "https:/account/activity", "/sign-out", ""} {
		b.open("/account/verify?next=" + next).reauthenticate(key)
		if b.url.String() != site.origin+"/account" {
			t.Errorf("next=%s redirects to %s", next, b.url)
		}
		site.wait(11 * time.Minute)
	}
}

// Any method of the account can be used, and no code is sent before it is requested.
func TestReauth_Methods(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	b.addPhone(number).press("Use for MFA").wantHeading("User MFA Settings")
	site.wait(time.Hour / 2)
	sent := len(site.messages(number))
	b.open("/account/password").wantHeading("Verification required").press("Send a code to •••• 2671").wantHeading("Verification required")
	if len(site.messages(number)) != sent+1 {
		t.Error("no code was sent")
	}
	b.press("Use your authentication app").reauthenticate(key).wantHeading("Password")
	site.wait(time.Hour / 2)
	b.open("/account/password").press("Send a code to •••• 2671").enterCode(site.lastCode(number)).wantHeading("Password")
}

// Without a second factor, the password is required.
func TestReauth_Password(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	site.wait(11 * time.Minute)
	b.open("/account/manage-mfa").wantHeading("User MFA Settings") // the list itself requires none
	b.follow("Add").wantHeading("Verification required")
	b.fill("Password", "").press("Continue").wantError(422)
	b.fill("Password", "not the password").press("Continue").wantError(422).wantHeading("Verification required")
	b.fill("Password", password).press("Continue").wantHeading("Add TOTP MFA")
}

// With strict_mfa both factors are required, so that the password is not enough (RV-01);
// moderate and lax have longer timeouts (RV-03).
func TestReauth_Presets(t *testing.T) {
	for preset, after := range map[string]time.Duration{"strict_mfa": 10 * time.Minute, "strict": 10 * time.Minute, "moderate": time.Hour, "lax": 24 * time.Hour} {
		site := newSite(t, func(p *auth.Policy) { p.Reauth = auth.ReauthPresets[preset] })
		b := site.browser().signUp(ann)
		key, _ := b.addTOTP()
		site.wait(30 * time.Second)
		b.press("Sign out").signIn(ann).enterCode(site.totpCode(key)).wantHeading("Account")
		for left := after; left > 0; left -= 30 * time.Minute {
			b.open("/account")
			site.wait(min(left, 30*time.Minute))
		}
		b.open("/account/manage-mfa/remove-totp").wantHeading("Remove two-step verification")
		site.wait(time.Second)
		if preset == "lax" { // the session also ends after a day
			b.open("/account/manage-mfa/remove-totp").wantHeading("Sign in")
			continue
		}
		b.open("/account/manage-mfa/remove-totp").wantHeading("Verification required")
		if preset == "strict_mfa" {
			if b.has("Verify") {
				t.Error("strict_mfa starts with the second factor")
			}
			b.fill("Password", password).press("Continue").wantHeading("Verification required")
		}
		b.reauthenticate(key).wantHeading("Remove two-step verification")
	}
}

// A form posted before re-authentication is filled in again afterwards, but not
// submitted (RV-07).
func TestReauth_KeepsInput(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.open("/account/add-phone")
	site.wait(11 * time.Minute)
	b.fill("Enter phone number", "(415) 555-2671").press("Continue").wantHeading("Verification required")
	b.fill("Password", password).press("Continue").wantHeading("Add phone")
	if got := b.field("Enter phone number").AttrOr("value", ""); got != "(415) 555-2671" {
		t.Errorf("number %q", got)
	}
	if len(site.messages(number)) != 0 {
		t.Error("the redirect submitted the form")
	}
	b.press("Continue").wantHeading("Verify phone")
}

// Re-authentication and sign-in share the failure count (RV-05, RL-03).
func TestReauth_SharesFailureCount(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	site.wait(11 * time.Minute)
	halfSignedIn := site.browser().signIn(ann) // also a known device: both share a count
	halfSignedIn.enterCode(site.totpCode(key)).wantHeading("Account").press("Sign out")
	halfSignedIn.signIn(ann)
	site.wait(30 * time.Second)
	for range 3 {
		halfSignedIn.enterCode("000000").wantError(422)
	}
	b.open("/account/email").wantHeading("Verification required")
	for range 2 {
		b.enterCode("000000").wantError(422)
	}
	b.enterCode(site.totpCode(key)).wantError(429)
	halfSignedIn.enterCode(site.totpCode(key)).wantError(429)
	site.wait(31 * time.Second)
	b.enterCode(site.totpCode(key)).wantHeading("Email address")
}

// A completed attempt re-authenticates no other session.
func TestReauth_OtherSession(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	site.wait(11 * time.Minute)
	b.open("/account/email").wantHeading("Verification required")
	path, form := b.form(b.button("Continue"))
	form.Set("password", password)
	fresh := b.clone()
	b.load(http.MethodPost, path, form).wantHeading("Email address")
	site.wait(time.Minute)
	if response := fresh.request(http.MethodPost, path, form, nil); response.Header.Get("Location") == "/account/email" {
		t.Error("a completed re-authentication was accepted again")
	}
}

// A re-authentication ends with its session. After the session has expired, no code on
// any page revives it (SE-05, SE-06, FF-01).
func TestReauth_ExpiredSession(t *testing.T) {
	site := newSite(t, func(p *auth.Policy) { p.SessionIdle = 5 * time.Minute })
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	for range 4 {
		site.wait(4 * time.Minute)
		b.open("/account")
	}
	b.open("/account/password").wantHeading("Verification required")
	site.wait(6 * time.Minute)
	for _, path := range []string{"/sign-in", "/sign-up", "/forgot-password"} {
		b.open(path)
		b.load(http.MethodPost, path, url.Values{"token": {b.formToken()}, "action": {"verify"}, "code": {site.totpCode(key)}}).wantError(422)
	}
	b.open("/account").wantHeading("Sign in")
}

// A session begins one re-authentication however often its page is loaded, also without keeping
// the cookie, and a new one once the old one has expired.
func TestReauth_OneAttempt(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	attempts := func() int { return site.queryInt("SELECT count(*) FROM attempts") }
	site.wait(11 * time.Minute)
	before := attempts()
	for range 20 {
		b.clone().open("/account/verify").wantHeading("Verification required")
	}
	if n := attempts() - before; n != 1 {
		t.Errorf("%d attempts, want 1", n)
	}
	for range 3 {
		b.clone().open("/account/verify?next=/account/email").fill("Password", wrongPassword).press("Continue").wantError(422)
		site.wait(20 * time.Minute)
	}
	b.open("/account/email").reauthenticate("").wantHeading("Email address")
}

// The verification page asks for what the attempt demands, whatever its URL says, although
// the policy is met; then it returns to the attempt's page, once.
func TestReauth_Demand(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	b.press("Sign out").signIn(ann).enterCode(site.totpCode(key)).wantHeading("Account")
	b.open("/account/verify?next=/account/activity").wantHeading("Activity") // the policy is met

	site.wait(time.Second)
	demand := func() auth.Demand { return auth.Demand{AllFactors: true, NotBefore: site.clock()} }
	_, err := site.rules.StartReauth(t.Context(), site.session(ann), demand(), "/account/activity")
	if err != nil {
		t.Fatal(err)
	}
	b.open("/account/sessions").wantHeading("Active devices") // the demand is not of this page
	for _, path := range []string{"/account/verify", "/account/verify?next=/account/email", "/account/verify?all=0&since=0&level=1"} {
		b.open(path).wantHeading("Verification required").field("Password")
	}
	b.open("/account/verify").fill("Password", password).press("Continue").reauthenticate(key).wantHeading("Activity")
	b.open("/account/verify").wantHeading("Account")

	site.wait(time.Second)
	if _, err = site.rules.StartReauth(t.Context(), site.session(ann), demand(), "/account/activity"); err != nil {
		t.Fatal(err)
	}
	b.press("Sign out").signIn(ann)
	site.wait(30 * time.Second)
	b.enterCode(site.totpCode(key)).open("/account/verify").wantHeading("Account") // it ended with the session
}

// session returns the account's only session.
func (site *testSite) session(email string) auth.Session {
	site.t.Helper()
	account, err := site.rules.Account(context.Background(), email)
	if err != nil {
		site.t.Fatal(err)
	}
	all, err := site.rules.Sessions(context.Background(), auth.Session{User: account.ID})
	if err != nil || len(all) != 1 {
		site.t.Fatal(len(all), err)
	}
	return all[0]
}
