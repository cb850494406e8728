package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The setup's steps are add, verify, backup codes and success (TO-02, TO-07, TO-09,
// BC-05, BC-07).
func TestAddTOTP(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.open("/account/manage-mfa").wantHeading("User MFA Settings").wantText("Add TOTP via authentication app").follow("Add").wantHeading("Add TOTP MFA")
	key := b.totpKey()
	if b.page.Find("svg[role=img]").Length() != 1 || key == "" {
		t.Fatalf("no QR code or no key:\n%s", b.body)
	}
	b.follow("Use URI instead").wantText("secret=" + strings.ReplaceAll(key, " ", "")).wantText("otpauth://totp/Acme:ann%40example.org").follow("Use QR Code instead")
	if again := b.totpKey(); again != key {
		t.Error("a reload changes the key")
	}
	b.press("Reset").wantHeading("Add TOTP MFA")
	reset := b.totpKey()
	if reset == key {
		t.Error("Reset keeps the key")
	}
	b.press("Verify").wantHeading("Verify TOTP").open("/account/manage-mfa/add").wantHeading("Verify TOTP")
	if strings.Contains(b.body, strings.ReplaceAll(reset, " ", "")) {
		t.Error("the page for the code contains the key")
	}
	b.enterTOTP("").wantError(422)
	b.enterTOTP(site.totpCode(key)).wantError(422) // of the key before the reset
	if id := b.field(codeLabel).AttrOr("id", ""); id != "totp-code" {
		t.Errorf("field id %q, want totp-code", id)
	}
	earlier := site.browser().signIn(ann).wantHeading("Account") // an unfinished setup requires no code (TO-07)
	b.enterTOTP(site.totpCode(reset)).wantHeading("Backup codes").wantText("Verification was a success!")
	codes := b.backupCodes()
	earlier.open("/account").wantHeading("Sign in") // adding the first factor ends other sessions
	if again := b.open("/account/manage-mfa/add").wantHeading("Backup codes").backupCodes(); again[0] != codes[0] {
		t.Error("a reload changes the codes")
	}
	if b.header.Get("Cache-Control") != "no-store" {
		t.Error("backup codes may be cached")
	}
	b.press("Finish").wantHeading("Success!").wantText("You have successfully added TOTP MFA via an authentication application.")
	b.open("/account/manage-mfa/add").wantHeading("Success!").wantNoText(codes[0])
	b.follow("Manage MFA").wantText("TOTP via authentication app enabled").wantText("10 backup codes")

	b.press("Sign out").signIn(ann).enterCode(site.totpCode(reset)).wantError(422) // the setup has consumed this step
	if last := lastBody(site.messages(ann)); !strings.Contains(last, "id.example.org") {
		t.Errorf("notice: %q", last)
	}
}

// Forms of an earlier step, such as in another tab, have no effect.
func TestAddTOTP_StaleForms(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.open("/account/manage-mfa/add")
	_, add := b.form(b.button("Verify"))
	_, reset := b.form(b.button("Reset"))
	key := b.totpKey()
	b.press("Verify")
	path, verify := b.form(b.button("Verify code"))
	b.enterTOTP(site.totpCode(key)).wantHeading("Backup codes")
	_, finish := b.form(b.button("Finish"))
	verify.Set("code", site.totpCode(key))
	site.wait(time.Minute)
	for name, form := range map[string]url.Values{"verify": add, "reset": reset, "verify code": verify, "garbage": {"token": add["token"], "action": {"garbage"}}} {
		b.load(http.MethodPost, path, form).wantError(422).wantHeading("Backup codes")
		if t.Failed() {
			t.Log(name)
		}
	}
	b.press("Finish").wantHeading("Success!")
	b.load(http.MethodPost, path, finish).wantError(422).wantHeading("Success!")
}

// Adding another factor keeps the existing backup codes.
func TestAddTOTP_KeepsCodes(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").wantHeading("Backup codes")
	codes := b.backupCodes()
	b.press("Done").wantHeading("User MFA Settings")
	b.open("/account/manage-mfa/add")
	key := b.totpKey()
	b.press("Verify").enterTOTP(site.totpCode(key)).wantHeading("Success!")
	b.press("Sign out").signIn(ann).enterCode(codes[9]).wantHeading("Account")
}

// Removing TOTP ends other sessions, and removing the last factor removes the backup
// codes, at once (RV-06, SE-09).
func TestRemoveTOTP(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, codes := b.addTOTP()
	other := site.browser().signIn(ann)
	other.enterCode(site.totpCode(key)).wantHeading("Account")
	halfSignedIn := site.browser().signIn(ann).wantHeading("Verify your account")

	b.open("/account/manage-mfa").follow("Remove").wantHeading("Remove two-step verification").wantText("This turns off two-step verification").follow("Cancel").wantHeading("User MFA Settings")
	b.follow("Remove").press("Remove").wantHeading("User MFA Settings").wantText("Add TOTP via authentication app")
	other.open("/account").wantHeading("Sign in")
	halfSignedIn.enterCode(codes[0]).wantError(422)
	site.browser().signIn(ann).wantHeading("Account")
	b.open("/account/manage-mfa/remove-totp").wantHeading("User MFA Settings")
	b.open("/account/manage-mfa/backup-codes").wantHeading("User MFA Settings")

	b.open("/account/manage-mfa/add").wantHeading("Add TOTP MFA") // a new setup, with a new key
	if b.totpKey() == key {
		t.Error("the removed key is used again")
	}
}

