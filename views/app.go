package views

import (
	"net/url"
	"strconv"
	"strings"

	"twostep/auth"
	"twostep/auth/oidc"
)

// AppsPage lists the registered apps.
type AppsPage struct {
	Page
	Apps []oidc.App
}

// AppURL is the page of an app.
func AppURL(id string) string { return "/admin/apps/" + url.PathEscape(id) }

// AppPage is an app as administrators see it.
type AppPage struct {
	Page
	App    oidc.App
	Issuer string
}

// The acts on an app.
var (
	NewAppSecret = Act{"secret", "New secret", "The app can use the new secret and the newest one before it. Any older secret stops working.", "", false}
	EndAppSecret = Act{"end-secret", "End previous secret", "Only the newest secret stays valid. Do this once the app uses it.", "", true}
	DisableApp   = Act{"disable", "Disable", "Nobody can sign in to the app, and its tokens stop working.", "", true}
	RemoveApp    = Act{"remove", "Remove", "The app and all its tokens are deleted. It cannot be restored: an app that is added again has another client ID.", "", true}

	enableApp = Act{"enable", "Enable", "Users can sign in to the app again.", "", false}
)

// AppActs lists them.
var AppActs = []Act{NewAppSecret, EndAppSecret, DisableApp, enableApp, RemoveApp}

// fits reports whether the act would change something.
func (p AppPage) fits(act Act) bool {
	switch act.Path {
	case NewAppSecret.Path:
		return !p.App.Public()
	case EndAppSecret.Path:
		return len(p.App.SecretHashes) > 1
	case DisableApp.Path:
		return !p.App.Disabled
	case enableApp.Path:
		return p.App.Disabled
	}
	return true
}

// acts returns those to show.
func (p AppPage) acts() (all []Act) {
	for _, act := range AppActs {
		if p.Role == auth.RoleAdmin && p.fits(act) {
			all = append(all, act)
		}
	}
	return all
}

func appActIcon(act Act) icon {
	switch act.Path {
	case NewAppSecret.Path, EndAppSecret.Path:
		return iconKey
	case RemoveApp.Path:
		return iconBin
	}
	return iconApps
}

var kindNames = map[oidc.AppKind]string{oidc.Web: "Web", oidc.SPA: "Single-page", oidc.Native: "Native"}

var kindTexts = map[oidc.AppKind]string{
	oidc.Web: "Web: on a server, which keeps a secret", oidc.SPA: "Single-page: in the browser", oidc.Native: "Native: on a phone or computer",
}

func kindOptions() (all []option) {
	for _, kind := range oidc.Kinds {
		all = append(all, option{string(kind), kindTexts[kind]})
	}
	return all
}

var algOptions = []option{{string(oidc.RS256), "RS256, which every app knows"}, {string(oidc.ES256), "ES256, which is faster"}}

func appState(app oidc.App) string {
	if app.Disabled {
		return "Disabled"
	}
	return "Active"
}

// appOptions names what is switched on.
func appOptions(app oidc.App) string {
	var all []string
	for _, c := range appChecks {
		if c.on(app) {
			all = append(all, c.label)
		}
	}
	return strings.Join(all, ", ")
}

// An appCheck is a checkbox of the form. Like all its fields it has the name of the flag.
type appCheck struct {
	name, label, hint string
	on                func(oidc.App) bool
}

var appChecks = []appCheck{
	{"trusted", "Trusted", "A web app of your own: users are not asked whether to continue.", func(app oidc.App) bool { return app.Trusted }},
	{"require-mfa", "Two factors required", "Only users who have verified two factors can sign in to it.", func(app oidc.App) bool { return app.RequireMFA }},
	{"require-par", "Pushed requests only", "It must send its requests to the PAR endpoint first.", func(app oidc.App) bool { return app.RequirePAR }},
	{"without-pkce", "Without PKCE", "For a web app that does not support PKCE. It must then send a nonce.", func(app oidc.App) bool { return app.WithoutPKCE }},
	{"claims-in-id-token", "Claims in the ID token", "For an app that does not use the userinfo endpoint.", func(app oidc.App) bool { return app.ClaimsInIDToken }},
}

