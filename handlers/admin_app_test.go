package handlers_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/views"
)

// adminAppPages lists the lowest role for each page and act, whose app is ID.
var adminAppPages = map[string]auth.Role{
	"/admin/apps": auth.RoleViewer, "/admin/apps/ID": auth.RoleViewer, "/admin/apps/ID/check": auth.RoleViewer,
	"/admin/apps/add": auth.RoleAdmin, "/admin/apps/ID/edit": auth.RoleAdmin, "/admin/apps/ID/secret": auth.RoleAdmin, "/admin/apps/ID/end-secret": auth.RoleAdmin,
	"/admin/apps/ID/disable": auth.RoleAdmin, "/admin/apps/ID/enable": auth.RoleAdmin, "/admin/apps/ID/remove": auth.RoleAdmin,
}

// lastPart is the value of the button of most pages.
func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// OP-03: each page and act in each role. What is not allowed is neither shown nor done when it
// is posted by hand; what is allowed asks for a reason or an app.
func TestAdminApps_Roles(t *testing.T) {
	for _, act := range views.AppActs {
		if _, listed := adminAppPages["/admin/apps/ID/"+act.Path]; !listed {
			t.Errorf("%s is not in the table", act.Path)
		}
	}
	site := newSite(t)
	app := site.addApp()
	if found, err := site.apps.App(t.Context(), app.id); err != nil {
		t.Fatal(err)
	} else if _, err := site.apps.NewSecret(t.Context(), auth.Operator{}, found, false); err != nil {
		t.Fatal(err)
	}
	before := site.appState(app.id)
	for role, email := range map[auth.Role]string{auth.NoRole: ann, auth.RoleViewer: bob, auth.RoleSupport: carol, auth.RoleAdmin: "dan@example.org"} {
		b, _ := site.administrator(email, role)
		token := b.open("/account").formToken()
		for page, lowest := range adminAppPages {
			path, allowed := strings.Replace(page, "ID", app.id, 1), role >= lowest
			if status := b.fetch("GET", path, nil).status; (status == 200) != allowed || !allowed && status != 404 {
				t.Errorf("%s: %s: %d", role, page, status)
			}
			if lastPart(page) == "apps" || lastPart(page) == "ID" {
				continue
			}
			want, form := 422, url.Values{"token": {token}, "action": {map[string]string{"edit": "save"}[lastPart(page)]}, "version": {"1"}}
			if form.Get("action") == "" {
				form.Set("action", lastPart(page))
			}
			if !allowed {
				want = 404
				form.Set("reason", "by hand")
			}
			if status := b.fetch("POST", path, form).status; status != want {
				t.Errorf("%s: POST %s: %d, want %d", role, page, status, want)
			}
		}
		if role > auth.NoRole {
			if shown := b.open("/admin/apps").has("Add an app"); shown != (role == auth.RoleAdmin) {
				t.Errorf("%s: the link to add an app is shown: %v", role, shown)
			}
			b.follow("Wiki").wantHeading("Wiki")
			for _, link := range []string{"Edit", "New secret", "Disable", "Remove"} {
				if b.has(link) != (role == auth.RoleAdmin) {
					t.Errorf("%s: %s is shown: %v", role, link, b.has(link))
				}
			}
		}
	}
	if after := site.appState(app.id); after != before {
		t.Errorf("the app was changed:\n%s\n%s", before, after)
	}
	if n := site.queryInt(`SELECT count(*) FROM apps`); n != 1 {
		t.Errorf("%d apps", n)
	}
}

// appState describes an app.
func (site *testSite) appState(id string) string {
	site.t.Helper()
	app, err := site.apps.App(site.t.(*testing.T).Context(), id)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		site.t.Fatal(err)
	}
	return strings.Join([]string{app.Name, string(app.Kind), strings.Join(app.RedirectURIs, " "), strings.Join(app.SecretHashes, " "), map[bool]string{true: "disabled"}[app.Disabled]}, "\n")
}

// secretShown returns the secret on the page.
func (b *browser) secretShown() string {
	b.t.Helper()
	return b.wantHeading("Client secret").page.Find(".key code").Text()
}

// accepts reports whether an app can authenticate with a secret.
func (site *testSite) accepts(id, secret string) bool {
	_, err := site.apps.Authenticate(site.t.(*testing.T).Context(), auth.Client{}, oidc.Credentials{Form: url.Values{"client_id": {id}, "client_secret": {secret}}})
	return err == nil
}

const wikiCallback = "https://wiki.example/callback"

