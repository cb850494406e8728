package handlers_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/passkeytest"
)

func withPasskeys(policy *auth.Policy) {
	policy.Factors = append([]auth.FactorKind{auth.PasskeyPresent}, policy.Factors...)
	policy.Origin, policy.PasskeyDomain = "https://id.example.org", "id.example.org"
}

// usePasskey does what the page's script does when a button is pressed.
func (b *browser) usePasskey(d *passkeytest.Device, button string) *browser {
	b.t.Helper()
	form := b.button(button).Closest("form")
	options := form.AttrOr("data-options", "")
	ask := d.Get
	if form.AttrOr("data-passkey", "") == "create" {
		ask = d.Create
	}
	posted, err := ask(options, "https://id.example.org")
	if err != nil {
		b.t.Fatalf("%s: %v", button, err)
	}
	path, values := b.form(b.button(button))
	values.Set("credential", posted)
	return b.load(http.MethodPost, path, values)
}

// wantScripts checks that the page has the script and its headers allow it, or neither
// (PK-21).
func (b *browser) wantScripts(want bool) *browser {
	b.t.Helper()
	script := b.page.Find("script").Length() == 1 && b.page.Find("script[src^='/static/passkey.']").Text() == ""
	policy := strings.Contains(b.header.Get("Content-Security-Policy"), "; script-src 'self'; trusted-types 'none'; require-trusted-types-for 'script'")
	permitted := strings.Contains(b.header.Get("Permissions-Policy"), "publickey-credentials-create=(self), publickey-credentials-get=(self)")
	if script != want || policy != want || permitted != want || !want && strings.Contains(b.body, "<script") {
		b.t.Errorf("%s: script %t, policy %t, permitted %t; want %t", b.url, script, policy, permitted, want)
	}
	return b
}

// TestPasskey_Journey adds a passkey as the first factor, signs in with it, and renames
// and removes it (PK-17, PK-19, PK-21, PK-26).
func TestPasskey_Journey(t *testing.T) {
	site := newSite(t, withPasskeys)
	d := &passkeytest.Device{Verifies: true, Synced: true}
	b := site.browser().signUp(ann).wantText("A passkey lets you sign in").wantScripts(false)
	b.follow("Add a passkey").wantHeading("Add a passkey").wantScripts(true)
	other := site.browser().signIn(ann).wantHeading("Account")
	b.fill("Name", "Work laptop").usePasskey(d, "Create a passkey").wantHeading("Backup codes").wantText("Passkey added").press("Done")
	other.open("/account").wantHeading("Sign in")
	b.open("/account/passkeys").wantHeading("Passkeys").wantText("Work laptop").wantText("Synced").wantText("Added").wantText("Never used")
	if all := b.page.Find("[data-signal=signalAllAcceptedCredentials]").AttrOr("data-options", ""); !strings.Contains(all, `"allAcceptedCredentialIds":["`) {
		t.Errorf("the accepted passkeys are %s", all)
	}

	site.wait(time.Minute)
	phone := site.browser().open("/sign-in?next=%2Faccount%2Fpasskeys").wantScripts(true)
	if phone.field("Email address").AttrOr("autocomplete", "") != "username webauthn" {
		t.Error("the browser does not offer passkeys in the field")
	}
	phone.usePasskey(d, "Sign in with a passkey").wantHeading("Passkeys").wantText("Last used")
	phone.fill("Name", "  ").press("Rename").wantHeading("Passkeys").wantText("Passkey renamed").wantNoText("Work laptop")
	phone.fill("Name", strings.Repeat("x", 61)).press("Rename").wantError(422)

	site.wait(time.Hour - time.Minute)
	phone.open("/account/passkeys").follow("Remove").wantHeading("Verification required").usePasskey(d, "Use a passkey")
	phone.wantHeading("Remove passkey").press("Remove").wantHeading("Passkeys").wantText("Passkey removed")
	site.browser().open("/sign-in").usePasskey(d, "Sign in with a passkey").wantError(422).wantText("This passkey is not known here")
}

// TestPasskey_Signals: the browser is asked to forget a passkey only if no account has it,
// and gets the accepted ones only from their signed-in owner (PK-25).
func TestPasskey_Signals(t *testing.T) {
	site := newSite(t, withPasskeys)
	d := &passkeytest.Device{Verifies: true}
	b := site.browser().signUp(ann)
	b.open("/account/passkeys/add").usePasskey(d, "Create a passkey").press("Done")
	signals := func(b *browser) string {
		return b.page.Find("[data-signal]").AttrOr("data-signal", "") + b.page.Find("[data-signal]").AttrOr("data-options", "")
	}
	b.operate(auth.Disable)
	if got := signals(site.browser().open("/sign-in").usePasskey(d, "Sign in with a passkey").wantText("This passkey is not known here")); got != "" {
		t.Errorf("the passkey of a disabled account: %s", got)
	}
	b.operate(auth.Enable)
	b = site.browser().open("/sign-in").usePasskey(d, "Sign in with a passkey").open("/account/passkeys")
	id := base64.RawURLEncoding.EncodeToString(d.Passkeys()[0].ID)
	if got := signals(b); !strings.HasPrefix(got, "signalAllAcceptedCredentials") || !strings.Contains(got, `"allAcceptedCredentialIds":["`+id+`"]`) {
		t.Errorf("the list: %s", got)
	}
	for _, path := range []string{"/account", "/account/manage-mfa", "/account/passkeys/add"} {
		if got := signals(b.open(path)); got != "" {
			t.Errorf("%s: %s", path, got)
		}
	}
	b.operate(auth.ResetMFA)
	b = site.browser().open("/sign-in")
	if got := signals(b); got != "" {
		t.Errorf("the sign-in page: %s", got)
	}
	if got := signals(b.usePasskey(d, "Sign in with a passkey").wantText("This passkey is not known here")); !strings.HasPrefix(got, "signalUnknownCredential") || !strings.Contains(got, id) {
		t.Errorf("a passkey of no account: %s", got)
	}
}

