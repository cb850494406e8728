package handlers

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/views"
)

// appFields are the fields of the form of an app, by the names of the flags of app set.
var appFields = []string{
	"id", "version", "name", "kind", "redirect", "post-logout", "backchannel-logout", "group", "alg", "refresh-idle", "refresh-lifetime",
	"trusted", "require-mfa", "require-par", "without-pkce", "claims-in-id-token",
}

// fieldsOf returns the form of an app, as it is filled in at first.
func fieldsOf(app oidc.App) url.Values {
	fields := url.Values{
		"id": {app.ID}, "version": {strconv.Itoa(app.Version)}, "name": {app.Name}, "kind": {string(app.Kind)}, "alg": {string(app.Alg)},
		"redirect": {strings.Join(app.RedirectURIs, "\n")}, "post-logout": {strings.Join(app.PostLogoutURIs, "\n")},
		"backchannel-logout": {app.BackchannelURI}, "group": {strings.Join(app.Groups, " ")},
		"refresh-idle": {auth.ShortDuration(app.RefreshIdle)}, "refresh-lifetime": {auth.ShortDuration(app.RefreshLifetime)},
	}
	for name, on := range map[string]bool{
		"trusted": app.Trusted, "require-mfa": app.RequireMFA, "require-par": app.RequirePAR, "without-pkce": app.WithoutPKCE, "claims-in-id-token": app.ClaimsInIDToken,
	} {
		if on {
			fields.Set(name, "1")
		}
	}
	return fields
}

// appOf returns the app of a form.
func appOf(fields url.Values) oidc.App {
	on := func(name string) bool { return fields.Get(name) != "" }
	app := oidc.App{
		ID: fields.Get("id"), Name: strings.TrimSpace(fields.Get("name")), Kind: oidc.AppKind(fields.Get("kind")), Alg: oidc.Algorithm(fields.Get("alg")),
		RedirectURIs: linesOf(fields.Get("redirect")), PostLogoutURIs: linesOf(fields.Get("post-logout")),
		BackchannelURI: strings.TrimSpace(fields.Get("backchannel-logout")), Groups: groupNames(fields.Get("group")),
		Trusted: on("trusted"), RequireMFA: on("require-mfa"), RequirePAR: on("require-par"), WithoutPKCE: on("without-pkce"), ClaimsInIDToken: on("claims-in-id-token"),
	}
	app.Version, _ = strconv.Atoi(fields.Get("version"))
	app.RefreshIdle, _ = time.ParseDuration(fields.Get("refresh-idle")) // zero if it is none, which is refused
	app.RefreshLifetime, _ = time.ParseDuration(fields.Get("refresh-lifetime"))
	return app
}

// linesOf returns the lines of a field that are not empty.
func linesOf(text string) (all []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// groupNames splits a list of groups.
func groupNames(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' })
}

// enteredApp returns the form as it was posted or kept; nil if it is opened for the first time.
func (r *request) enteredApp() url.Values {
	if r.form == nil && r.typed() == nil {
		return nil
	}
	fields := url.Values{}
	for _, name := range appFields {
		fields.Set(name, r.entered(name))
	}
	return fields
}

func showAddApp(r *request) error {
	fields := r.enteredApp()
	if fields == nil {
		fields = fieldsOf(oidc.App{ID: oidc.NewAppID(), Kind: oidc.Web, Alg: oidc.RS256, RefreshIdle: auth.RefreshIdle, RefreshLifetime: auth.RefreshLifetime})
	}
	return r.show(views.AppForm(views.AppFormPage{Page: r.page(), Fields: fields}))
}

// postAddApp shows the secret in the response, see [request.newAppSecret].
func postAddApp(r *request) (string, error) {
	app := appOf(r.enteredApp())
	id, secret, err := r.site.Apps.AddApp(r.ctx(), r.operator(), app)
	switch {
	case err != nil:
		return "", err
	case secret != "":
		page := views.AppSecretPage{Page: r.page(), ID: id, Name: app.Name, Secret: secret, Issuer: r.site.Apps.Issuer()}
		return "", r.show(views.AppSecret(page))
	case app.Public():
		return views.AppURL(id), r.withNotice(views.NoticeAppAdded, nil)
	}
	return views.AppURL(id), r.withNotice(views.NoticeAppAddedBefore, nil)
}

// showEditApp shows what was entered. If somebody else has changed the app since, the form
// then applies to the app as it is now, which the page shows, too.
func showEditApp(r *request) error {
	app, err := r.app()
	if err != nil {
		return err
	}
	fields := r.enteredApp()
	if fields == nil {
		fields = fieldsOf(app)
	}
	if r.problem != nil && r.problem.Reason == auth.AppOutdated {
		fields.Set("version", strconv.Itoa(app.Version))
	}
	return r.show(views.AppForm(views.AppFormPage{Page: r.page(), App: app, Fields: fields}))
}

func postEditApp(r *request) (string, error) {
	app := appOf(r.enteredApp())
	app.ID = r.Param("id")
	return views.AppURL(app.ID), r.withNotice(views.NoticeAppSaved, r.site.Apps.ReplaceApp(r.ctx(), r.operator(), app))
}