// An app is added once, however often its form is posted, and its secret is on one page only
// (OI-16): not in the database, the cookie, the log, or a page that is opened later.
func TestAdminApps_Add(t *testing.T) {
	site := newSite(t)
	b, _ := site.administrator(ann, auth.RoleAdmin)
	b.open("/admin").follow("Apps").wantText("No app is registered").follow("Add an app").wantHeading("Add an app")
	b.fill("Name", "<b>Wiki</b>").fill("Redirect URIs", "javascript:alert(1)").press("Add").wantStatus(422).wantText("must use https")
	b.fill("Redirect URIs", wikiCallback+"#x").press("Add").wantStatus(422).wantText(`"` + wikiCallback + `#x" must not have a fragment (#)`)
	b.fill("Redirect URIs", wikiCallback).fill("Kind", "native").fill("Trusted", "1").press("Add").wantStatus(422).wantText("Only a web app can be trusted")
	b.fill("Kind", "web").fill("Unused refresh tokens are valid for", "soon").press("Add").wantStatus(422).wantText("Unused (idle) refresh tokens must be valid for more than zero")
	b.fill("Unused refresh tokens are valid for", "1h").fill("Redirect URIs", wikiCallback+"\r\n\r\n https://wiki.example/other ").fill("Groups", "ops, staff")
	path, form := b.form(b.button("Add"))
	secret := b.press("Add").wantStatus(200).wantText("<b>Wiki</b> was added").wantText("https://id.example.org/.well-known/openid-configuration").secretShown()
	id := form.Get("id")
	if got := b.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("the page with the secret can be stored: %q", got)
	}
	if !site.accepts(id, secret) {
		t.Error("the app cannot use its secret")
	}
	if strings.Contains(site.log.String(), secret) || len(secret) != auth.AppSecretLength {
		t.Errorf("the secret %q is in the log", secret)
	}
	if again := b.load("POST", path, form).secretShown(); again != secret { // as on a slow line
		t.Errorf("posted twice, the secret is %q, not %q", again, secret)
	}
	other := url.Values{}
	for name, values := range form {
		other[name] = values
	}
	other.Set("name", "Notes") // after Back
	if b.load("POST", path, other).secretShown() == secret {
		t.Error("another app has the same secret")
	}
	site.wait(2 * time.Minute)
	b.load("POST", path, form).wantHeading("<b>Wiki</b>").wantText("This app was added already").wantNoText(secret)
	if n := site.queryInt(`SELECT count(*) FROM apps`); n != 2 {
		t.Errorf("%d apps", n)
	}
	b.wantText("ops, staff").wantText(wikiCallback + " https://wiki.example/other").wantText("2160h, unused ones 1h").wantText("Trusted")
	for _, page := range []string{"/admin/apps", views.AppURL(id), views.AppURL(id) + "/edit", views.AppURL(id) + "/secret", "/admin/audit", path} {
		if strings.Contains(b.open(page).body, secret) || strings.Contains(b.body, secretHash(secret)) {
			t.Errorf("%s shows the secret", page)
		}
	}
	b.open("/admin/audit").wantText("App added: <b>Wiki</b> (" + id + "): name none → <b>Wiki</b>; kind none → web; redirect + " + wikiCallback).wantText("By " + ann)

	b.open("/admin/apps/add").fill("Name", "At once").fill("Redirect URIs", wikiCallback)
	path, form = b.form(b.button("Add"))
	if shown := b.secretsOfTwenty(path, form); len(shown) != 1 || shown[""] != 0 || site.queryInt(`SELECT count(*) FROM apps WHERE name = 'At once'`) != 1 {
		t.Errorf("twenty posts show %v", shown)
	}

	b.open("/admin/apps/add").fill("Name", "Phone").fill("Kind", "native").fill("Redirect URIs", "com.example.phone:/callback").press("Add").wantHeading("Phone").wantText("App added").wantNoText("Valid secrets")
	if b.has("New secret") {
		t.Error("a native app can have a secret")
	}
	b.open("/admin/apps/add").fill("Name", strings.Repeat("x", 65)).press("Add").wantStatus(422).wantText("The name must have 1 to 64 printable characters")
}

// secretsOfTwenty posts a form twenty times at once, and counts the secrets that are shown.
// A response that leads on shows none, which is "", and any other one its status.
func (b *browser) secretsOfTwenty(path string, form url.Values) map[string]int {
	shown := map[string]int{}
	var mu sync.Mutex
	var end sync.WaitGroup
	for range 20 {
		end.Go(func() {
			status, _, body := b.post(path, form)
			_, secret, found := strings.Cut(body, `<code class="uri">`)
			mu.Lock()
			defer mu.Unlock()
			if found {
				secret = secret[:auth.AppSecretLength]
			} else if status != http.StatusSeeOther {
				secret = http.StatusText(status)
			}
			shown[secret]++
		})
	}
	end.Wait()
	return shown
}

