package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A TOTP code is valid once per step (TO-04, TO-05, TO-11).
func TestSignIn_TOTP(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	b.press("Sign out").wantHeading("Sign in")

	b.signIn(ann).wantHeading("Verify your account").wantText(ann)
	b.enterCode("").wantError(422)
	b.enterCode("12345").wantError(422)
	if b.field("Code").AttrOr("value", "") != "" || b.field("Code").AttrOr("aria-invalid", "") != "true" {
		t.Error("the field has the refused code, or is not marked as invalid")
	}
	code := site.totpCode(key)
	b.enterCode(" " + code[:3] + " " + code[3:] + " ").wantHeading("Account")
	b.press("Sign out")

	b.signIn(ann).enterCode(code).wantError(422).wantText("already used")
	site.wait(30 * time.Second)
	b.enterCode(site.totpCode(key)).wantHeading("Account")
}

// The second wrong code, not the first, may come from a phone whose clock is wrong. The
// enrolment of an app counts for itself.
func TestSignIn_ClockHint(t *testing.T) {
	const hint = "turn on automatic time"
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.open("/account/manage-mfa/add").press("Verify").wantHeading("Verify TOTP")
	wrong := func() *browser {
		return b.fill("Enter the code from your authentication app", "000000").press("Verify code").wantError(422)
	}
	wrong().wantNoText(hint)
	wrong().wantText(hint).press("Show the QR code again")
	key, _ := b.addTOTP()

	for range 2 { // a correct code ends the count
		site.wait(time.Minute)
		b.press("Sign out").signIn(ann)
		b.enterCode("000000").wantError(422).wantNoText(hint)
		b.enterCode("000000").wantError(422).wantText(hint)
		b.enterCode(site.totpCode(key)).wantHeading("Account")
	}
}

// The password's post also sends a code to the default phone. Other phones are offered by
// their last digits only (SM-10, HT-06).
func TestSignIn_SMS(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").wantHeading("Backup codes").press("Done").wantHeading("User MFA Settings")
	b.addPhone(otherNumber).press("Use for MFA").wantHeading("User MFA Settings")
	b.press("Sign out")
	site.wait(time.Hour + time.Minute)
	sent := len(site.messages(number))

	b.signIn(ann).wantHeading("Verify your account").wantText("•••• 2671").wantNoText(number)
	if strings.Contains(b.body, number) || strings.Contains(b.body, otherNumber) {
		t.Error("the page contains a whole number")
	}
	if got := site.messages(number); len(got) != sent+1 {
		t.Fatalf("%d messages, want 1", len(got)-sent)
	} else if last := got[len(got)-1].body; !strings.HasSuffix(last, "@id.example.org #"+site.lastCode(number)) {
		t.Errorf("last line of the message: %q", last)
	}
	toFirst := site.lastCode(number)
	b.press("Send a code to •••• 9876").wantHeading("Verify your account").wantText("•••• 9876")
	b.enterCode(toFirst).wantError(422) // replaced by the new code
	b.enterCode(site.lastCode(otherNumber)).wantHeading("Account")
	b.press("Sign out")

	site.wait(time.Minute)
	b.signIn(ann).wantHeading("Verify your account")
	stale := site.lastCode(number)
	site.wait(31 * time.Second)
	b.press("Send a new code").wantText("We sent a new code")
	if fresh := site.lastCode(number); fresh != stale {
		b.enterCode(stale).wantError(422)
	}
	code := site.lastCode(number)
	attacker := site.browser()
	attacker.signIn(ann)
	attacker.enterCode(code).wantError(422) // bound to the browser that requested it (SM-05)
	b.enterCode(code).wantHeading("Account")
}

