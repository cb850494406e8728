package main

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"
)

// TestPasskeys_Chromium uses passkeys in Chromium with virtual authenticators: one of the
// device itself, security keys with and without a PIN, and an old one of U2F (FF-11,
// PK-20, PK-21, PK-25). The server is the real binary.
func TestPasskeys_Chromium(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	folder := t.TempDir()
	site := start(t, folder, "--mail=file:mail", "--sms=file:sms")
	required := start(t, t.TempDir(), "--mail=file:mail", "--require-mfa", "--reverify=strict_mfa")
	t.Run("journeys", func(t *testing.T) {
		run := func(name string, site server, a authenticator, journey func(passkeyUser)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := passkeyUser{browserUser: &browserUser{
					t: t, folder: site.Dir, origin: site.origin, codesRead: map[string]int{},
					email: name + "@example.org", width: 1280, height: 800, taps: a.phone, scripts: true,
				}}
				if a.phone {
					p.width, p.height = 390, 844
				}
				p.openWindow(chromium)
				p.add(a)
				journey(p)
			})
		}
		run("platform", site, authenticator{Transport: "internal", HasResidentKey: true, HasUserVerification: true}, passkeyUser.platformJourney)
		run("synced", required, authenticator{Transport: "internal", HasResidentKey: true, HasUserVerification: true, Synced: true, phone: true}, passkeyUser.requiredJourney)
		run("pin", site, authenticator{Transport: "usb", HasResidentKey: true, HasUserVerification: true}, passkeyUser.securityKeyJourney)
		run("no_pin", site, authenticator{Transport: "usb"}, passkeyUser.secondFactorJourney)
		run("u2f", site, authenticator{Transport: "usb", U2F: true}, passkeyUser.secondFactorJourney)
	})
	for _, s := range []server{site, required} {
		if code, output := s.stop(t, syscall.SIGTERM); code != 0 || strings.Contains(output, "ERROR") {
			t.Errorf("exit code %d: %s", code, output)
		}
	}
}

// An authenticator is what Chromium simulates.
type authenticator struct {
	Transport                           proto.WebAuthnAuthenticatorTransport
	HasResidentKey, HasUserVerification bool
	Synced, U2F                         bool
	phone                               bool // with a small screen that is tapped
}

// A passkeyUser is a browser's user with an authenticator.
type passkeyUser struct {
	*browserUser
	device *proto.WebAuthnAuthenticatorID
}

const passkeyPassword = "seven purple turtles"

