package handlers_test

import (
	"testing"
	"time"

	"twostep/auth/oidc"
)

// OI-44, OI-26: a user sees where the account is used, and ends the access of an app, which
// then has to ask again.
func TestConnectedApps(t *testing.T) {
	site := newSite(t)
	b, app := site.browser().signUp(ann), site.addApp()
	b.open("/account/apps").wantText("You have not signed in to any app")
	app.start(b, "scope", "openid email offline_access").press("Continue")
	tokens := app.tokens(app.wantReturned(b, ""))
	b.open("/account/sessions").wantText("Signed in to Wiki")
	b.open("/account").follow("Connected apps").wantHeading("Connected apps").wantText("Wiki").wantText("Your email address")
	b.press("Disconnect").wantText("App disconnected").wantText("You have not signed in to any app")
	if app.userInfo(tokens.AccessToken) != nil || app.refresh(tokens.RefreshToken).Error != oidc.InvalidGrant {
		t.Error("the app still has access")
	}
	app.start(b, "scope", "openid email offline_access").wantHeading("Continue to Wiki")
	b.open("/account/activity").wantText("Wiki disconnected").wantText("Signed in to Wiki for the first time")
	b.open("/account/sessions").wantNoText("Signed in to Wiki")
	site.wait(11 * time.Minute)
	b.open("/account/apps").wantHeading("Verification required")
}
