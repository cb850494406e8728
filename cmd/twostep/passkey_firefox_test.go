package main

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPasskeys_Firefox uses passkeys in Firefox with a virtual authenticator: make
// firefox. It adds one, signs in by button, as second step and after the site has
// removed it.
func TestPasskeys_Firefox(t *testing.T) {
	if !*inFirefox {
		t.Skip("-firefox is not set")
	}
	folder := t.TempDir()
	site := start(t, folder, "--mail=file:mail", "--sms=file:sms")
	f := passkeyFirefox{launchFirefox(t, map[string]string{
		"security.webauth.webauthn_enable_softtoken": "true", "security.webauth.webauthn_enable_usbtoken": "false",
	})}
	codes := &browserUser{t: t, folder: folder, codesRead: map[string]int{}}
	const email = "ann@example.org"
	fields := map[string]string{"email": email, "password": passkeyPassword}

	f.goTo(site.origin + "/sign-up").enter(fields).press("Continue").sees("Verify your email")
	f.enter(map[string]string{"code": codes.code("mail", email)}).press("Verify").sees("Account")
	device := f.addAuthenticator(true)
	f.goTo(site.origin + "/account/passkeys/add").sees("Add a passkey").press("Create a passkey").sees("Backup codes").press("Done").sees("User MFA Settings")
	f.goTo(site.origin + "/account/passkeys/add").press("Create a passkey").reads("This device has a passkey for your account already.")
	f.press("Sign out").sees("Sign in").press("Sign in with a passkey").sees("Account")
	f.press("Sign out").sees("Sign in").enter(fields).press("Continue").sees("Verify your account").press("Use a passkey").sees("Account")
	f.must("WebAuthn:SetUserVerified", map[string]any{"authenticatorId": device, "isUserVerified": false})
	f.press("Sign out").sees("Sign in").press("Sign in with a passkey").reads("No passkey was used.")
	f.must("WebAuthn:SetUserVerified", map[string]any{"authenticatorId": device, "isUserVerified": true})
	if code, output := runToEnd(t, program(t, folder, "user", "reset-mfa", email)); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	f.press("Sign in with a passkey").reads("This passkey is not known here.")
	f.must("WebAuthn:RemoveVirtualAuthenticator", map[string]any{"authenticatorId": device})

	f.enter(fields).press("Continue").sees("Account")
	f.addAuthenticator(false)
	f.goTo(site.origin + "/account/passkeys/add").sees("Add a passkey").press("Add a security key without a PIN").sees("Backup codes").press("Done")
	f.goTo(site.origin + "/account/passkeys").reads("Second step only")
	f.press("Sign out").sees("Sign in").enter(fields).press("Continue").sees("Verify your account").press("Use a passkey").sees("Account")
	if code, output := site.stop(t, syscall.SIGTERM); code != 0 || strings.Contains(output, "ERROR") {
		t.Errorf("exit code %d: %s", code, output)
	}
}

// A passkeyFirefox is a Firefox that has scripts, and authenticators in software.
type passkeyFirefox struct{ firefoxWindow }

func (f passkeyFirefox) addAuthenticator(verifies bool) (id any) {
	f.t.Helper()
	transport := "usb" // a security key without a PIN
	if verifies {
		transport = "internal"
	}
	var added struct{ Value any }
	result := f.must("WebAuthn:AddVirtualAuthenticator", map[string]any{
		"protocol": "ctap2", "transport": transport, "hasResidentKey": verifies, "hasUserVerification": verifies,
		"isUserConsenting": true, "isUserVerified": verifies,
	})
	if err := json.Unmarshal(result, &added); err != nil {
		f.t.Fatal(err)
	}
	return added.Value
}

func (f passkeyFirefox) goTo(url string) passkeyFirefox {
	f.t.Helper()
	f.open(url)
	return f
}

func (f passkeyFirefox) enter(fields map[string]string) passkeyFirefox {
	f.t.Helper()
	for name, value := range fields {
		f.until("field "+name, func() bool { return f.fill(`//main//input[@name="`+name+`"]`, value) })
	}
	return f
}

// press clicks a button with the mouse, which counts as an act of the user.
func (f passkeyFirefox) press(button string) passkeyFirefox {
	f.t.Helper()
	f.until("button "+button, func() bool { return f.click(`//button[` + named + button + `"]`) })
	return f
}

func (f passkeyFirefox) sees(h1 string) passkeyFirefox {
	f.t.Helper()
	f.until(h1, func() bool { return f.text("h1") == h1 })
	return f
}

func (f passkeyFirefox) reads(text string) passkeyFirefox {
	f.t.Helper()
	f.until(text, func() bool { return strings.Contains(f.text("main"), text) })
	return f
}

// until polls for a minute: pages and answers of authenticators arrive when they do.
func (f passkeyFirefox) until(what string, reached func() bool) {
	f.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if reached() {
			return
		}
	}
	f.t.Fatalf("timeout: %s; the page is %s", what, f.text("body"))
}