// Backup codes are shown once. A new set replaces the old one, with a notice (BC-05).
func TestBackupCodes(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, old := b.addTOTP()
	b.open("/account/manage-mfa").wantText("Generate new backup codes?").follow("Generate").wantHeading("Generate new backup codes")
	before := len(site.messages(ann))
	b.press("Generate").wantHeading("Backup codes")
	fresh := b.backupCodes()
	if got := site.messages(ann); len(got) != before+1 || strings.Contains(lastBody(got), fresh[0]) {
		t.Errorf("%d notices, want 1; the last is %q", len(got)-before, lastBody(got))
	}
	b.press("Done").wantHeading("User MFA Settings").open("/account/manage-mfa/backup-codes").wantHeading("Generate new backup codes").wantNoText(fresh[0])
	b.press("Sign out")
	b.signIn(ann).enterCode(old[0]).wantError(422)
	b.enterCode(fresh[0]).wantHeading("Account")

	b.open("/account/manage-mfa/backup-codes").press("Generate").wantHeading("Backup codes")
	site.wait(time.Hour) // unconfirmed codes stay valid but are no longer shown
	b.open("/account/manage-mfa/backup-codes").reauthenticate(key).wantHeading("Generate new backup codes")
}

// Every button of the list of phones works, and every change is notified without the
// whole number (SM-02, AX-04).
func TestPhones(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.open("/account/manage-mfa").wantText("There are currently no phone numbers reserved for MFA.").
		wantText("There are currently no verified phone numbers available to be reserved for MFA.").follow("Add a new phone number").wantHeading("Add phone")
	for _, typed := range []string{"", "hello", "911", "+1 415 555 2671 999", "<b>4155552671</b>"} {
		b.fill("Enter phone number", typed).press("Continue").wantError(422).wantHeading("Add phone")
		if got := b.field("Enter phone number").AttrOr("value", ""); got != typed {
			t.Errorf("%q became %q", typed, got)
		}
	}
	b.fill("Enter phone number", "(415) 555-2671").press("Continue").wantHeading("Verify phone")
	b.open("/account/add-phone").wantHeading("Verify phone")
	b.press("Use another number").wantHeading("Add phone")
	site.wait(time.Minute)
	b.fill("Enter phone number", number).press("Continue").wantHeading("Verify phone")
	code := site.lastCode(number)
	b.press("Send a new code").wantError(429)
	b.enterPhoneCode("").wantError(422)
	b.enterPhoneCode("999").wantError(422)
	b.enterPhoneCode(code).wantHeading("Phone added")
	b.load(http.MethodGet, b.url.RequestURI(), nil).wantHeading("Phone added")
	b.follow("Manage MFA").wantText("There are currently no phone numbers reserved for MFA.").wantText("Use for MFA")

	eve := site.browser().signUp("eve@example.org") // another user's phone is not found
	link := b.link("Use for MFA").AttrOr("href", "")
	eve.open(link).wantStatus(http.StatusNotFound)
	b.fetch(http.MethodPost, strings.Replace(link, "/use", "/default", 1), url.Values{"token": {b.formToken()}}).wantStatus(422).wantText("This page cannot do that")
	b.follow("Use for MFA").press("Use for MFA").wantHeading("Backup codes").press("Done").wantText("(Default)")
	_, form := eve.open("/account").form(eve.button("Sign out"))
	form.Set("action", "remove")
	if response := eve.request(http.MethodPost, strings.Replace(link, "/use", "/remove", 1), form, nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("removing another user's phone: %d", response.StatusCode)
	}
	b.open(link).wantHeading("User MFA Settings")                                                    // it is in use already
	b.open("/account/add-phone").fill("Enter phone number", number).press("Continue").wantError(422) // already added
	b.addPhone(otherNumber).press("Use for MFA").wantHeading("User MFA Settings")
	if n := strings.Count(b.text(), "(Default)"); n != 1 {
		t.Errorf("%d default phones, want 1", n)
	}
	b.press("Make default").wantHeading("User MFA Settings")
	b.press("Sign out")
	site.wait(time.Hour)
	b.signIn(ann).wantText("•••• 9876").enterCode(site.lastCode(otherNumber)).wantHeading("Account")
	b.open("/account/manage-mfa").follow("Disable for MFA").press("Disable for MFA").wantHeading("User MFA Settings").wantText("(Default)")
	b.follow("Remove from account").press("Remove from account").wantHeading("User MFA Settings")
	b.follow("Remove from account").press("Remove from account").wantHeading("User MFA Settings").wantText("There are currently no phone numbers reserved for MFA.")
	site.browser().signIn(ann).wantHeading("Account")
	notices := ""
	for _, m := range site.messages(ann) {
		notices += m.subject + "\n" + m.body + "\n"
	}
	if strings.Contains(notices, number) || !strings.Contains(notices, "•••• 2671") || !strings.Contains(notices, "•••• 9876") {
		t.Errorf("notices:\n%s", notices)
	}
}