// AppFormPage adds or edits an app.
type AppFormPage struct {
	Page
	App    oidc.App   // as it is; zero for a new one
	Fields url.Values // as entered
}

// value returns what is entered in a field.
func (p AppFormPage) value(name string) string { return p.Fields.Get(name) }

func (p AppFormPage) heading() string {
	if p.App.ID == "" {
		return "Add an app"
	}
	return "Edit " + p.App.Name
}

func (p AppFormPage) parent() link {
	if p.App.ID == "" {
		return allApps
	}
	return link{AppURL(p.App.ID), p.App.Name}
}

func (p AppFormPage) choice() choice {
	if p.App.ID == "" {
		return choice{"add", "Add", primary}
	}
	return choice{"save", "Save", primary}
}

var allApps = link{"/admin/apps", "Apps"}

// text is a field of one line.
func (p AppFormPage) text(name, label, hint string) field {
	return field{Name: name, Label: label, Type: "text", Value: p.value(name), Autocomplete: "off", Hint: hint, More: true}
}

func (p AppFormPage) name() field {
	x := p.text("name", "Name", "Users see it.")
	x.Focus, x.Capitalize = true, "words"
	return x
}

func (p AppFormPage) redirect() field {
	return p.text("redirect", "Redirect URIs", "Where users return to after signing in, one per line. The app must send one of them, character by character.")
}

func (p AppFormPage) postLogout() field {
	return p.text("post-logout", "Post-logout redirect URIs", "Where users return to after signing out, one per line.")
}

func (p AppFormPage) backchannel() field {
	return p.text("backchannel-logout", "Back-channel logout URI", "Optional. It gets a signed message when a session that has signed in to the app ends.")
}

func (p AppFormPage) group() field {
	return p.text("group", "Groups", "Only accounts in one of these can use the app. Separated by spaces; empty for all accounts.")
}

func (p AppFormPage) lifetime() field {
	return p.text("refresh-lifetime", "Refresh tokens are valid for", "For example 2160h, which is 90 days. After that, users have to sign in to the app again.")
}

func (p AppFormPage) idle() field {
	x := p.text("refresh-idle", "Unused refresh tokens are valid for", "For example 336h, which is 14 days.")
	x.More = false
	return x
}

func (p AppFormPage) fields() []field {
	return []field{p.name(), p.redirect(), p.postLogout(), p.backchannel(), p.group(), p.lifetime(), p.idle()}
}

// AppActPage asks for the reason of an act.
type AppActPage struct {
	Page
	App    oidc.App
	Act    Act
	Reason string // as entered
	End    bool   // whether the previous secret is to end at once
}

func (p AppActPage) field() field { return reasonField(p.Reason, true) }

// replaces reports whether the act can end the only secret.
func (p AppActPage) replaces() bool {
	return p.Act.Path == NewAppSecret.Path && len(p.App.SecretHashes) == 1
}

// AppSecretPage shows a new secret. It is the only page that does, once.
type AppSecretPage struct {
	Page
	ID, Secret string
	Issuer     string // empty unless the app is new
	Name       string
}

// AppCheckPage says what is wrong with a request of an app.
type AppCheckPage struct {
	Page
	App     oidc.App
	URL     string // as entered
	Checked bool
	Wrong   string // empty if nothing is
}

func (p AppCheckPage) fields() []field {
	return []field{{
		Name: "url", Label: "URL", Type: "text", Value: p.URL, Autocomplete: "off", InputMode: "url", Focus: !p.Checked,
		Hint: "The URL to which the app sends its users. It contains " + oidc.AuthorizePath + ".",
	}}
}

func (p AppCheckPage) text() string {
	if p.Wrong == "" {
		return "The request of " + p.App.Name + " is valid"
	}
	return "The request of " + p.App.Name + " is not valid: " + p.Wrong
}

// rowsOf is the height of a field of several lines.
func rowsOf(text string) string { return strconv.Itoa(max(3, min(strings.Count(text, "\n")+2, 12))) }
