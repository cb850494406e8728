package handlers_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/handlers"
	"twostep/views"
)

const (
	bob   = "bob@example.org"
	carol = "carol@example.org"
)

// administrator returns a browser of an account with a role and a second factor.
func (site *testSite) administrator(email string, role auth.Role) (b *browser, key string) {
	site.t.Helper()
	b = site.browser().signUp(email)
	key, _ = b.addTOTP()
	if _, err := site.rules.ChangeRole(context.Background(), site.accountID(email), role); err != nil {
		site.t.Fatal(err)
	}
	return b, key
}

// tokenHashes returns every hash of a token or backup code, and every passkey handle.
func (site *testSite) tokenHashes() (all []string) {
	site.t.Helper()
	site.withDatabase(readOnly, func(file *sql.DB) error {
		rows, err := file.Query(`
			SELECT token_hash FROM sessions
			UNION ALL SELECT token_hash FROM known_devices
			UNION ALL SELECT hash FROM backup_codes
			UNION ALL SELECT passkey_handle FROM users`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var hash string
			if err := rows.Scan(&hash); err != nil {
				return err
			}
			all = append(all, hash)
		}
		return rows.Err()
	})
	if len(all) < 10 {
		site.t.Fatalf("only %d hashes", len(all))
	}
	return all
}

// adminPages lists the lowest role for each page and act, whose account is ID.
var adminPages = map[string]auth.Role{
	"/admin/mfa": auth.RoleViewer, "/admin/people/ID/exempt": auth.RoleAdmin, "/admin/people/ID/end-exemption": auth.RoleAdmin,
	"/admin": auth.RoleViewer, "/admin/people": auth.RoleViewer, "/admin/people/ID": auth.RoleViewer, "/admin/audit": auth.RoleViewer, "/admin/approvals/REQUEST": auth.RoleAdmin,
	"/admin/people.csv": auth.RoleViewer, "/admin/audit.csv": auth.RoleViewer, "/admin/invitations": auth.RoleViewer, "/admin/audit.ndjson": auth.RoleViewer, "/admin/settings": auth.RoleAdmin,
	"/admin/access":           auth.RoleViewer,
	"/admin/people/ID/unlock": auth.RoleSupport, "/admin/people/ID/sign-out": auth.RoleSupport,
	"/admin/people/ID/delayed-reset": auth.RoleSupport, "/admin/people/ID/refuse-recovery": auth.RoleAdmin,
	"/admin/people/ID/reset-mfa": auth.RoleAdmin, "/admin/people/ID/require-password": auth.RoleAdmin, "/admin/people/ID/reset-password": auth.RoleAdmin,
	"/admin/people/ID/disable": auth.RoleAdmin, "/admin/people/ID/enable": auth.RoleAdmin, "/admin/people/ID/groups": auth.RoleAdmin, "/admin/people/ID/delete": auth.RoleAdmin,
	"/admin/people/ID/sign-out-session/SESSION": auth.RoleSupport, "/admin/people/ID/remove-factor/totp": auth.RoleAdmin,
}

// buttonOf is what the form of an act posts.
func buttonOf(page string) string {
	_, act, _ := strings.Cut(page, "/ID/")
	act, _, _ = strings.Cut(act, "/")
	return act
}

