package handlers_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// While the clock is wrong, what apps, hosts and administrators hold ends when its time has
// passed, and nothing dated in the future is valid, so that a clock that was set back
// extends nothing (OI-08, OI-21, FA-12, FA-14, PK-03, OP-08, OP-16).
func TestClock_Later(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, by := range []time.Duration{30 * time.Second, 2 * time.Hour, year, -30 * time.Second, -2 * time.Hour, -year} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			t.Parallel()
			f := newRouteFixture(t)
			approver, approval := f.at("/admin/approvals/:id") // which takes a minute
			guest, invitation := f.at("/invitation")
			pending, at := f.at("/account/continue/:id")
			offline := []string{"scope", "openid offline_access"}
			app := f.addApp(trusted)
			code, used := app.code(f.admin, offline...), app.code(f.admin, offline...)
			tokens := app.tokens(used)
			f.admin.wantApp(f.admin.goTo(wikiPage), wikiPage)
			b := f.browser()
			b.signIn(ann).enterCode(f.totpCode(f.key)).wantHeading("Account")
			callback := b.open(b.check(http.MethodGet, wikiPage).Header.Get("Location")).continueURL()
			f.admin.open("/account/passkeys/add").usePasskey(f.device, "Create a passkey")
			signIn := f.browser().open("/sign-in")

			f.wait(by)
			for name, row := range map[string]struct {
				lifetime time.Duration
				valid    func() bool
			}{
				"code":       {auth.AppCodeLifetime, func() bool { return app.exchange(code).status == http.StatusOK }},
				"token":      {auth.AppTokenLifetime, func() bool { return app.userInfo(tokens.AccessToken) != nil }},
				"refresh":    {auth.RefreshIdle, func() bool { return app.refresh(tokens.RefreshToken).status == http.StatusOK }},
				"host":       {time.Hour, func() bool { return f.admin.check(http.MethodGet, wikiPage).StatusCode == http.StatusOK }},
				"handover":   {auth.HandoverLifetime, func() bool { return b.check(http.MethodGet, callback).Header.Get("Location") == wikiPage }},
				"passkey":    {auth.ChallengeSignIn, func() bool { return signIn.usePasskey(f.device, "Sign in with a passkey").page.Heading() == "Account" }},
				"approval":   {time.Hour, func() bool { return approver.open(approval).has("Approve") }}, // with the session
				"invitation": {auth.InvitationLifetime, func() bool { return guest.open(invitation).page.Heading() == "Set a new password" }},
				"request":    {auth.AppRequestLifetime, func() bool { return pending.open(at).page.Heading() == "Continue to Wiki" }},
			} {
				if want, got := by.Abs() < auth.ClockSkew || by > 0 && by < row.lifetime, row.valid(); got != want {
					t.Errorf("%s is valid: %v", name, got)
				}
			}
			if r := app.exchange(used); r.Error != oidc.InvalidGrant {
				t.Errorf("a code was used twice: %d", r.status)
			}
		})
	}
}

// A refresh token is not valid again after the clock was set back, although the grace in
// which it may be repeated seems to last (OI-24).
func TestClock_RefreshGrace(t *testing.T) {
	site := newSite(t)
	app := site.addApp(trusted)
	first := app.tokens(app.code(site.browser().signUp(ann), "scope", "openid offline_access"))
	site.wait(3 * time.Hour)
	app.refresh(first.RefreshToken)
	site.wait(-2 * time.Hour)
	if r := app.refresh(first.RefreshToken); r.Error != oidc.InvalidGrant {
		t.Errorf("used again: %d", r.status)
	}
}

// What a clock that was fast has dated does not keep users and administrators from doing the
// same again: a request for approval, and a recovery that has ended.
func TestClock_Again(t *testing.T) {
	const ahead = 365 * 24 * time.Hour
	f := newRouteFixture(t)
	daves, key := f.administrator(dave, auth.RoleAdmin)
	f.browser().signUp(bob)
	f.wait(ahead)
	daves.signIn(dave).enterCode(f.totpCode(key))
	daves.open(f.person(bob)+"/delete").fill("Reason", "Asked").press("Request approval").wantText("Requested.")
	f.wait(-ahead)
	daves.signIn(dave).enterCode(f.totpCode(key))
	daves.open(f.person(bob)+"/delete").fill("Reason", "Asked").press("Request approval").wantText("Requested.")

	site, _ := recoverySite(t)
	site.wait(ahead)
	site.browser().signIn(ann).follow("I have lost my phone and backup codes").press("Send a code").
		fill("Code", site.lastCode(ann)).press("Verify").wantHeading("Recovery requested")
	link := site.lastStopLink(ann)
	site.wait(-ahead)
	site.browser().open(link).press("Stop the recovery")
	site.clearLimits()
	site.browser().recover()
}
