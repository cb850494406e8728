package views

import (
	"net/url"
	"strings"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// adminAppSamples are the pages of apps.
func adminAppSamples() []sample {
	as := func(role auth.Role, url string) Page { p := signedIn(url); p.Role = role; return p }
	wiki := oidc.App{
		ID: "kq3v7mzt2l6c4bhd5xw2p7rsya", Name: "Wiki", Kind: oidc.Web, Alg: oidc.RS256, RedirectURIs: []string{"https://wiki.example.org/callback"},
		RefreshIdle: auth.RefreshIdle, RefreshLifetime: auth.RefreshLifetime, CreatedAt: now.AddDate(0, -2, 0), SecretHashes: []string{"one"}, Version: 3,
	}
	shop := oidc.App{
		ID: "z7c2l6kq3v7mzt4bhd5xw2p7rs", Name: strings.Repeat("Long name ", 6) + "shop", Kind: oidc.Web, Alg: oidc.ES256, Disabled: true,
		RedirectURIs:   []string{"https://shop.example.org/callback/of/an/app/with/a/very/long/path/and-no-spaces-in-it-at-all", "https://shop.example.net/callback"},
		PostLogoutURIs: []string{"https://shop.example.org/"}, BackchannelURI: "https://shop.example.org/logout", Groups: []string{"ops", "staff"},
		Trusted: true, RequireMFA: true, RequirePAR: true, ClaimsInIDToken: true, RefreshIdle: time.Hour, RefreshLifetime: 24 * time.Hour, CreatedAt: now.AddDate(-1, 0, 0),
		SecretHashes: []string{"one", "two"}, Version: 1,
	}
	notes := oidc.App{ID: "notes", Name: "Notes", Kind: oidc.Native, Alg: oidc.RS256, RedirectURIs: []string{"com.example.notes:/callback"}, CreatedAt: now}
	all := []oidc.App{shop, notes, wiki}
	app := func(role auth.Role, app oidc.App) AppPage {
		return AppPage{Page: as(role, AppURL(app.ID)), App: app, Issuer: "https://id.example.org"}
	}
	fields := url.Values{"name": {"Wiki"}, "kind": {"web"}, "alg": {"RS256"}, "redirect": {"https://wiki.example.org/callback\nhttps://wiki.example.org/other"}, "trusted": {"1"}, "refresh-idle": {"336h"}, "refresh-lifetime": {"2160h"}, "version": {"3"}}
	refused := func(field, detail string) Page {
		return refusedWith(as(auth.RoleAdmin, "/admin/apps/add"), auth.Problem{Reason: auth.EntryInvalid, Field: field, Detail: detail})
	}
	edit := as(auth.RoleAdmin, AppURL(wiki.ID)+"/edit")
	act := func(app oidc.App, act Act) AppActPage {
		return AppActPage{Page: as(auth.RoleAdmin, AppURL(app.ID)+"/"+act.Path), App: app, Act: act}
	}
	reasonless := act(wiki, RemoveApp)
	reasonless.Page = refusedWith(reasonless.Page, auth.Problem{Reason: auth.ReasonInvalid, Field: "reason", Limit: auth.ReasonMax})
	check := as(auth.RoleViewer, AppURL(wiki.ID)+"/check")
	const secret = "Xq3V7mzT2l6C4bhD5xW2p7RsyA9kLmN0pQrStUvWx1Y"
	return []sample{
		{"admin_apps", "Apps", Apps(AppsPage{Page: as(auth.RoleAdmin, "/admin/apps"), Apps: all})},
		{"admin_apps_viewer", "Apps", Apps(AppsPage{Page: as(auth.RoleViewer, "/admin/apps"), Apps: all[:1]})},
		{"admin_apps_none", "Apps", Apps(AppsPage{Page: as(auth.RoleAdmin, "/admin/apps")})},
		{"admin_app", "Wiki", App(app(auth.RoleAdmin, wiki))},
		{"admin_app_everything", strings.TrimSpace(shop.Name), App(app(auth.RoleAdmin, shop))},
		{"admin_app_native", "Notes", App(app(auth.RoleAdmin, notes))},
		{"admin_app_viewer", "Wiki", App(app(auth.RoleViewer, wiki))},
		{"admin_app_add", "Add an app", AppForm(AppFormPage{Page: as(auth.RoleAdmin, "/admin/apps/add"), Fields: url.Values{"id": {"new"}, "kind": {"web"}, "refresh-idle": {"336h"}, "refresh-lifetime": {"2160h"}}})},
		{"admin_app_add_refused", "Add an app", AppForm(AppFormPage{Page: refused("redirect", `"https://wiki.example.org/#x" must not have a fragment (#)`), Fields: fields})},
		{"admin_app_add_refused_kind", "Add an app", AppForm(AppFormPage{Page: refused("trusted", "only a web app can be trusted: other programs can use the client ID of the other kinds, so users are always asked"), Fields: fields})},
		{"admin_app_edit", "Edit Wiki", AppForm(AppFormPage{Page: edit, App: wiki, Fields: fields})},
		{"admin_app_edit_outdated", "Edit Wiki", AppForm(AppFormPage{Page: refusedWith(edit, auth.Problem{Reason: auth.AppOutdated}), App: wiki, Fields: fields})},
		{"admin_app_secret", "New secret", ShowAppAct(act(wiki, NewAppSecret))},
		{"admin_app_secret_two", "New secret", ShowAppAct(act(shop, NewAppSecret))},
		{"admin_app_remove_refused", "Remove", ShowAppAct(reasonless)},
		{"admin_app_secret_shown", "Client secret", AppSecret(AppSecretPage{Page: as(auth.RoleAdmin, AppURL(wiki.ID)+"/secret"), ID: wiki.ID, Name: "Wiki", Secret: secret})},
		{"admin_app_added", "Client secret", AppSecret(AppSecretPage{Page: as(auth.RoleAdmin, "/admin/apps/add"), ID: wiki.ID, Name: "Wiki", Secret: secret, Issuer: "https://id.example.org"})},
		{"admin_app_check", "Check a request", AppCheck(AppCheckPage{Page: check, App: wiki})},
		{"admin_app_check_valid", "Check a request", AppCheck(AppCheckPage{Page: check, App: wiki, URL: "https://id.example.org/oauth/authorize?client_id=x", Checked: true})},
		{"admin_app_check_wrong", "Check a request", AppCheck(AppCheckPage{Page: check, App: wiki, URL: "https://id.example.org/oauth/authorize?client_id=x", Checked: true, Wrong: "client_id is missing or of another app"})},
	}
}