// TestPasskey_OldPage: a page older than its challenge says so, and has a new one (PK-03).
func TestPasskey_OldPage(t *testing.T) {
	site := newSite(t, withPasskeys)
	d := &passkeytest.Device{Verifies: true}
	b := site.browser().signUp(ann)
	b.open("/account/passkeys/add").usePasskey(d, "Create a passkey").press("Done").press("Sign out")
	b = site.browser().open("/sign-in")
	site.wait(auth.ChallengeSignIn)
	b.usePasskey(d, "Sign in with a passkey").wantError(422).wantText("That took too long. Try again.")
	b.usePasskey(d, "Sign in with a passkey").wantHeading("Account")
}

// TestPasskey_SecondStepPages: an account with an app and a security key sees both forms;
// without scripts the app works as before (PK-20).
func TestPasskey_SecondStepPages(t *testing.T) {
	site := newSite(t, withPasskeys)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	d := &passkeytest.Device{}
	b.open("/account/passkeys/add").usePasskey(d, "Add a security key without a PIN").wantHeading("Passkeys").wantText("Second step only")
	site.wait(time.Minute)
	in := site.browser().signIn(ann).wantHeading("Verify your account").wantScripts(true)
	in.clone().usePasskey(d, "Use a passkey").wantHeading("Account")
	site.wait(time.Minute)
	in = site.browser().signIn(ann).wantHeading("Verify your account")
	path, values := in.form(in.button("Use a passkey"))
	in.load(http.MethodPost, path, values).wantError(422).wantText("No passkey was used") // scripts are off
	in.fill("Code", site.totpCode(key)).press("Verify").wantHeading("Account")
	in.open("/account/passkeys").follow("Remove").wantText("Two-step verification stays on")
	in.open("/account/manage-mfa/remove-totp").press("Remove").open("/account/passkeys").follow("Remove").wantText("This turns off two-step verification")
}

// TestPasskey_Required: the task to set up a second factor offers a passkey first, and a
// passkey completes it once the backup codes are seen (PK-19).
func TestPasskey_Required(t *testing.T) {
	site := newSite(t, withPasskeys, func(policy *auth.Policy) { policy.RequireMFA = true })
	d := &passkeytest.Device{Verifies: true}
	b := site.browser().startSignUp(ann, password)
	b.enterCode(site.lastCode(ann)).wantHeading("Set up two-step verification").follow("Passkey")
	b.usePasskey(d, "Create a passkey").wantHeading("Backup codes")
	b.clone().open("/account").wantHeading("Set up two-step verification")
	b.press("Done").wantHeading("User MFA Settings")
	b.open("/account/passkeys").follow("Remove").wantNoText("turns off two-step")
	if b.has("Remove") {
		t.Error("the last factor can be removed")
	}
}

// TestPasskey_TurnedOff: without passkeys, no page has their script and their pages do
// not exist (PK-21).
func TestPasskey_TurnedOff(t *testing.T) {
	site := newSite(t)
	b := site.browser()
	b.open("/sign-in").wantScripts(false)
	if b.has("Sign in with a passkey") {
		t.Error("passkeys are offered")
	}
	b.signUp(ann).wantScripts(false)
	for _, path := range []string{"/account/passkeys", "/account/passkeys/add", "/.well-known/passkey-endpoints"} {
		b.fetch(http.MethodGet, path, nil).wantStatus(http.StatusNotFound)
	}
}

// TestPasskey_SignInSize: the sign-in page, its stylesheet and its script are less than
// 14 KB, which a new connection carries in its first round trip (RFC 6928).
func TestPasskey_SignInSize(t *testing.T) {
	b := newSite(t, withPasskeys).browser().open("/sign-in")
	size := len(b.body)
	for _, file := range []string{
		b.page.Find("link[rel=stylesheet]").AttrOr("href", ""), b.page.Find("script").AttrOr("src", ""), b.page.Find("link[rel=icon]").AttrOr("href", ""),
	} {
		response := b.request(http.MethodGet, file, nil, map[string]string{"Accept-Encoding": "gzip"})
		content, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d, %v", file, response.StatusCode, err)
		}
		size += len(content)
	}
	t.Logf("%d bytes", size)
	if size > 14_000 {
		t.Errorf("%d bytes, want at most 14,000", size)
	}
}

// TestPasskeyEndpoints checks what password managers read.
func TestPasskeyEndpoints(t *testing.T) {
	b := newSite(t, withPasskeys).browser().fetchRaw(http.MethodGet, "/.well-known/passkey-endpoints", nil)
	want := `{"enroll":"https://id.example.org/account/passkeys/add","manage":"https://id.example.org/account/passkeys"}`
	if b.status != http.StatusOK || b.body != want {
		t.Errorf("%d %s", b.status, b.body)
	}
}