// OP-03, OP-09: each page and act in each role. What is not allowed is neither shown nor done
// when it is posted by hand, and no page or file has a secret of an account.
func TestAdmin_Roles(t *testing.T) {
	for _, act := range append([]views.Act{views.SaveGroups}, views.Acts...) {
		if _, listed := adminPages["/admin/people/ID/"+act.Path]; !listed {
			t.Errorf("%s is not in the table", act.Path)
		}
	}
	for _, act := range views.TargetActs {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(adminPages)), func(page string) bool { return buttonOf(page) == act.Path }) {
			t.Errorf("%s is not in the table", act.Path)
		}
	}
	for path := range handlers.RoutePaths() {
		if path == views.DownloadURL { // see TestDownload_Approval
			continue
		}
		name := strings.NewReplacer("approvals/:id", "approvals/REQUEST", ":id", "ID").Replace(path)
		_, listed := adminPages[name]
		if _, app := adminAppPages[name]; strings.HasPrefix(path, "/admin") && !listed && !app && !strings.Contains(path, ":act") && path != "/admin/*" {
			t.Errorf("%s is not in the table", path)
		}
	}
	for _, role := range []auth.Role{auth.NoRole, auth.RoleViewer, auth.RoleSupport, auth.RoleAdmin} {
		t.Run(role.String(), func(t *testing.T) {
			t.Parallel()
			site := newSite(t, withRecovery)
			b, _ := site.administrator(ann, role)
			_, key := site.administrator(bob, auth.NoRole)
			secrets := append(site.tokenHashes(), strings.ReplaceAll(key, " ", ""))
			id := string(site.accountID(bob))
			account, err := site.rules.AccountOf(t.Context(), auth.UserID(id))
			if err != nil {
				t.Fatal(err)
			}
			site.browser().signUp(dave)
			if _, err := site.rules.ChangeRole(t.Context(), site.accountID(dave), auth.RoleAdmin); err != nil {
				t.Fatal(err)
			}
			site.exec(`
				INSERT INTO approvals (id, user_id, action, target, requested_by, reason, requested_at, expires_at)
				VALUES ('request', $1, 'operator_removed_factor', 'another', $2, 'lost', 0, $3)`,
				id, site.accountID(dave), site.clock().Add(time.Hour).UnixMilli())
			at := strings.NewReplacer("ID", id, "SESSION", string(account.OpenSessions[0].ID), "REQUEST", "request").Replace
			before := site.accountData()
			for page, lowest := range adminPages {
				path, button := at(page), buttonOf(page)
				got := b.fetchRaw("GET", path, nil)
				status := got.status
				for _, secret := range secrets {
					if strings.Contains(got.body, secret) {
						t.Errorf("%s has the secret %s", page, secret)
					}
				}
				if allowed := status == 200; allowed != (role >= lowest) || !allowed && status != 404 {
					t.Errorf("%s: %d", page, status)
				}
				if strings.HasSuffix(page, "REQUEST") {
					button = "approve"
				}
				if role >= lowest || button == "" {
					continue
				}
				form := url.Values{"token": {b.open("/account").formToken()}, "action": {button}, "reason": {"by hand"}, "groups": {"ops"}}
				if status := b.fetch("POST", path, form).status; status != 404 {
					t.Errorf("POST %s: %d", page, status)
				}
				if role > auth.NoRole && b.open("/admin/people/"+id).has(views.Act{Path: button}.Path) {
					t.Errorf("%s is shown", page)
				}
			}
			for page := range adminPages { // by those who may, all without a reason
				if role < adminPages[page] || buttonOf(page) == "" {
					continue
				}
				form := url.Values{"token": {b.open("/account").formToken()}, "action": {buttonOf(page)}}
				if status := b.fetch("POST", at(page), form).status; status != 422 {
					t.Errorf("POST %s without a reason: %d", page, status)
				}
			}
			site.wantAccountData(before)
			if has := b.open("/account").has("Administration"); has != (role > auth.NoRole) {
				t.Errorf("the link is shown: %v", has)
			}
		})
	}
}

