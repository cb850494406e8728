package handlers_test

import (
	"context"
	"database/sql"
	"net/http"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/passkeytest"
)

// A routeFixture is a site with something at a path of the table of routes.
type routeFixture struct {
	*testSite
	facts  *sql.DB
	admin  *browser
	key    string // of the admin's app
	device *passkeytest.Device
	app    *testApp
}

func newRouteFixture(t *testing.T) *routeFixture {
	site := newSite(t, withPasskeys)
	return newRouteFixtureOn(site)
}

func newRouteFixtureOn(site *testSite) *routeFixture {
	f := &routeFixture{testSite: site, device: &passkeytest.Device{Verifies: true}}
	f.accessRules = accessRules
	f.restartAll()
	f.app = site.addApp()
	f.admin, f.key = site.administrator(ann, auth.RoleAdmin)
	f.openFacts()
	return f
}

// restartAll starts the program again with all features.
func (f *routeFixture) restartAll() {
	f.restart(withPasskeys, withRecovery, func(p *auth.Policy) { p.AdminApproval = true })
}

func (f *routeFixture) openFacts() {
	f.t.Helper()
	var err error
	if f.facts, err = f.openDatabase("?_pragma=busy_timeout(10000)"); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { f.facts.Close() })
}

// at returns who opens a path of the table, and its URL there.
func (f *routeFixture) at(path string) (b *browser, at string) {
	person := func() string {
		f.browser().signUp(bob)
		return f.person(bob)
	}
	other := func() *browser {
		b, _ := f.administrator(dave, auth.RoleAdmin)
		return b
	}
	switch path {
	case "/sign-in":
		f.admin.open("/account/passkeys/add").usePasskey(f.device, "Create a passkey")
		return f.browser(), path
	case "/sign-up", "/forgot-password":
		return f.browser(), path
	case "/account/verify":
		f.wait(11 * time.Minute)
		f.admin.open("/account/sessions").wantHeading("Verification required")
		return f.admin, path
	case "/account/setup-mfa":
		f.restart(func(p *auth.Policy) { p.RequireMFA = true })
		b := f.browser().startSignUp(bob, password)
		b.enterCode(f.lastCode(bob)).wantHeading("Set up two-step verification")
		return b, path
	case "/account/passkeys/:id/remove":
		f.admin.open("/account/passkeys/add").usePasskey(f.device, "Create a passkey")
		return f.admin, f.admin.open("/account/passkeys").link("Remove").AttrOr("href", "")
	case "/account/email/stop":
		f.admin.changeEmail("new@example.org")
		return f.browser(), f.stopPath(ann)
	case "/recovery":
		f.wait(2 * time.Hour)
		b := f.browser().signIn(ann)
		b.follow("I have lost my phone and backup codes").wantHeading("Recover your account")
		return b, path
	case "/recovery/stop":
		if _, err := f.rules.ChangeRole(context.Background(), f.accountID(ann), auth.NoRole); err != nil {
			f.t.Fatal(err)
		}
		f.wait(2 * time.Hour)
		f.browser().recover()
		return f.browser(), stopRecoveryLink.FindString(lastBody(f.messages(ann)))
	case "/invitation":
		return f.browser(), f.invite(carol)
	case "/account/continue/:id":
		f.app.start(f.admin).wantHeading("Continue to Wiki")
		return f.admin, f.admin.url.RequestURI()
	case "/account/handover":
		return f.admin, strings.TrimPrefix(f.admin.check(http.MethodGet, wikiPage).Header.Get("Location"), f.origin)
	case "/admin/approvals/:id":
		other().open(person()+"/delete").fill("Reason", "Asked").press("Request approval").wantText("Requested.")
		return f.admin, f.waiting()
	case "/admin/people/:id/:act/:target":
		account, err := f.rules.AccountOf(context.Background(), auth.UserID(strings.TrimPrefix(person(), "/admin/people/")))
		if err != nil {
			f.t.Fatal(err)
		}
		return f.admin, f.person(bob) + "/sign-out-session/" + string(account.OpenSessions[0].ID)
	case "/admin/*":
		return f.admin, "/admin/nothing"
	}
	if strings.HasPrefix(path, "/account/manage-mfa/phones/") {
		f.admin.addPhone(otherNumber).press("Use for MFA")
		f.admin.addPhone(number)
		if strings.HasSuffix(path, "/default") {
			f.admin.press("Use for MFA").open(pageOf(path))
			return f.admin, f.admin.page.Find("form[action$='/default']").AttrOr("action", "")
		}
		f.admin.open("/account/manage-mfa")
		link := map[bool]string{true: "Use for MFA", false: "Disable for MFA"}[strings.HasSuffix(path, "/use")]
		return f.admin, strings.Replace(path, ":id", f.admin.phoneID(link), 1)
	}
	if rest, ok := strings.CutPrefix(path, "/admin/people/:id"); ok {
		return f.admin, person() + strings.Replace(rest, ":act", "disable", 1)
	}
	path = strings.Replace(path, "/admin/apps/:id", "/admin/apps/"+f.app.id, 1)
	return f.admin, strings.Replace(path, ":act", "disable", 1)
}

// pageOf is the page with the form that posts to a path of the table.
func pageOf(path string) string {
	if path == "/account/manage-mfa/phones/:id/default" {
		return "/account/manage-mfa"
	}
	return "" // the path itself
}

// typed is what the user types into a field that is empty.
func (f *routeFixture) typed(path, field string) string {
	switch {
	case path == "/sign-in" && field == "password", field == "current":
		return password
	case path == "/sign-in" && field == "email", field == "confirm":
		return ann
	case field == "email":
		return "new@example.org"
	case field == "code":
		return f.totpCode(f.key)
	case field == "date", field == "until":
		return f.clock().AddDate(0, 0, 20).Format(time.DateOnly)
	}
	return map[string]string{
		"emails": "new@example.org\r\nother@example.org", "phone": number, "url": wikiPage, "method": "GET",
		"redirect_uris": wikiCallback, "name": "A name", "password": newPassword, "reason": "Asked", "group": "ops", "groups": "ops",
	}[field]
}

// facts are the tables in which a row is a fact about an account, an app or the site.
var facts = []string{
	"users", "account_groups", "invitations", "sessions", "handovers", "host_tokens", "totp", "passkeys", "phones", "backup_codes",
	"audit_events", "settings", "mfa_policies", "mfa_exemptions", "approvals", "recoveries", "notice_emails",
	"apps", "app_secrets", "app_requests WHERE done_at IS NULL", "app_consents", "app_grants", "app_codes", "app_refresh_tokens",
}

var countFacts = "SELECT '' || (SELECT count(*) FROM " + strings.Join(facts, ") || ' ' || (SELECT count(*) FROM ") + ")"

// counts returns the number of rows of each table of facts.
func (f *routeFixture) counts() (all string) {
	f.t.Helper()
	if err := f.facts.QueryRow(countFacts).Scan(&all); err != nil {
		f.t.Fatal(err)
	}
	return all
}

// clearLimits forgets what was counted.
func (f *routeFixture) clearLimits() {
	f.t.Helper()
	if _, err := f.facts.Exec("DELETE FROM rate_limits"); err != nil {
		f.t.Fatal(err)
	}
}