// secretHash is the secret as it is stored.
func secretHash(secret string) string { return auth.Token(secret).Hash() }

// Two secrets are valid while one is replaced. A form that is posted twice, or by two admins at
// once, makes one and ends no other one.
func TestAdminApps_Secrets(t *testing.T) {
	site := newSite(t)
	app := site.addApp()
	b, _ := site.administrator(ann, auth.RoleAdmin)
	other, _ := site.administrator(bob, auth.RoleAdmin)
	want := func(secrets map[string]bool) {
		t.Helper()
		for secret, valid := range secrets {
			if site.accepts(app.id, secret) != valid {
				t.Errorf("the secret %q is valid: %v", secret, !valid)
			}
		}
	}
	page := views.AppURL(app.id)
	if b.open(page).has("End previous secret") {
		t.Error("the only secret can be ended")
	}
	b.follow("New secret").press("New secret").wantStatus(422).wantText("Enter a reason").fill("Reason", "It is old")
	path, form := b.form(b.button("New secret"))
	other.open(path).fill("Reason", "At the same time")
	first := b.press("New secret").secretShown()
	if again := b.load("POST", path, form).secretShown(); again != first {
		t.Errorf("posted twice: %q, not %q", again, first)
	}
	other.press("New secret").wantStatus(422).wantText("Somebody else has changed this app")
	want(map[string]bool{app.secret: true, first: true})
	b.open(path).wantNoText(first)
	site.wait(2 * time.Minute)
	b.load("POST", path, form).wantStatus(422).wantText("Somebody else has changed this app").wantNoText(first)

	b.open(page).wantText("Valid secrets 2").follow("End previous secret").fill("Reason", "Changed over")
	path, form = b.form(b.button("End previous secret"))
	if shown := b.secretsOfTwenty(path, form); shown[""] != 20 {
		t.Errorf("twenty posts lead to %v", shown)
	}
	b.load("POST", path, form).wantHeading("Wiki").wantText("There was nothing to do").wantText("Valid secrets 1")
	want(map[string]bool{app.secret: false, first: true})

	b.open(page).follow("New secret").fill("Reason", "It has leaked").fill("End the previous secret now", "1")
	path, form = b.form(b.button("New secret"))
	second := b.press("New secret").secretShown()
	if again := b.load("POST", path, form).secretShown(); again != second {
		t.Errorf("posted twice: %q, not %q", again, second)
	}
	want(map[string]bool{first: false, second: true})

	b.open(page+"/secret").fill("Reason", "Twenty at once")
	path, form = b.form(b.button("New secret"))
	shown := b.secretsOfTwenty(path, form)
	if len(shown) != 1 || shown[""] != 0 {
		t.Errorf("twenty posts show %v", shown)
	}
	want(map[string]bool{second: true})
	for event, n := range map[auth.EventType]int{auth.OperatorAddedSecret: 2, auth.OperatorEndedSecret: 1, auth.OperatorReplacedSecret: 1} {
		if got := site.queryInt(`SELECT count(*) FROM audit_events WHERE type = ? AND actor <> 'command'`, event); got != n {
			t.Errorf("%s: %d events, want %d", event, got, n)
		}
	}
	b.open("/admin/audit").wantText("New secret of the app Wiki (" + app.id + "), the previous one ended").wantText("Reason: It has leaked").wantNoText(second)
}

