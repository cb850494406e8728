package views

import (
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

var sampleApp = oidc.App{ID: "app", Name: "Team wiki", Kind: oidc.Web, RedirectURIs: []string{"https://wiki.example.com/callback"}}

var sampleHosts = []auth.HostUse{
	{Host: "grafana.example.org", Since: now.AddDate(0, -1, 0), UsedAt: now.Add(-3 * time.Hour)},
	{Host: "printer.example.org:8443", Since: now, UsedAt: now},
}

// appSamples are the pages on which a user signs in to an app.
func appSamples() []sample {
	page := signedIn("/account/continue/request")
	setup := SetupMFAPage{Page: signedIn("/account/setup-mfa"), By: sampleApp.Name, Optional: true, TOTP: true, SMS: true, Declined: "/account/continue/request"}
	demanded := setup
	demanded.Optional = false
	return []sample{
		{"consent", "Continue to Team wiki", Consent(ConsentPage{page, sampleApp, oidc.Scopes, "wiki.example.com"})},
		{"leave_to_app", "Back to Team wiki", ReturnToApp(ReturnToAppPage{page, sampleApp, "https://wiki.example.com/callback?code=a-code"})},
		{"app_expired", "This request has expired", AppStop(AppStopPage{signedOut(page.URL), sampleApp, oidc.StepExpired, ""})},
		{"app_unknown_request", "This request has expired", AppStop(AppStopPage{signedOut(page.URL), oidc.App{}, oidc.StepExpired, ""})},
		{"app_not_allowed", "You cannot use Team wiki", AppStop(AppStopPage{page, sampleApp, oidc.StepNotAllowed, ""})},
		{"app_other_account", "Another account is signed in", AppStop(AppStopPage{page, sampleApp, oidc.StepOtherAccount, ""})},
		{"app_declined", "Team wiki asks you to verify", AppStop(AppStopPage{page, sampleApp, oidc.StepReauth, "/account/continue/ID"})},
		{"app_error", "This app cannot sign you in", AppError(AppErrorPage{signedOutPlain("/oauth/authorize"), "redirect_uri is missing", "req-1"})},
		{"app_error_signed_in", "This app cannot sign you in", AppError(AppErrorPage{signedIn("/oauth/authorize"), "redirect_uri is missing", "req-1"})},
		{"connected_apps", "Connected apps", ConnectedApps(ConnectedAppsPage{signedIn("/account/apps"), []oidc.ConnectedApp{
			{ID: "app", Name: "Team wiki", Since: now.AddDate(0, -2, 0), UsedAt: now.Add(-time.Hour), Scopes: oidc.Scopes},
			{ID: "old", Name: "Notes", Since: now.AddDate(0, -3, 0)},
		}, sampleHosts})},
		{"connected_apps_hosts", "Connected apps", ConnectedApps(ConnectedAppsPage{Page: signedIn("/account/apps"), Hosts: sampleHosts})},
		{"connected_apps_none", "Connected apps", ConnectedApps(ConnectedAppsPage{Page: signedIn("/account/apps")})},
		{"logout", "Sign out", Logout(LogoutPage{signedIn("/oauth/logout"), true})},
		{"logout_done", "You are signed out", Logout(LogoutPage{signedOut("/oauth/logout"), false})},
		{"setup_mfa_for_app", "Set up two-step verification", SetupMFA(setup)},
		{"setup_mfa_by_app", "Set up two-step verification", SetupMFA(demanded)},
	}
}

// signedOutPlain is the frame of a page for a visitor of whom nothing is known.
func signedOutPlain(url string) Page {
	return Page{Product: "Twostep", URL: url, Now: now.Truncate(time.Second)}
}
