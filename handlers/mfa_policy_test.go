package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

func longSessions(p *auth.Policy) {
	p.SessionIdle, p.SessionLifetime = 30*24*time.Hour, 30*24*time.Hour
}

// mfaForm posts a button of the MFA policy page by hand.
func (b *browser) mfaForm(action string) int {
	b.t.Helper()
	form := url.Values{"token": {b.open("/account").formToken()}, "action": {action}, "date": {"2027-03-04"}}
	return b.fetch(http.MethodPost, "/admin/mfa", form).status
}

// OP-13: an administrator sets a day. Until then each page announces it; from then on the
// user sets up a factor before anything else, in a session that began before, and does
// not remove the last one.
func TestMFAPolicy_Journey(t *testing.T) {
	site := newSite(t, longSessions)
	b, key := site.administrator(ann, auth.RoleAdmin)
	bobs := site.browser().signUp(bob)
	bobs.open("/account").wantNoText("you need two-step verification")
	b.open("/admin").follow("MFA policy").wantHeading("MFA policy").wantText("No policy").wantText("Nobody")
	b.fill("Date", "2027-02-28").press("Set date").wantError(422).wantText("Enter today or a later day")
	b.fill("Group", "Ops!").fill("Date", "2027-03-04").press("Set date").wantError(422)
	b.fill("Group", "").fill("Date", "2027-03-04").press("Set date").wantHeading("MFA policy").wantText("Date set").wantText("Everyone").wantText("From 4 March 2027").wantText(bob)
	b.fill("Date", "2027-03-05").press("Set date").wantError(422).wantText("earlier day")

	bobs.open("/account").wantText("From 4 March 2027 (UTC) you need two-step verification").wantText("Time left: 3 days")
	bobs.open("/account/sessions").wantText("Time left: 3 days").follow("Set it up").wantHeading("User MFA Settings")
	b.open("/account").wantNoText("Time left")
	b.open("/admin/mfa").press("Remind now").wantText("1 account reminded").press("Remind now").wantText("0 accounts reminded")
	if text := lastBody(site.messages(bob)); !strings.Contains(text, "From 4 March 2027 (UTC)") || !strings.Contains(text, site.origin+"/account/manage-mfa") {
		t.Errorf("the reminder is %s", text)
	}

	site.wait(time.Date(2027, 3, 4, 0, 0, 0, 0, time.UTC).Sub(site.clock()) - time.Second)
	bobs.open("/account").wantHeading("Account").wantText("Time left: 1 day")
	site.wait(time.Second)
	for _, path := range []string{"/account", "/account/password", "/account/sessions", "/account/delete"} {
		bobs.open(path).wantHeading("Set up two-step verification").wantNoText("Time left")
	}
	b.open("/admin/mfa").reauthenticate(key).wantText("Since 4 March 2027")
	bobs.follow("Authenticator application").reauthenticate("").wantHeading("Add TOTP MFA")
	bobKey := bobs.totpKey()
	bobs.press("Verify").enterTOTP(site.totpCode(bobKey)).press("Finish")
	bobs.open("/account").wantHeading("Account").open("/account/manage-mfa").follow("Remove").wantText("You need at least one method")
	b.open("/admin/mfa").wantText("Nobody").press("Remove").wantText("Policy removed").wantText("No policy")
	bobs.open("/account/manage-mfa").follow("Remove").press("Remove").wantHeading("User MFA Settings")
	b.open("/admin/audit").wantText("MFA policy set for everyone: none → 2027-03-04").wantText("MFA policy removed for everyone").wantText("Reminded of MFA")
}