// Of two admins who edit an app, the second sees what the first has changed and loses nothing
// of what they have typed.
func TestAdminApps_Edit(t *testing.T) {
	site := newSite(t)
	app := site.addApp(func(a *oidc.App) { a.Groups = []string{"ops"} })
	b, key := site.administrator(ann, auth.RoleAdmin)
	other, _ := site.administrator(bob, auth.RoleAdmin)
	page := views.AppURL(app.id)
	other.open(page+"/edit").fill("Name", "Their wiki")
	b.open(page).follow("Edit").wantHeading("Edit Wiki")
	_, unchanged := b.form(b.button("Save"))
	b.press("Save").wantHeading("Wiki").wantText("App saved").follow("Edit").fill("Name", "My wiki").fill("Redirect URIs", wikiCallback+"\nhttps://wiki.example/new").fill("Groups", "")
	path, form := b.form(b.button("Save"))
	if shown := b.secretsOfTwenty(path, form); shown[""] != 20 {
		t.Errorf("twenty posts lead to %v", shown)
	}
	b.press("Save").wantHeading("My wiki").wantText("App saved").wantText("https://wiki.example/new")
	b.load("POST", path, form).wantHeading("My wiki").wantText("App saved") // twice

	other.press("Save").wantStatus(422).wantHeading("Edit My wiki").wantText("Somebody else has changed this app").wantText("https://wiki.example/new")
	if got := other.field("Name").AttrOr("value", ""); got != "Their wiki" {
		t.Errorf("what was typed is lost: %q", got)
	}
	if got := site.appState(app.id); !strings.HasPrefix(got, "My wiki\n") {
		t.Errorf("overwritten: %s", got)
	}
	unchanged.Set("version", "7")
	other.fetch("POST", path, unchanged).wantStatus(422)
	other.press("Save").wantHeading("Their wiki").wantText("App saved").wantNoText("https://wiki.example/new")
	b.open("/admin/audit").wantText("App changed: Wiki (" + app.id + "): name Wiki → My wiki; redirect + https://wiki.example/new; group − ops").
		wantText("App changed: My wiki (" + app.id + "): name My wiki → Their wiki; redirect − https://wiki.example/new; group + ops")
	if n := site.queryInt(`SELECT count(*) FROM audit_events WHERE type = ?`, auth.OperatorChangedApp); n != 2 {
		t.Errorf("%d events", n)
	}

	b.open(page+"/edit").fill("Name", "Kept").fill("Redirect URIs", wikiCallback+"\nhttps://wiki.example/kept").fill("Kind", "spa").fill("Two factors required", "1")
	site.wait(11 * time.Minute)
	b.press("Save").wantHeading("Verification required").reauthenticate(key).wantHeading("Edit Their wiki")
	if got := b.field("Redirect URIs").Text(); got != wikiCallback+"\nhttps://wiki.example/kept" {
		t.Errorf("the URIs are %q", got)
	}
	b.press("Save").wantHeading("Kept").wantText("Single-page").wantText("https://wiki.example/kept").wantText("Two factors required")
	b.open("/admin/apps/unknown/edit").wantStatus(404)
	if got := b.fetch("POST", "/admin/apps/unknown/edit", form).status; got != 404 {
		t.Errorf("an unknown app: %d", got)
	}
}

// Disabling and removing an app ends what it can do, as the commands do.
func TestAdminApps_DisableAndRemove(t *testing.T) {
	site := newSite(t)
	app := site.addApp()
	b, _ := site.administrator(ann, auth.RoleAdmin)
	page := views.AppURL(app.id)
	b.open(page + "/no-such-act").wantStatus(http.StatusNotFound)
	act := func(name, reason string) *browser {
		t.Helper()
		return b.open(page).follow(name).fill("Reason", reason).press(name)
	}
	act("Disable", "Under attack").wantHeading("Wiki").wantText("App disabled").wantText("State Disabled")
	if site.accepts(app.id, app.secret) || b.has("Disable") {
		t.Error("the app works")
	}
	b.open(page+"/disable").fill("Reason", "Once more").press("Disable").wantText("There was nothing to do")
	b.open("/admin/apps").wantText("Wiki Disabled")
	act("Enable", "Fixed").wantText("App enabled")
	if !site.accepts(app.id, app.secret) {
		t.Error("the app does not work")
	}
	b.follow("Remove").fill("Reason", "Not used")
	path, form := b.form(b.button("Remove"))
	b.press("Remove").wantHeading("Apps").wantText("App removed").wantNoText("Wiki")
	b.load("POST", path, form).wantHeading("Apps").wantText("There was nothing to do")
	for _, event := range []auth.EventType{auth.OperatorDisabledApp, auth.OperatorEnabledApp, auth.OperatorRemovedApp} {
		if n := site.queryInt(`SELECT count(*) FROM audit_events WHERE type = ? AND user_id = ''`, event); n != 1 {
			t.Errorf("%s: %d events", event, n)
		}
	}
	b.open("/admin/audit").wantText("Reason: Under attack").wantText("App removed: Wiki (" + app.id + ")")
}

// OI-53: the page says what twostep app check says.
func TestAdminApps_Check(t *testing.T) {
	site := newSite(t)
	app := site.addApp()
	b, _ := site.administrator(ann, auth.RoleViewer)
	b.open(views.AppURL(app.id)).follow("Check a request").press("Check").wantStatus(422).wantText("The URL is not one of a web page")
	request := site.origin + oidc.AuthorizePath + "?" + app.params().Encode()
	b.fill("URL", request).press("Check").wantText("The request of Wiki is valid")
	b.fill("URL", strings.Replace(request, "code_challenge=", "x=", 1)).press("Check").wantStatus(200).wantText("The request of Wiki is not valid: invalid_request: code_challenge")
	b.fill("URL", site.origin+"/authorize").press("Check").wantStatus(422).wantText(`The path is "/authorize", but must be /oauth/authorize`)
	if strings.Contains(site.log.String(), "a-state") {
		t.Error("the request is in the log")
	}
}