// platformJourney uses every page with passkeys, and ends with one that the site does
// not know.
func (p passkeyUser) platformJourney() {
	p.signUp().sees("Account").reads("A passkey lets you sign in with your fingerprint")
	p.follow("Add a passkey").sees("Add a passkey")
	p.verifies(false)
	p.refused("Create a passkey", "No passkey was created.")
	p.verifies(true)
	p.fill("Name", "Work laptop").press("Create a passkey").sees("Backup codes").reads("Passkey added")
	code := strings.Fields(p.text(".codes"))[0]
	p.press("Done").sees("User MFA Settings").reads("You have 1 passkey")
	p.follow("Passkeys").sees("Passkeys").reads("Work laptop").reads("Only on this device").reads("Never used").reads("Add another passkey")
	p.follow("Add a passkey").sees("Add a passkey")
	p.refused("Create a passkey", "This device has a passkey for your account already.")

	p.present(false) // the autofill of the sign-in page waits for the user
	p.press("Sign out").sees("Sign in")
	p.verifies(false)
	p.present(true)
	p.refused("Sign in with a passkey", "No passkey was used.")
	p.verifies(true)
	p.press("Sign in with a passkey").sees("Account").reads("You sign in with a passkey")

	p.navigate(`//button[` + named + `Sign out"]`) // with the user present, autofill signs in as soon as the page is loaded
	p.waitUntil("autofill signs in", time.Minute, `() => document.querySelector("h1")?.innerText === "Account" ? "yes" : ""`)

	p.present(false)
	p.press("Sign out").sees("Sign in") // and it does not disturb the password's form
	p.fill("Email address", p.email).fill("Password", passkeyPassword).press("Continue").sees("Verify your account")
	p.present(true)
	p.press("Use a passkey").sees("Account")
	p.present(false)
	p.press("Sign out").sees("Sign in")
	p.fill("Email address", p.email).fill("Password", passkeyPassword).press("Continue").sees("Verify your account")
	p.fill("Code", code).press("Verify").sees("Account")

	p.age()
	p.present(true)
	p.open("/account/passkeys").sees("Passkeys").reads("Last used")
	p.unfold("Change name").fill("Name", "Laptop of Ann").press("Rename").sees("Passkeys").reads("Laptop of Ann").reads("Passkey renamed")
	p.follow("Remove").sees("Verification required").press("Use a passkey").sees("Remove passkey").reads("Laptop of Ann")
	p.press("Remove").sees("Passkeys").reads("Passkey removed")
	p.wantPasskeys(0) // signalAllAcceptedCredentials

	p.follow("Add a passkey").press("Create a passkey").sees("Backup codes").press("Done")
	p.present(false)
	p.press("Sign out").sees("Sign in")
	if code, output := runToEnd(p.t, program(p.t, p.folder, "user", "reset-mfa", p.email)); code != 0 {
		p.t.Fatalf("exit code %d: %s", code, output)
	}
	p.wantPasskeys(1)
	p.present(true)
	p.press("Sign in with a passkey").sees("Sign in").reads("This passkey is not known here. It may have been removed.")
	p.wantPasskeys(0) // signalUnknownCredential
}

// requiredJourney starts with the task to set up a second factor, and authenticates
// again with both factors at once.
func (p passkeyUser) requiredJourney() {
	p.signUp().sees("Set up two-step verification").follow("Passkey").sees("Add a passkey")
	p.press("Create a passkey").sees("Backup codes").press("Done").sees("User MFA Settings")
	p.open("/account/passkeys").sees("Passkeys").reads("Synced")
	p.age()
	p.follow("Add a passkey").sees("Verification required").reads("Password")
	p.press("Use a passkey").sees("Add a passkey")
	p.open("/account/passkeys").follow("Remove").sees("Remove passkey").reads("You need at least one method")
}

// securityKeyJourney signs in with a security key that has a PIN.
func (p passkeyUser) securityKeyJourney() {
	p.signUp().follow("Add a passkey").press("Create a passkey").sees("Backup codes").press("Done")
	p.open("/account/passkeys").reads("Only on this device")
	p.press("Sign out").sees("Sign in").press("Sign in with a passkey").sees("Account")
	p.present(false)
	p.press("Sign out").sees("Sign in").fill("Email address", p.email).fill("Password", passkeyPassword).press("Continue").sees("Verify your account")
	p.present(true)
	p.press("Use a passkey").sees("Account")
}

// secondFactorJourney uses a security key without a PIN: only after the password (PK-08).
func (p passkeyUser) secondFactorJourney() {
	p.signUp().follow("Add a passkey").sees("Add a passkey")
	p.refused("Create a passkey", "No passkey was created.")
	p.press("Add a security key without a PIN").sees("Backup codes").press("Done")
	p.open("/account/passkeys").sees("Passkeys").reads("Second step only")
	p.press("Sign out").sees("Sign in")
	p.refused("Sign in with a passkey", "No passkey was used.")
	p.fill("Email address", p.email).fill("Password", passkeyPassword).press("Continue").sees("Verify your account")
	p.press("Use a passkey").sees("Account")
	p.age()
	p.open("/account/passkeys").follow("Remove").sees("Verification required")
	p.press("Use a passkey").sees("Remove passkey")
}