// A backup code is valid once, with the checkbox or without, in any notation (BC-02, BC-06).
func TestSignIn_BackupCode(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	_, codes := b.addTOTP()
	b.press("Sign out")
	for i, typed := range []string{codes[0], strings.ToUpper(codes[1]), strings.ReplaceAll(codes[2], "-", " ")} {
		b.signIn(ann).wantHeading("Verify your account").fill("Code", typed)
		if i > 0 {
			b.fill("This code is a backup code", "1")
		}
		b.press("Verify").wantHeading("Account").press("Sign out")
	}
	b.signIn(ann).enterCode(codes[0]).wantError(422)
	b.fill("Code", "aaaa-aaaa-aaaa-aaaa").fill("This code is a backup code", "1").press("Verify").wantError(422)
	b.enterCode(codes[3]).wantHeading("Account")
	b.open("/account/manage-mfa").wantText("6 backup codes")
	notices := 0
	for _, m := range site.messages(ann) {
		if strings.Contains(m.subject, "ackup code used") {
			notices++
		}
	}
	if notices != 4 || !strings.Contains(allBodies(site.messages(ann)), "6 backup codes left") {
		t.Errorf("%d notices, want 4:\n%s", notices, allBodies(site.messages(ann)))
	}
}

// An unknown email address and a wrong password get the same response (FF-03).
func TestSignIn_SameResponseForUnknownEmail(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(ann)
	responses := map[string]string{}
	for _, email := range []string{ann, "nobody@example.org"} {
		b := site.browser().open("/sign-in")
		for range 7 {
			b.enterCredentials(email, wrongPassword)
			b.header.Del("Set-Cookie")
			response := b.page.Find("title").Text() + b.text() + b.header.Get("Retry-After") + http.StatusText(b.status)
			responses[email] += strings.ReplaceAll(response, email, "…") + "\n"
		}
		if b.status != 429 || b.header.Get("Retry-After") != "30" {
			t.Errorf("%s, attempt 7: %d, Retry-After %s", email, b.status, b.header.Get("Retry-After"))
		}
	}
	if responses[ann] != responses["nobody@example.org"] {
		t.Errorf("the response to an unknown email address differs:\n%s\n%s", responses[ann], responses["nobody@example.org"])
	}
	b := site.browser().signIn(ann).wantError(429) // a rate-limited account does not reveal that the password is correct
	site.wait(31 * time.Second)
	b.signIn(ann).wantHeading("Account")
}

// No step can be skipped, repeated or completed with another user's code (FF-01, FF-02).
func TestSignIn_NoStepSkipped(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	b.press("Sign out")

	fresh := site.browser().open("/sign-in")
	path, form := fresh.form(fresh.button("Continue"))
	form.Set("action", "verify")
	form.Set("code", site.totpCode(key))
	fresh.load(http.MethodPost, path, form).wantError(422).wantHeading("Sign in")

	b.signIn(ann).wantHeading("Verify your account")
	eve := site.browser()
	eve.signUp("eve@example.org")
	eveKey, _ := eve.addTOTP()
	eve.press("Sign out")
	eve.signIn("eve@example.org").wantHeading("Verify your account")
	b.enterCode(site.totpCode(eveKey)).wantError(422)

	old := b.clone()
	site.wait(30 * time.Second)
	b.enterCode(site.totpCode(key)).wantHeading("Account")
	site.wait(30 * time.Second)
	old.enterCode(site.totpCode(key)) // a completed attempt, though the code is correct
	if old.page.Heading() == "Account" {
		t.Error("a completed attempt signed in again")
	}
	site.wait(30 * time.Second)
	b.press("Sign out").signIn(ann).press("Start over").wantHeading("Sign in").wantText("You are back at the start")
	b.open("/sign-in").wantHeading("Sign in")
	site.wait(30 * time.Second)
	b.signIn(ann)
	site.wait(31 * time.Minute)
	b.enterCode(site.totpCode(key)).wantError(422).wantHeading("Sign in") // the attempt has expired
}

// Twenty concurrent posts of a correct code begin one session (TO-06, BC-02).
func TestSignIn_CodeOnceOnly(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, codes := b.addTOTP()
	b.press("Sign out")
	for name, code := range map[string]func() string{
		"app": func() string { return site.totpCode(key) }, "backup code": func() string { return codes[0] },
	} {
		b.signIn(ann).wantHeading("Verify your account").fill("Code", code())
		t.Log(name)
		sessions, left := site.queryInt("SELECT count(*) FROM sessions"), site.queryInt("SELECT count(*) FROM backup_codes")
		b.race("Verify", func(r *http.Response) bool { return r.Header.Get("Location") == "/account" })
		if n := site.queryInt("SELECT count(*) FROM sessions") - sessions; n != 1 {
			t.Errorf("%d sessions began, want 1", n)
		}
		if used := left - site.queryInt("SELECT count(*) FROM backup_codes"); name == "backup code" && used != 1 {
			t.Errorf("%d backup codes used, want 1", used)
		}
		site.wait(2 * time.Hour)
	}
}