// A button that the form does not have does nothing.
func TestAdmin_UnknownButton(t *testing.T) {
	site := newSite(t, withRecovery, func(p *auth.Policy) { p.AdminApproval = true })
	b, _ := site.administrator(ann, auth.RoleAdmin)
	site.administrator(bob, auth.NoRole)
	account, err := site.rules.AccountOf(t.Context(), site.accountID(bob))
	if err != nil {
		t.Fatal(err)
	}
	people := strings.NewReplacer("ID", string(account.ID), "SESSION", string(account.OpenSessions[0].ID))
	var paths []string
	for page := range adminPages {
		if !strings.HasSuffix(page, "REQUEST") {
			paths = append(paths, people.Replace(page))
		}
	}
	for page := range adminAppPages {
		paths = append(paths, strings.Replace(page, "ID", site.addApp().id, 1))
	}
	posted := 0
	for _, path := range append(paths, views.DownloadURL, "/recovery/stop") {
		got := b.fetch("POST", path, url.Values{"token": {b.open("/account").formToken()}, "action": {"no-such-button"}})
		if got.status == http.StatusNotFound {
			continue // the page has no form
		}
		if posted++; got.status != 422 || !strings.Contains(got.text(), "That option is not available") {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if posted < 28 {
		t.Errorf("%d forms", posted)
	}
}

// OP-01, OP-02: to others the pages do not exist, in status, headers and body, whatever the
// method is; also to admins outside the networks.
func TestAdmin_DoesNotExist(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	same := func(method string, b *browser, form url.Values) {
		t.Helper()
		want := b.describe(method, "/nowhere/people", form)
		for _, path := range []string{"/admin", "/admin/people", "/admin/people/x", "/admin/mfa", "/admin/settings", "/admin/other", "/admin/people/x/unlock"} {
			if got := b.describe(method, path, form); got != want {
				t.Errorf("%s %s:\n%s\nwant\n%s", method, path, got, want)
			}
		}
	}
	same("GET", b, nil)
	same("PUT", b, nil)
	same("POST", b, url.Values{"action": {"unlock"}})
	same("POST", b, url.Values{"action": {"unlock"}, "token": {b.open("/account").formToken()}})
	for _, path := range []string{"/admin", "/admin/people", "/admin/nowhere"} {
		if to := site.browser().request("GET", path, nil, nil).Header.Get("Location"); !strings.HasSuffix(to, "/sign-in?next="+url.QueryEscape(path)) {
			t.Errorf("signed out, %s leads to %q", path, to)
		}
	}
	site.admins = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	site.restart()
	admin, _ := site.administrator(bob, auth.RoleAdmin)
	same("GET", admin, nil)
	if admin.open("/account").has("Administration") {
		t.Error("a page outside the networks has the link")
	}
	admin.from("10.1.2.3:4711").open("/admin").wantHeading("Overview")
}

var requestSpecific = regexp.MustCompile(`quote\s+[a-z2-7]{12}|name="token" value="[^"]*"|/(nowhere|admin)[a-z/]*|%2F(nowhere|admin)[%0-9A-Za-z]*`)

// describe returns what a response shows, except the address itself.
func (b *browser) describe(method, path string, form url.Values) string {
	response := b.fetchRaw(method, path, form)
	var lines []string
	for name, values := range response.header {
		if name != "Date" && name != "Content-Length" && name != "Set-Cookie" {
			lines = append(lines, name+": "+strings.Join(values, ","))
		}
	}
	slices.Sort(lines)
	return strconv.Itoa(response.status) + "\n" + requestSpecific.ReplaceAllString(strings.Join(lines, "\n")+response.body, "…")
}

// OP-04: a second factor within an hour to view and ten minutes to act, whatever the site's
// own policy is. Without a second factor its set-up comes first.
func TestAdmin_Freshness(t *testing.T) {
	site := newSite(t)
	site.restart(func(p *auth.Policy) { p.Reauth = auth.ReauthPresets["lax"] })
	b, key := site.administrator(ann, auth.RoleAdmin)
	site.browser().signUp(bob)
	page := "/admin/people/" + string(site.accountID(bob))
	site.wait(11 * time.Minute)
	b.open(page).wantHeading(bob).follow("Sign out everywhere").wantHeading("Verification required")
	b.reauthenticate(key).wantHeading("Sign out everywhere")
	b.fill("Reason", "Stolen laptop")
	site.wait(11 * time.Minute)
	b.press("Sign out everywhere").wantHeading("Verification required")
	b.reauthenticate(key).wantHeading("Sign out everywhere")
	if b.field("Reason").AttrOr("value", "") != "Stolen laptop" {
		t.Error("the reason is lost")
	}
	if n := site.queryInt(`SELECT count(*) FROM audit_events WHERE type = 'operator_signed_out'`); n != 0 {
		t.Error("the act was done without a recent second factor")
	}
	b.press("Sign out everywhere").wantHeading(bob).wantText("Done")
	for range 2 {
		site.wait(31 * time.Minute)
		b.open("/account")
	}
	b.open(page).wantHeading("Verification required")

	carols := site.browser().signUp(carol)
	if _, err := site.rules.ChangeRole(t.Context(), site.accountID(carol), auth.RoleViewer); err != nil {
		t.Fatal(err)
	}
	carols.open("/admin/people").wantHeading("Set up two-step verification")
}

// OP-05: after everything that ends the right to a page, the next request is refused, even
// from a form that was shown before and with the old cookie.
func TestAdmin_Ends(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(bob)
	page := site.person(bob) + "/sign-out"
	for i, end := range []struct {
		name   string
		end    func(b *browser, id auth.UserID) error
		status int // of the next request
	}{
		{"a role that ends", func(_ *browser, id auth.UserID) error {
			_, err := site.rules.ChangeRole(t.Context(), id, auth.NoRole)
			return err
		}, 404},
		{"a lower role", func(_ *browser, id auth.UserID) error {
			_, err := site.rules.ChangeRole(t.Context(), id, auth.RoleViewer)
			return err
		}, 404},
		{"a disabled account", func(_ *browser, id auth.UserID) error {
			_, err := site.rules.Operate(t.Context(), auth.Operator{}, auth.Disable, id)
			return err
		}, 303},
		{"an ended session", func(_ *browser, id auth.UserID) error {
			_, err := site.rules.CarryOut(t.Context(), auth.Operator{}, auth.Act{Action: auth.EndOneSession, User: id, Target: site.sessionOf("admin3@example.org")})
			return err
		}, 303},
		{"a sign-out", func(b *browser, _ auth.UserID) error {
			b.open("/account").press("Sign out")
			return nil
		}, 303},
		{"a deleted account", func(_ *browser, id auth.UserID) error {
			_, err := site.rules.Operate(t.Context(), auth.Operator{}, auth.Delete, id)
			return err
		}, 303},
	} {
		email := fmt.Sprint("admin", i, "@example.org")
		b, _ := site.administrator(email, auth.RoleSupport)
		form := b.open(page).wantHeading("Sign out everywhere").fill("Reason", "by the old form")
		if err := end.end(b.clone(), site.accountID(email)); err != nil {
			t.Fatalf("%s: %v", end.name, err)
		}
		if status := form.fetch("GET", page, nil).status; status != end.status {
			t.Errorf("%s: the page has status %d", end.name, status)
		}
		form.press("Sign out everywhere")
	}
	if n := site.queryInt(`SELECT count(*) FROM audit_events WHERE reason = 'by the old form'`); n != 0 {
		t.Errorf("%d acts were done", n)
	}
}

// OP-05, OP-06, OP-07: an act is done once, recorded with actor and reason, and the owner
// is notified. A role that ends closes the pages with the next request; nobody acts on
// themselves or on a higher role.
func TestAdmin_Acts(t *testing.T) {
	site := newSite(t)
	b, _ := site.administrator(ann, auth.RoleAdmin)
	support, _ := site.administrator(carol, auth.RoleSupport)
	bobs := site.browser().signUp(bob)
	person := func(email string) string { return "/admin/people/" + string(site.accountID(email)) }
	b.open("/admin").wantHeading("Overview").follow("People").wantHeading("People").follow(bob).wantHeading(bob).follow("Disable").wantHeading("Disable")
	b.fill("Reason", "x").press("Disable").wantHeading("Disable").wantText("Enter a reason")
	b.fill("Reason", "Left the company").press("Disable").wantHeading(bob).wantText("Done").wantText("Disabled").wantText("Left the company").wantText("By " + ann)
	if bobs.open("/account").page.Heading() != "Sign in" {
		t.Error("the account is still signed in")
	}
	site.deliver()
	if mails := site.messages(bob); !slices.ContainsFunc(mails, func(m message) bool { return strings.Contains(m.body, "disabled") }) {
		t.Error("the owner was not notified")
	}
	b.follow("Save groups").fill("Groups", "ops wiki").fill("Reason", "New team").press("Save groups").wantHeading(bob).wantText("Done").wantText("ops, wiki")
	site.deliver()
	for _, group := range []string{"ops", "wiki"} {
		if mails := site.messages(bob); !slices.ContainsFunc(mails, func(m message) bool { return strings.Contains(m.body, "account to the group "+group) }) {
			t.Errorf("the owner was not notified of the group %s", group)
		}
	}
	b.follow("Save groups").fill("Reason", "No change").press("Save groups").wantText("There was nothing to do")
	b.open("/admin/audit").wantText("Left the company").open("/admin/audit?event=operator_disabled").wantText("Left the company").wantNoText("New team")

	for _, page := range []string{person(ann), person(carol)} { // a higher role, and the own account
		support.open(page)
		if support.has("Sign out everywhere") || support.fetch(http.MethodGet, page+"/sign-out", nil).status != 404 {
			t.Errorf("support may act on %s", page)
		}
	}
	if _, err := site.rules.ChangeRole(t.Context(), site.accountID(carol), auth.NoRole); err != nil {
		t.Fatal(err)
	}
	if status := support.fetch(http.MethodGet, "/admin/people", nil).status; status != 404 {
		t.Errorf("without a role: %d", status)
	}
	b.open(person(bob)).follow("Delete account").fill("Reason", "Asked by mail").press("Delete account").wantHeading("People").wantNoText(bob)
	b.open("/admin/audit").wantText("Asked by mail")
	b.open("/account/delete").fill("Type your email address to confirm", ann).press("Delete account").wantText("This is the only admin")
}

// OP-09: a viewer reads no whole email address.
func TestAdmin_Viewer(t *testing.T) {
	site := newSite(t)
	b, _ := site.administrator(ann, auth.RoleViewer)
	site.browser().signUp(bob)
	id := site.accountID(bob)
	if _, err := site.rules.Operate(t.Context(), auth.Operator{Reason: "asked " + bob}, auth.SignOutEverywhere, id); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"/admin/people", "/admin/people/" + string(id), "/admin/audit"} {
		if b.open(page).wantText("b•••@example.org"); strings.Contains(b.text(), bob) {
			t.Errorf("%s shows the email address", page)
		}
	}
	b.open("/admin/people?q=bo").wantNoText("b•••").open("/admin/people?q=" + bob).wantText("b•••")
}

// Settings change without a restart; what a flag sets cannot be changed.
func TestAdmin_Settings(t *testing.T) {
	site := newSite(t)
	site.restart(func(p *auth.Policy) { p.Fixed = map[auth.Setting]string{auth.SettingReverify: "--reverify"} })
	b, _ := site.administrator(ann, auth.RoleAdmin)
	b.open("/admin").follow("Settings").wantHeading("Settings").wantText("Set by --reverify")
	b.must(b.field("Sign-up open"), nil)
	form := url.Values{"token": {b.formToken()}, "action": {"save"}, "totp": {"1"}, "backup_code": {"1"}}
	b.load("POST", "/admin/settings", form).wantHeading("Settings").wantText("Settings saved")
	if len(site.log.linesWith("msg=site", "event="+string(auth.SettingChanged), "actor=")) == 0 {
		t.Error("the change is not logged")
	}
	if site.browser().fetch("GET", "/sign-up", nil).status != 404 {
		t.Error("sign-up is still open")
	}
	b.open("/admin/audit").wantText("sign-up: open → closed")
	form = url.Values{"token": {b.open("/admin/settings").formToken()}, "action": {"save"}}
	b.load("POST", "/admin/settings", form).wantStatus(422).wantText("Leave passkeys")
}

// An outdated form of the settings does not overwrite another admin's change. It is shown again
// with what its user has chosen, and otherwise with the values in force.
func TestAdmin_StaleSettings(t *testing.T) {
	site := newSite(t)
	anns, _ := site.administrator(ann, auth.RoleAdmin)
	daves, _ := site.administrator(dave, auth.RoleAdmin)
	form := func(b *browser, change func(url.Values)) url.Values {
		_, values := b.form(b.button("Save"))
		values.Set("action", "save")
		change(values)
		return values
	}
	anns.open("/admin/settings").wantText("2 accounts have no other second factor").wantText("No account has only this second factor")
	daves.open("/admin/settings")
	later := form(daves, func(v url.Values) { v.Del("sms"); v.Set("reverify", "lax") })
	anns.load("POST", "/admin/settings", form(anns, func(v url.Values) { v.Del("sign-up"); v.Set("reverify", "moderate") })).wantText("Settings saved")
	daves.load("POST", "/admin/settings", later).wantError(422).wantText("Somebody else has changed the settings")
	if p := site.rules.Policy(); p.SignUpOpen || p.Reauth != auth.ReauthPresets["moderate"] {
		t.Errorf("the other admin's change is overwritten: %+v", p)
	}
	checked := func(id string) bool { _, has := daves.page.Find("#" + id).Attr("checked"); return has }
	chosen := daves.page.Find("#reverify option[selected]").AttrOr("value", "")
	if checked("sign-up") || checked("sms") || !checked("totp") || chosen != "lax" {
		t.Errorf("the form shows sign-up %v, SMS %v, app %v, %s", checked("sign-up"), checked("sms"), checked("totp"), chosen)
	}
	daves.load("POST", "/admin/settings", form(daves, func(v url.Values) { v.Set("reverify", chosen) })).wantText("Settings saved")
	if p := site.rules.Policy(); p.SignUpOpen || p.Reauth != auth.ReauthPresets["lax"] || p.Allows(auth.PhoneCode) {
		t.Errorf("the second time: %+v", p)
	}
}

// A forged form of an administrator is refused as any other is.
func TestAdmin_ForgedForm(t *testing.T) {
	site := newSite(t)
	admin, _ := site.administrator(ann, auth.RoleAdmin)
	site.browser().signUp(bob)
	token := admin.open("/admin/settings").page.Find("input[name=token]").First().AttrOr("value", "")
	disable := "/admin/people/" + string(site.accountID(bob)) + "/disable"
	for path, form := range map[string]url.Values{
		"/admin/settings": {"action": {"save"}, "require-mfa": {"on"}},
		disable:           {"action": {"disable"}, "reason": {"forged"}},
	} {
		for name, attack := range map[string]struct {
			token  string
			header map[string]string
		}{
			"no token":         {"", nil},
			"cross-site":       {token, map[string]string{"Sec-Fetch-Site": "cross-site"}},
			"a foreign origin": {token, map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}},
			"as plain text":    {token, map[string]string{"Content-Type": "text/plain"}},
		} {
			form.Set("token", attack.token)
			if got := admin.clone().request(http.MethodPost, path, form, attack.header).StatusCode; got != http.StatusForbidden {
				t.Errorf("%s, %s: %d", path, name, got)
			}
		}
	}
	if site.rules.Policy().RequireMFA {
		t.Error("a setting was changed")
	}
	admin.open(disable).wantHeading("Disable") // and not yet disabled
}
