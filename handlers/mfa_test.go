package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const codeLabel = "Enter the code from your authentication app"

// TestAddTOTP walks the set-up: add, verify, backup codes, success (TO-02,
// TO-07, TO-09, BC-05, BC-07).
func TestAddTOTP(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.open("/account/manage-mfa").sees("User MFA Settings").reads("Add TOTP via authentication app").follow("Add").sees("Add TOTP MFA")
	key := keyText.FindString(b.text())
	if b.page.Find("svg[role=img]").Length() != 1 || key == "" {
		t.Fatalf("no QR code or no key:\n%s", b.body)
	}
	b.follow("Use URI instead").reads("secret=" + strings.ReplaceAll(key, " ", "")).reads("otpauth://totp/Acme:ann%40example.org").follow("Use QR Code instead")
	if again := keyText.FindString(b.text()); again != key {
		t.Error("a reload made a new key")
	}
	b.press("Reset").sees("Add TOTP MFA")
	reset := keyText.FindString(b.text())
	if reset == key {
		t.Error("Reset kept the key")
	}
	b.press("Verify").sees("Verify TOTP").open("/account/manage-mfa/add").sees("Verify TOTP")
	if strings.Contains(b.body, strings.ReplaceAll(reset, " ", "")) {
		t.Error("the key stands on the page that asks for a code")
	}
	b.fill(codeLabel, "").press("Verify code").refused(422)
	b.fill(codeLabel, w.app(key)).press("Verify code").refused(422) // of the key before the reset
	if b.field(codeLabel).AttrOr("id", "") != "totp-code" {
		t.Error("the field's id")
	}
	stranger := w.browser().firstStep(ann).sees("Account") // a set-up that is not finished asks nothing (TO-07)
	b.fill(codeLabel, w.app(reset)).press("Verify code").sees("Backup codes").reads("Verification was a success!")
	codes := b.codes()
	stranger.open("/account").sees("Sign in") // sessions from before the first factor are over
	if again := b.open("/account/manage-mfa/add").sees("Backup codes").codes(); again[0] != codes[0] {
		t.Error("a reload shows other codes")
	}
	if b.header.Get("Cache-Control") != "no-store" {
		t.Error("backup codes may be cached")
	}
	b.press("Finish").sees("Success!").reads("You have successfully added TOTP MFA via an authentication application.")
	b.open("/account/manage-mfa/add").sees("Success!").readsNot(codes[0])
	b.follow("Manage MFA").reads("TOTP via authentication app enabled").reads("10 backup codes")

	b.press("Sign out").firstStep(ann).fill("Code", w.app(reset)).press("Verify").refused(422) // the step that proved the app is spent
	got := w.letters(ann)
	if last := got[len(got)-1]; !strings.Contains(last.body, "id.example.org") {
		t.Errorf("the owner was told %+v", last)
	}
}

// TestAddTOTP_Stale: forms of a step that is over do nothing, in whatever tab.
func TestAddTOTP_Stale(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.open("/account/manage-mfa/add")
	_, add := b.form(b.button("Verify"))
	_, reset := b.form(b.button("Reset"))
	key := keyText.FindString(b.text())
	b.press("Verify")
	path, verify := b.form(b.button("Verify code"))
	b.fill(codeLabel, w.app(key)).press("Verify code").sees("Backup codes")
	_, finish := b.form(b.button("Finish"))
	verify.Set("code", w.app(key))
	for name, form := range map[string]map[string][]string{"verify": add, "reset": reset, "verify code": verify, "garbage": {"token": add["token"], "action": {"garbage"}}} {
		b.load(http.MethodPost, path, form).refused(422).sees("Backup codes")
		if t.Failed() {
			t.Log(name)
		}
	}
	b.press("Finish").sees("Success!")
	b.load(http.MethodPost, path, finish).refused(422).sees("Success!")
}

// TestAddTOTP_KeepsCodes: a set of backup codes the person has already is not
// replaced by a second factor.
func TestAddTOTP_KeepsCodes(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").sees("Backup codes")
	codes := b.codes()
	b.press("Done").sees("User MFA Settings")
	b.open("/account/manage-mfa/add")
	key := keyText.FindString(b.text())
	b.press("Verify").fill(codeLabel, w.app(key)).press("Verify code").sees("Success!")
	b.press("Sign out").firstStep(ann).fill("Code", codes[9]).press("Verify").sees("Account")
}

// TestRemoveTOTP: the app stops at once, its backup codes go with the last
// factor, and other sessions end (RV-06, SE-09).
func TestRemoveTOTP(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, codes := b.addApp()
	other := w.browser().firstStep(ann)
	other.fill("Code", w.app(key)).press("Verify").sees("Account")
	half := w.browser().firstStep(ann).sees("Verify your account")

	b.open("/account/manage-mfa").follow("Remove").sees("Remove two-step verification").follow("Cancel").sees("User MFA Settings")
	b.follow("Remove").press("Remove").sees("User MFA Settings").reads("Add TOTP via authentication app")
	other.open("/account").sees("Sign in")
	half.fill("Code", codes[0]).press("Verify").refused(422)
	w.browser().firstStep(ann).sees("Account")
	b.open("/account/manage-mfa/remove-totp").sees("User MFA Settings")
	b.open("/account/manage-mfa/backup-codes").sees("User MFA Settings")

	b.open("/account/manage-mfa/add").sees("Add TOTP MFA") // from the beginning, with a new key
	if keyText.FindString(b.text()) == key {
		t.Error("the old key came back")
	}
}