func (p passkeyUser) signUp() *browserUser {
	p.t.Helper()
	p.open("/sign-up").fill("Email address", p.email).fill("Password", passkeyPassword).press("Continue").sees("Verify your email")
	return p.fill("Code", p.code("mail", p.email)).press("Verify")
}

// add adds the authenticator. rod's struct lacks the members for backup flags.
func (p *passkeyUser) add(a authenticator) {
	p.t.Helper()
	p.check(proto.WebAuthnEnable{}.Call(p.page))
	options := map[string]any{
		"protocol": "ctap2", "transport": a.Transport, "hasResidentKey": a.HasResidentKey, "hasUserVerification": a.HasUserVerification,
		"isUserVerified": a.HasUserVerification, "automaticPresenceSimulation": true,
		"defaultBackupEligibility": a.Synced, "defaultBackupState": a.Synced,
	}
	if a.U2F {
		options = map[string]any{"protocol": "u2f", "transport": a.Transport, "automaticPresenceSimulation": true}
	}
	result, err := p.page.Call(p.page.GetContext(), string(p.page.SessionID), "WebAuthn.addVirtualAuthenticator", map[string]any{"options": options})
	p.check(err)
	var added proto.WebAuthnAddVirtualAuthenticatorResult
	p.check(json.Unmarshal(result, &added))
	p.device = &added.AuthenticatorID
}

// verifies sets whether the authenticator recognises its user.
func (p passkeyUser) verifies(is bool) {
	p.t.Helper()
	p.check(proto.WebAuthnSetUserVerified{AuthenticatorID: *p.device, IsUserVerified: is}.Call(p.page))
}

// present sets whether requests to come find the user at the authenticator.
func (p passkeyUser) present(is bool) {
	p.t.Helper()
	p.check(proto.WebAuthnSetAutomaticPresenceSimulation{AuthenticatorID: *p.device, Enabled: is}.Call(p.page))
}

// refused presses a button that asks for a passkey, and waits for the sentence that
// explains why there is none.
func (p passkeyUser) refused(button, why string) {
	p.t.Helper()
	form := `//form[.//button[` + named + button + `"]]`
	p.focus(form + `//button`)
	if !p.taps {
		p.key('\r')
	}
	found, err := p.page.Timeout(time.Minute).ElementX(form + `//*[@role="alert" and not(@hidden)]`)
	p.check(err)
	if said, err := found.Text(); err != nil || !strings.Contains(said, why) {
		p.t.Fatalf("says %q, want %q: %v", said, why, err)
	}
	p.waitUntil("the button works again", time.Minute, `() => document.querySelector("button:disabled") ? "" : "yes"`)
}

// unfold opens a section of the page.
func (p passkeyUser) unfold(summary string) *browserUser {
	p.t.Helper()
	element, err := p.page.Timeout(time.Minute).ElementX(`//summary[` + named + summary + `"]`)
	p.check(err)
	_, err = element.Eval(`() => { this.click(); return "" }`)
	p.check(err)
	return p.browserUser
}

// wantPasskeys waits until the authenticator has that many passkeys.
func (p passkeyUser) wantPasskeys(n int) {
	p.t.Helper()
	var got int
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		all, err := proto.WebAuthnGetCredentials{AuthenticatorID: *p.device}.Call(p.page)
		p.check(err)
		if got = len(all.Credentials); got == n {
			return
		}
	}
	p.t.Errorf("the authenticator has %d passkeys, want %d", got, n)
}

// age makes the session need re-authentication, as an hour would.
func (p passkeyUser) age() {
	p.t.Helper()
	database, err := sql.Open("sqlite", "file:"+filepath.Join(p.folder, "data", databaseFile)+"?_pragma=busy_timeout(10000)")
	p.check(err)
	defer database.Close()
	_, err = database.ExecContext(p.t.Context(), `
		UPDATE sessions SET password_at = password_at - 3600000, mfa_at = mfa_at - 3600000
		WHERE user_id = (SELECT id FROM users WHERE email = ?)`, p.email)
	p.check(err)
}