// OP-13: an administrator exempts an account for some days, says why, and ends that.
func TestMFAPolicy_Exempt(t *testing.T) {
	site := newSite(t, longSessions)
	b, _ := site.administrator(ann, auth.RoleAdmin)
	bobs := site.browser().signUp(bob)
	b.open(site.person(bob)).wantNoText("MFA deadline")
	if b.has("Exempt from MFA until") {
		t.Error("an account without a deadline can be exempted")
	}
	b.open("/admin/mfa").fill("Date", "2027-03-01").press("Set date")
	bobs.open("/account").wantHeading("Set up two-step verification")

	b.follow("Exempt").wantHeading("Exempt from MFA until").fill("Date", "2027-06-01").fill("Reason", "New phone").press("Exempt from MFA until").wantError(422).wantText("at most 90 days ahead")
	b.fill("Date", "2027-03-03").press("Exempt from MFA until").wantHeading(bob).wantText("Done").wantText("Exempt until 3 March 2027").wantText("Exempted from MFA until 3 March 2027")
	bobs.open("/account").wantHeading("Account").wantText("From 3 March 2027").open("/account/activity").wantText("Exempted from MFA")
	if text := lastBody(site.messages(bob)); !strings.Contains(text, "exempted your Acme account from two-step verification until 3 March 2027") {
		t.Errorf("the mail is %s", text)
	}
	b.open("/admin/mfa").wantText("Exempt until 3 March 2027").wantText("New phone").wantText("By " + ann)
	b.follow("End exemption").wantHeading("End exemption").fill("Reason", "It has arrived").press("End exemption").wantHeading(bob).wantText("Since 1 March 2027")
	bobs.open("/account").wantHeading("Set up two-step verification")
	b.follow("Exempt from MFA until").fill("Date", "2027-03-02").fill("Reason", "It was broken").press("Exempt from MFA until").wantHeading(bob)
	bobs.open("/account").wantHeading("Account")
	site.wait(15 * time.Hour)
	bobs.open("/account").wantHeading("Set up two-step verification")
}

// OP-03, OP-04, OP-09: others only see the page, masked for a viewer; an administrator acts
// with a recent second factor, and what was entered stays.
func TestMFAPolicy_Roles(t *testing.T) {
	site := newSite(t)
	bobs := site.browser().signUp(bob)
	b, key := site.administrator(ann, auth.RoleAdmin)
	b.open("/admin/mfa").fill("Date", "2027-03-09").press("Set date")
	other, _ := site.administrator(carol, auth.RoleSupport)
	other.open("/admin/mfa").wantText(bob)
	for _, role := range []auth.Role{auth.RoleSupport, auth.RoleViewer} {
		if _, err := site.rules.ChangeRole(t.Context(), site.accountID(carol), role); err != nil {
			t.Fatal(err)
		}
		other.open("/admin/mfa").wantText("Everyone")
		for _, button := range []string{"Set date", "Remove", "Remind now", "Exempt"} {
			if other.has(button) {
				t.Errorf("%s is shown to %s", button, role)
			}
		}
		for _, action := range []string{"set", "remove:", "remind"} {
			if status := other.mfaForm(action); status != 404 {
				t.Errorf("%s as %s: %d", action, role, status)
			}
		}
	}
	other.open("/admin/mfa").wantText("b•••@example.org").wantNoText(bob)
	if status := b.mfaForm("removed"); status != 422 {
		t.Errorf("an unknown button: %d", status)
	}

	site.wait(11 * time.Minute)
	b.open("/admin/mfa").wantHeading("MFA policy").fill("Group", "ops").fill("Date", "2027-03-05").press("Set date").reauthenticate(key).wantHeading("MFA policy")
	if b.field("Date").AttrOr("value", "") != "2027-03-05" || b.field("Group").AttrOr("value", "") != "ops" {
		t.Error("what was entered is lost")
	}
	if n := site.queryInt(`SELECT count(*) FROM mfa_policies`); n != 1 {
		t.Errorf("%d policies", n)
	}
	b.press("Set date").wantText("Group ops").wantText("From 5 March 2027")

	if _, err := site.rules.ChangeRole(t.Context(), site.accountID(bob), auth.RoleViewer); err != nil {
		t.Fatal(err)
	}
	bobs.open("/account").wantText("Time left").open("/admin").wantHeading("Set up two-step verification").wantNoText("Time left")
}

// OP-13: when the day has come, apps behind forward auth are closed to a browser that has
// used them before, until the user has set up a second factor.
func TestMFAPolicy_Apps(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(bob)
	b.wantApp(b.goTo(wikiPage), wikiPage)
	if err := site.rules.SetMFAPolicy(t.Context(), auth.Operator{}, auth.MFAPolicy{Day: site.clock().Truncate(24 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if response := b.check("GET", wikiPage, notNavigating); response.StatusCode != 401 {
		t.Errorf("the app is still open: %d", response.StatusCode)
	}
	if b.goTo(wikiPage) != nil {
		t.Error("the app is still open")
	}
	b.wantHeading("Set up two-step verification").wantText("Acme requires two-step verification")
	b.addTOTP()
	b.wantApp(b.goTo(wikiPage), wikiPage)
}
