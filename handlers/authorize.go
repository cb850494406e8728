package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/views"
)

// Reasons in the log and the metrics.
const reasonAppRequest = "app_request" // the app is unknown, or where to return to

func reasonOfStep(step oidc.Step) string { return "app_" + string(step) }

// showAuthorize starts a request of an app by a link. A signed-in user who has to do nothing
// for it is back at the app at once.
func showAuthorize(r *request) error {
	m := &machineRequest{Context: r.Context, site: r.site, apps: r.site.Apps, log: r.log}
	var u oidc.UserFacts
	if r.Request().Method == http.MethodGet { // a HEAD would get a code that nobody can use
		u = r.userFacts(false)
	}
	id, c, err := m.authorize(r.QueryParams(), u)
	page, isPage := errors.AsType[*oidc.PageError](err)
	switch {
	case isPage && r.signedIn():
		m.refused(reasonAppRequest, page.Explanation)
		r.status = http.StatusBadRequest
		return r.show(views.AppError(views.AppErrorPage{Page: r.page(), Explanation: page.Explanation, RequestID: r.log.id}))
	case err != nil || id != "":
		return m.redirectStarted(id, err)
	case c.Step != oidc.StepDone && c.Step != "":
		r.log.reason = reasonOfStep(c.Step)
	}
	return r.returnToApp(c.App, c.Redirect)
}

// postAuthorize is showAuthorize for a form. It reads no cookie, so one that another site
// posts does no more than a link (OI-39).
func postAuthorize(r *machineRequest) error {
	form, err := r.readForm()
	if malformed, ok := errors.AsType[*oidc.Error](err); ok {
		return r.refuseOnPage(malformed.Explanation)
	}
	id, c, err := r.authorize(form, oidc.UserFacts{})
	if c.Redirect != "" {
		return r.Redirect(http.StatusSeeOther, c.Redirect)
	}
	return r.redirectStarted(id, err)
}

// authorize starts a request, see [oidc.Provider.Authorize]. An error that is for the app is
// in the redirect.
func (r *machineRequest) authorize(params url.Values, u oidc.UserFacts) (id auth.Token, c oidc.Continuation, err error) {
	id, c, err = r.apps.Authorize(r.Request().Context(), r.client(), params, u)
	r.log.app = c.App.ID
	if refused, ok := errors.AsType[*oidc.Error](err); ok {
		r.refused(string(refused.Code), refused.Explanation)
		err = nil
	}
	return id, c, err
}

// redirectStarted leads to the page where a stored request continues.
func (r *machineRequest) redirectStarted(id auth.Token, err error) error {
	if page, ok := errors.AsType[*oidc.PageError](err); ok {
		return r.refuseOnPage(page.Explanation)
	}
	if err != nil {
		return err
	}
	return r.Redirect(http.StatusSeeOther, continuePath+string(id))
}

// appAt returns the app whose request continues at a path; zero for none.
func (r *request) appAt(path string) (oidc.App, error) {
	id, ok := strings.CutPrefix(path, continuePath)
	if !ok {
		return oidc.App{}, nil
	}
	app, err := r.site.Apps.AppOf(r.ctx(), auth.Token(id))
	if errors.Is(err, auth.ErrNotFound) {
		err = nil
	}
	return app, err
}

// refuseOnPage shows why a request is refused if no app is known that could be told (OI-04).
func (r *machineRequest) refuseOnPage(explanation string) error {
	r.refused(reasonAppRequest, explanation)
	return r.showPage(http.StatusBadRequest, views.AppError(views.AppErrorPage{
		Page: r.site.plainPage(r.Context), Explanation: explanation, RequestID: r.log.id,
	}))
}

// push stores a request that an app has authenticated (9126).
func push(r *machineRequest) error {
	app, form, err := r.authenticate()
	if err != nil {
		return r.respondError(err)
	}
	if err := r.site.rules.AllowApp(r.Request().Context(), r.client(), auth.ActionAppPush); err != nil {
		return r.respondError(err)
	}
	uri, err := r.apps.Push(r.Request().Context(), app, form)
	if err != nil {
		return r.respondError(err)
	}
	return r.respond(http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": int(auth.AppPushedLifetime.Seconds())})
}
