package handlers_test

import (
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"
)

// A form whose page is out of date is shown again with what was typed and a sentence, and
// works then.
func TestOutdatedForm(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.browser().signUp(ann)

	b := site.browser().open("/sign-in")
	site.wait(25 * time.Hour)
	b.jar, _ = cookiejar.New(nil) // browsers close, and the cookie ends with them
	b.enterCredentials(ann, password).wantError(422).wantHeading("Sign in").wantText("needs cookies")
	if got := b.field("Email address").AttrOr("value", ""); got != ann {
		t.Errorf("the email address is %q", got)
	}
	b.fill("Password", password).press("Continue").wantHeading("Account")

	b.press("Sign out").open("/sign-in")
	site.browser().open("/sign-in") // another browser's cookie
	b.jar.SetCookies(b.url, []*http.Cookie{{Name: "__Host-twostep", Value: "of an old key", Path: "/", Secure: true}})
	b.enterCredentials(ann, password).wantError(422).wantText("out of date").fill("Password", password).press("Continue").wantHeading("Account")
}

// Where cookies are off every post says so.
func TestOutdatedForm_CookiesOff(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for _, path := range []string{"/sign-in", "/sign-up", "/forgot-password"} {
		b := site.browser().open(path)
		for range 2 {
			b.jar, _ = cookiejar.New(nil)
			b.fill("Email address", ann).press("Continue").wantError(422).wantText("This site needs cookies")
		}
	}
}

// A second tab leads on where the first one is already signed in or waits for a code.
func TestOutdatedForm_SecondTab(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.press("Sign out").open("/sign-in?next=/account/activity")
	tab := *b
	b.enterCredentials(ann, password).wantHeading("Activity")
	tab.enterCredentials(ann, password).wantStatus(200).wantHeading("Activity")

	key, _ := b.addTOTP()
	b.press("Sign out").open("/sign-in")
	tab = *b
	b.enterCredentials(ann, password).wantHeading("Verify your account")
	tab.enterCredentials(ann, password).wantStatus(200).wantHeading("Verify your account")
	half := *b
	b.enterCode(site.totpCode(key)).wantHeading("Account")
	half.enterCode("000000").wantStatus(200).wantHeading("Account")

	site.wait(11 * time.Minute) // re-authentication replaces the token
	tab = *b.open("/account/delete").wantHeading("Verification required")
	b.enterCode(site.totpCode(key)).wantHeading("Delete account")
	tab.enterCode(site.totpCode(key)).wantStatus(200).wantHeading("Delete account")
	b.open("/account/password")
	tab = *b
	b.changePassword(password, newPassword).wantHeading("Account")
	tab.submitPasswords(password, newPassword).wantError(422).wantHeading("Password").wantText("out of date")
}

// A form posted twice leads on, too, if the cookies of the first response have arrived.
func TestPostedTwice_CookiesArrived(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	twice := func(b *browser, button string) *browser {
		t.Helper()
		path, form := b.form(b.button(button))
		b.fetchRaw(http.MethodPost, path, form)
		return b.press(button).wantStatus(200)
	}
	b := site.browser().open("/sign-up").fill("Email address", ann).fill("Password", password)
	twice(b, "Continue").wantHeading("Verify your email").fill("Code", site.lastCode(ann))
	twice(b, "Verify").wantHeading("Account").open("/account/password").fill("Current password", password).fill("New password", newPassword)
	twice(b, "Change password").wantHeading("Account").wantText("Password changed")
	twice(b, "Sign out").wantHeading("Sign in")
	site.wait(time.Hour)
	b.open("/forgot-password").fill("Email address", ann)
	twice(b, "Continue").fill("Code", site.lastCode(ann))
	twice(b, "Verify").wantHeading("Set a new password").fill("New password", password)
	twice(b, "Set password").wantHeading("Sign in").wantText("Sign in with your new password")
	b.enterCredentials(ann, password).wantHeading("Account")
	site.wait(11 * time.Minute)
	b.open("/account/delete").fill("Password", password)
	twice(b, "Continue").wantHeading("Delete account")
}

// Signing out twice, also long after, ends at the sign-in page. An old page does not sign out
// another session.
func TestSignOut_Twice(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := site.browser().signUp(ann)
	tab := *b
	b.press("Sign out").wantHeading("Sign in")
	tab.press("Sign out").wantStatus(200).wantHeading("Sign in")
	b.signIn(ann).wantHeading("Account")
	tab = *b
	site.wait(2 * time.Hour)
	tab.press("Sign out").wantStatus(200).wantHeading("Sign in")
	b.signIn(ann).wantHeading("Account")
	old := *b
	b.changePassword(password, newPassword).wantHeading("Account")
	old.press("Sign out").wantStatus(200).wantHeading("Account").wantText("out of date")
}

// A form with an outdated token is shown again only if a header proves that it is of this
// site (CS-02).
func TestOutdatedForm_Proof(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := site.browser().open("/sign-in")
	_, form := b.form(b.button("Continue"))
	form.Set("token", "x")
	form.Set("email", "eve@example.org")
	for _, row := range []struct {
		fetchSite, origin string
		want              int
	}{
		{"", "", http.StatusForbidden},
		{"same-origin", "", http.StatusUnprocessableEntity},
		{"", site.origin, http.StatusUnprocessableEntity},
	} {
		response := b.request(http.MethodPost, "/sign-in", form, map[string]string{"Sec-Fetch-Site": row.fetchSite, "Origin": row.origin})
		if response.StatusCode != row.want {
			t.Errorf("%q, %q: %d, want %d", row.fetchSite, row.origin, response.StatusCode, row.want)
		}
	}
}

// What was typed survives re-authentication and sign-in, only in this browser: a link cannot
// fill in a field. After a reset the email address is filled in.
func TestTyped(t *testing.T) {
	t.Parallel()
	const fresh = "ann.new@example.org"
	site := newSite(t)
	b := site.browser().signUp(ann).open("/account/email")
	value := func(label string) string { return b.field(label).AttrOr("value", "") }
	site.wait(11 * time.Minute)
	b.fill("New email address", fresh).press("Change email address").wantHeading("Verification required").reauthenticate("")
	if b.wantHeading("Email address"); value("New email address") != fresh {
		t.Errorf("typed: %q", value("New email address"))
	}
	if b.open("/account/email"); value("New email address") != "" {
		t.Error("shown twice")
	}
	site.wait(11 * time.Minute)
	b.fill("New email address", strings.Repeat("é", 500)).press("Change email address").reauthenticate("")
	if b.wantHeading("Email address"); value("New email address") != "" {
		t.Error("the cookie keeps a text that may be too long for it")
	}
	if b.open("/account/email?typed-email=eve@example.org&email=eve@example.org"); value("New email address") != "" {
		t.Error("filled in by a link")
	}
	site.wait(2 * time.Hour)
	b.fill("New email address", fresh).press("Change email address").wantHeading("Sign in")
	if value("Email address") != "" {
		t.Errorf("shown on another page: %q", value("Email address"))
	}
	if b.enterCredentials(ann, password).wantHeading("Email address"); value("New email address") != fresh {
		t.Errorf("typed: %q", value("New email address"))
	}
	b.press("Sign out").startReset(ann).enterCode(site.lastCode(ann)).setPassword(newPassword).wantHeading("Sign in")
	if value("Email address") != ann {
		t.Errorf("after a reset: %q", value("Email address"))
	}
	b.fill("Password", newPassword).press("Continue").wantHeading("Account")
}
