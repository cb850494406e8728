package handlers

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/views"
)

const appsPath = "/admin/apps"

func showApps(r *request) error {
	apps, err := r.site.Apps.Apps(r.ctx())
	if err != nil {
		return err
	}
	return r.show(views.Apps(views.AppsPage{Page: r.page(), Apps: apps}))
}

// app returns the app that the URL names.
func (r *request) app() (oidc.App, error) { return r.site.Apps.App(r.ctx(), r.Param("id")) }

func showApp(r *request) error {
	app, err := r.app()
	if err != nil {
		return err
	}
	return r.show(views.App(views.AppPage{Page: r.page(), App: app, Issuer: r.site.Apps.Issuer()}))
}

// appAct returns the app and the act that the URL names.
func (r *request) appAct() (app oidc.App, act views.Act, err error) {
	i := slices.IndexFunc(views.AppActs, func(act views.Act) bool { return act.Path == r.Param("act") })
	if i < 0 {
		return app, act, auth.ErrNotFound
	}
	app, err = r.app()
	return app, views.AppActs[i], err
}

func showAppAct(r *request) error {
	app, act, err := r.appAct()
	if err != nil {
		return err
	}
	return r.show(views.ShowAppAct(views.AppActPage{
		Page: r.page(), App: app, Act: act, Reason: r.prefill("reason"), End: r.entered("end-previous") != "",
	}))
}

func postAppAct(r *request) (string, error) {
	app, act, err := r.appAct()
	if errors.Is(err, auth.ErrNotFound) && act.Path == views.RemoveApp.Path { // posted twice
		return appsPath, r.withNotice(views.NoticeNothingToDo, nil)
	}
	if err != nil {
		return "", err
	}
	if r.action() != act.Path {
		return "", errUnknownAction
	}
	app.Version, _ = strconv.Atoi(r.form.Get("version")) // of the app that the user saw
	switch act.Path {
	case views.NewAppSecret.Path:
		return r.newAppSecret(app)
	case views.EndAppSecret.Path:
		return r.endAppSecret(app)
	case views.RemoveApp.Path:
		_, err := r.site.Apps.RemoveApp(r.ctx(), r.operator(), app)
		return appsPath, r.withNotice(views.NoticeAppRemoved, err)
	}
	disable, notice := act.Path == views.DisableApp.Path, views.NoticeAppEnabled
	if disable {
		notice = views.NoticeAppDisabled
	}
	done, err := r.site.Apps.DisableApp(r.ctx(), r.operator(), app, disable)
	return views.AppURL(app.ID), r.withNotice(noticeIf(done, notice), err)
}

// newAppSecret shows a new secret in the response to the form. It is in no cookie and in no
// table, so nothing can show it again.
func (r *request) newAppSecret(app oidc.App) (string, error) {
	end := r.form.Get("end-previous") != "" && len(app.SecretHashes) == 1
	secret, err := r.site.Apps.NewSecret(r.ctx(), r.operator(), app, end)
	if err != nil {
		return "", err
	}
	return "", r.show(views.AppSecret(views.AppSecretPage{Page: r.page(), ID: app.ID, Name: app.Name, Secret: secret}))
}

// endAppSecret ends the previous secret. It does nothing if there is only one: NewSecret
// would replace that.
func (r *request) endAppSecret(app oidc.App) (string, error) {
	to := views.AppURL(app.ID)
	if len(app.SecretHashes) < 2 {
		return to, r.withNotice(views.NoticeNothingToDo, nil)
	}
	_, err := r.site.Apps.NewSecret(r.ctx(), r.operator(), app, true)
	return to, r.withNotice(views.NoticeSecretEnded, err)
}

func showAppCheck(r *request) error {
	app, err := r.app()
	if err != nil {
		return err
	}
	return r.show(views.AppCheck(views.AppCheckPage{Page: r.page(), App: app, URL: r.entered("url")}))
}

// postAppCheck changes nothing, so everybody may who sees the page.
func postAppCheck(r *request) (string, error) {
	app, err := r.app()
	if err != nil {
		return "", err
	}
	wrong, err := r.site.Apps.CheckURL(r.ctx(), app, strings.TrimSpace(r.entered("url")))
	if err != nil {
		return "", err
	}
	return "", r.show(views.AppCheck(views.AppCheckPage{Page: r.page(), App: app, URL: r.entered("url"), Checked: true, Wrong: wrong}))
}