// After sign-in the user returns to the requested page of the account, and to no other URL
// (FF-10).
func TestSignIn_Next(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.press("Sign out")
	b.open("/account/manage-mfa/add?format=uri").wantHeading("Sign in").wantText("You must be signed in to access this page")
	b.enterCredentials(ann, password).wantHeading("Add TOTP MFA")
	if b.url.RequestURI() != "/account/manage-mfa/add?format=uri" {
		t.Errorf("redirected to %s", b.url)
	}
	for _, next := range []string{
		"https://evil.example/account", "//evil.example/account", `/\evil.example`, `\\evil.example`, "javascript:alert(1)", "/account/../../x",
		"//account", "/sign-out", "account", "/account\r\nX: y", "/accounts", "/%2f/evil.example", "http:/account", "/account//x",
	} {
		b.open("/account").press("Sign out")
		b.open("/sign-in?next=" + url.QueryEscape(next)).wantHeading("Sign in")
		b.enterCredentials(ann, password).wantHeading("Account")
		if b.url.String() != site.origin+"/account" {
			t.Errorf("next=%q redirects to %s", next, b.url)
		}
		if b.open("/sign-in?next=" + url.QueryEscape(next)); b.url.String() != site.origin+"/account" {
			t.Errorf("signed in, next=%q redirects to %s", next, b.url)
		}
	}
}

// Sign-out ends the session on the server (SE-07).
func TestSignOut(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	old := b.clone()
	b.press("Sign out").wantHeading("Sign in")
	old.open("/account").wantHeading("Sign in")
	if response := b.request(http.MethodGet, "/sign-out", nil, nil); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET /sign-out: %d", response.StatusCode)
	}
}

// The second step shows the number pad. "Use a backup code" shows the form for letters, its box
// ticked, and leads to the requested page all the same (AX-03).
func TestSignIn_BackupCodeForm(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, codes := b.addTOTP()
	b.press("Sign out").open("/account/activity").enterCredentials(ann, password).wantHeading("Verify your account")
	wantForm := func(mode, checked string) {
		t.Helper()
		_, ticked := b.field("This code is a backup code").Attr("checked")
		if b.field("Code").AttrOr("inputmode", "") != mode || ticked != (checked == "checked") {
			t.Errorf("%s, %t, want %s and %s", b.field("Code").AttrOr("inputmode", ""), ticked, mode, checked)
		}
	}
	wantForm("numeric", "not checked")
	b.follow("Use a backup code").wantText("Enter one of your backup codes")
	wantForm("text", "checked")
	b.enterCode("aaaa-aaaa-aaaa-aaaa").wantError(422)
	wantForm("text", "checked")
	b.follow("Use your authentication app")
	wantForm("numeric", "not checked")
	b.follow("Use a backup code").enterCode(codes[0]).wantHeading("Activity")

	site.wait(11 * time.Minute)
	b.open("/account/sessions").wantHeading("Verification required").follow("Use a backup code").enterCode(codes[1]).wantHeading("Active devices")
	b.press("Sign out").signIn(ann).enterCode(site.totpCode(key)).wantHeading("Account")
}

// The next page confirms signing up, signing out, a new key, and a backup code with how many are
// left (BC-06).
func TestSignIn_Confirmations(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann).wantText("Your account is ready")
	b.open("/account").wantNoText("Your account is ready").open("/account/manage-mfa/add").press("Reset").wantText("This is a new QR code")
	_, codes := b.addTOTP()
	b.press("Sign out").wantText("You are signed out").open("/sign-in").wantNoText("You are signed out")
	b.signIn(ann).enterCode(codes[0]).wantHeading("Account").wantText("You have 9 backup codes left")
	site.wait(11 * time.Minute)
	b.open("/account/sessions").enterCode(codes[1]).wantHeading("Active devices").wantText("You have 8 backup codes left")
}