// TestBackupCodes: shown once; a new set kills the old, and is told (BC-05).
func TestBackupCodes(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, old := b.addApp()
	b.open("/account/manage-mfa").reads("Generate new backup codes?").follow("Generate").sees("Generate new backup codes")
	told := len(w.letters(ann))
	b.press("Generate").sees("Backup codes")
	fresh := b.codes()
	if got := w.letters(ann); len(got) != told+1 || strings.Contains(lastBody(got), fresh[0]) {
		t.Errorf("the owner was told: %q", lastBody(got))
	}
	b.press("Done").sees("User MFA Settings").open("/account/manage-mfa/backup-codes").sees("Generate new backup codes").readsNot(fresh[0])
	b.press("Sign out")
	b.firstStep(ann).fill("Code", old[0]).press("Verify").refused(422)
	b.fill("Code", fresh[0]).press("Verify").sees("Account")

	b.open("/account/manage-mfa/backup-codes").press("Generate").sees("Backup codes")
	w.wait(time.Hour) // never said to be saved: the codes still work, but their text is gone
	b.open("/account/manage-mfa/backup-codes").reverify(key).sees("Generate new backup codes")
}

// TestPhones walks through every button of the list; each change is told, without
// the whole number (SM-02, AX-04).
func TestPhones(t *testing.T) {
	w := newWorld(t)
	const second = "+14155559876"
	b := w.browser().signUp(ann)
	b.open("/account/manage-mfa").reads("There are currently no phone numbers reserved for MFA.").
		reads("There are currently no verified phone numbers available to be reserved for MFA.").follow("Add a new phone number").sees("Add phone")
	for _, typed := range []string{"", "hello", "911", "+1 415 555 2671 999", "<b>4155552671</b>"} {
		b.fill("Enter phone number", typed).press("Continue").refused(422).sees("Add phone")
		if got := b.field("Enter phone number").AttrOr("value", ""); got != typed {
			t.Errorf("%q became %q", typed, got)
		}
	}
	b.fill("Enter phone number", "(415) 555-2671").press("Continue").sees("Verify phone")
	b.open("/account/add-phone").sees("Verify phone")
	b.press("Use another number").sees("Add phone")
	w.wait(time.Minute)
	b.fill("Enter phone number", number).press("Continue").sees("Verify phone")
	code := w.code(number)
	b.press("Send a new code").refused(429)
	b.fill("Enter code", "").press("Verify").refused(422)
	b.fill("Enter code", "999").press("Verify").refused(422)
	b.fill("Enter code", code).press("Verify").sees("Phone added")
	b.load(http.MethodGet, b.url.RequestURI(), nil).sees("Phone added")
	b.follow("Manage MFA").reads("There are currently no phone numbers reserved for MFA.").reads("Use for MFA")

	eve := w.browser().signUp("eve@example.org") // another person's phone is none
	link := b.link("Use for MFA").AttrOr("href", "")
	if eve.open(link); eve.status != http.StatusNotFound {
		t.Errorf("another person's phone: %d", eve.status)
	}
	b.follow("Use for MFA").press("Use for MFA").sees("Backup codes").press("Done").reads("(Default)")
	_, form := eve.open("/account").form(eve.button("Sign out"))
	form.Set("action", "remove")
	if response := eve.request(http.MethodPost, strings.Replace(link, "/use", "/remove", 1), form, nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("removing another person's phone: %d", response.StatusCode)
	}
	b.open("/account/add-phone").fill("Enter phone number", number).press("Continue").refused(422) // already there
	b.addPhone(second).press("Use for MFA").sees("User MFA Settings")
	if b.page.Find("body").Text(); strings.Count(b.text(), "(Default)") != 1 {
		t.Error("not one default")
	}
	b.press("Make default").sees("User MFA Settings")
	b.press("Sign out")
	w.wait(time.Hour)
	b.firstStep(ann).reads("•••• 9876").fill("Code", w.code(second)).press("Verify").sees("Account")
	b.open("/account/manage-mfa").follow("Disable for MFA").press("Disable for MFA").sees("User MFA Settings").reads("(Default)")
	b.follow("Remove from account").press("Remove from account").sees("User MFA Settings")
	b.follow("Remove from account").press("Remove from account").sees("User MFA Settings").reads("There are currently no phone numbers reserved for MFA.")
	w.browser().firstStep(ann).sees("Account")
	told := ""
	for _, l := range w.letters(ann) {
		told += l.subject + "\n" + l.body + "\n"
	}
	if strings.Contains(told, number) || !strings.Contains(told, "•••• 2671") || !strings.Contains(told, "•••• 9876") {
		t.Errorf("the notices say:\n%s", told)
	}
}
