package handlers_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"twostep/auth/oidc"
	"twostep/auth/passkeytest"
)

// TestAuthorize_Passkey: acr "phr" asks for a passkey, once, of a user who has one, and
// the claims say what it was (OI-35, OI-36).
func TestAuthorize_Passkey(t *testing.T) {
	site := newSite(t, withPasskeys)
	app := site.addApp(trusted)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	ask := []string{"acr_values", oidc.ACRPasskey}
	want := func(acr string, amr ...any) {
		t.Helper()
		_, claims := app.claims(app.tokens(app.wantReturned(b, "")).IDToken)
		if claims["acr"] != acr || !reflect.DeepEqual(claims["amr"], amr) {
			t.Errorf("acr %v, amr %v; want %s, %v", claims["acr"], claims["amr"], acr, amr)
		}
	}
	app.start(b, ask...)
	want(oidc.ACRTwoFactors, "otp", "mfa") // there is nothing to ask for: the account has no passkey
	d := &passkeytest.Device{Verifies: true, Synced: true}
	b.open("/account/passkeys/add").usePasskey(d, "Create a passkey").wantHeading("Passkeys")

	app.start(b, ask...).wantHeading("Verification required").press("Use your authentication app").enterCode(site.totpCode(key))
	want(oidc.ACRTwoFactors, "otp", "mfa") // the user has declined
	app.start(b, ask...).wantHeading("Verification required")

	if options := b.button("Use a passkey").Closest("form").AttrOr("data-options", ""); !strings.Contains(options, `"userVerification":"required"`) {
		t.Errorf("a security key without a PIN is asked for: %s", options)
	}
	b.usePasskey(d, "Use a passkey")
	want(oidc.ACRPasskey, "swk", "user", "mfa")
	app.start(b)
	want(oidc.ACRPasskey, "swk", "user", "mfa")

	b.open("/account").press("Sign out")
	strict := site.addApp(trusted, func(a *oidc.App) { a.RequireMFA = true })
	strict.start(b, ask...).wantHeading("Sign in").usePasskey(d, "Sign in with a passkey")
	strict.wantReturned(b, "")
}

// TestAuthorize_PasskeyBound: the key of a passkey that stays on its device is one of
// hardware, and prompt=login asks for it again.
func TestAuthorize_PasskeyBound(t *testing.T) {
	site := newSite(t, withPasskeys)
	app := site.addApp(trusted)
	d := &passkeytest.Device{Verifies: true}
	b := site.browser().signUp(ann)
	b.open("/account/passkeys/add").usePasskey(d, "Create a passkey").press("Done").press("Sign out")
	site.wait(time.Minute)
	app.start(b, "acr_values", oidc.ACRPasskey).usePasskey(d, "Sign in with a passkey")
	_, claims := app.claims(app.tokens(app.wantReturned(b, "")).IDToken)
	if claims["acr"] != oidc.ACRPasskey || !reflect.DeepEqual(claims["amr"], []any{"hwk", "user", "mfa"}) {
		t.Errorf("the claims are %v", claims)
	}
	site.wait(time.Minute)
	app.start(b, "prompt", "login").wantHeading("Verification required").usePasskey(d, "Use a passkey")
	_, claims = app.claims(app.tokens(app.wantReturned(b, "")).IDToken)
	if authTime(claims).Before(site.clock().Truncate(time.Second)) {
		t.Errorf("auth_time is %v", authTime(claims))
	}
}

// TestDiscovery_Passkeys: "phr" is listed while passkeys are on (OI-46).
func TestDiscovery_Passkeys(t *testing.T) {
	site := newSite(t, withPasskeys)
	if got := site.apps.Discovery().ACRValues; !reflect.DeepEqual(got, []string{oidc.ACROneFactor, oidc.ACRTwoFactors, oidc.ACRPasskey}) {
		t.Errorf("with passkeys: %v", got)
	}
	if got := newSite(t).apps.Discovery().ACRValues; len(got) != 2 {
		t.Errorf("without: %v", got)
	}
}

// TestForwardAuth_Passkey: a passkey that has verified its user counts as two factors, and
// renews both (FA-15).
func TestForwardAuth_Passkey(t *testing.T) {
	site := newAppSite(t, withPasskeys)
	d := &passkeytest.Device{Verifies: true}
	b := site.browser().signUp(ann)
	b.open("/account/passkeys/add").usePasskey(d, "Create a passkey").press("Done").press("Sign out")
	site.wait(time.Minute)
	if b.goTo(opsPage) != nil {
		t.Fatal("the app opens without a sign-in")
	}
	b.usePasskey(d, "Sign in with a passkey").wantHeading("Continue to ops.example.net")
	b.wantApp(b.goTo(b.continueURL()), opsPage)
	site.wait(6 * time.Minute)
	if b.goTo(adminPage) != nil {
		t.Fatal("the app opens with an old passkey")
	}
	b.usePasskey(d, "Use a passkey").wantHeading("Continue to ops.example.net")
	b.wantApp(b.goTo(b.continueURL()), adminPage)
}
