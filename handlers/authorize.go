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

const (
	continuePath  = "/account/continue/"
	continueRoute = continuePath + ":id"
	declined      = "declined" // query of a user who did not verify
)

// Reasons in the log and the metrics.
const reasonAppRequest = "app_request" // the app is unknown, or where to return to

func reasonOfStep(step oidc.Step) string { return "app_" + string(step) }

// showAuthorize starts a request of an app by a link. A signed-in user who has to do nothing
// for it is back at the app at once.
func showAuthorize(r *request) error {
	m := &machineRequest{Context: r.Context, site: r.site, apps: r.site.Apps, log: r.log}
	var v oidc.Visit
	if r.Request().Method == http.MethodGet { // a HEAD would use up a code
		v = r.visit(false)
	}
	id, c, err := m.authorize(r.QueryParams(), v)
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
	return r.leave(c.App, c.Redirect)
}

// postAuthorize is showAuthorize for a form. It reads no cookie, so one that another site
// posts does no more than a link (OI-39).
func postAuthorize(r *machineRequest) error {
	form, err := r.readForm()
	if malformed, ok := errors.AsType[*oidc.Error](err); ok {
		return r.refuseOnPage(malformed.Explanation)
	}
	id, c, err := r.authorize(form, oidc.Visit{})
	if c.Redirect != "" {
		return r.Redirect(http.StatusSeeOther, c.Redirect)
	}
	return r.redirectStarted(id, err)
}

// authorize starts a request, see [oidc.Provider.Authorize]. An error that is for the app is
// in the redirect.
func (r *machineRequest) authorize(params url.Values, v oidc.Visit) (id auth.Token, c oidc.Continuation, err error) {
	id, c, err = r.apps.Authorize(r.Request().Context(), r.client(), params, v)
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

// showContinue leads the user through what a request still needs, in the order of
// [oidc.Step], and then back to the app.
func showContinue(r *request) error {
	c, err := r.continuation(false)
	if err != nil {
		return err
	}
	return r.showStep(c)
}

// postContinue is a button of the page.
func postContinue(r *request) (string, error) {
	ctx, id := r.ctx(), auth.Token(r.Param("id"))
	switch r.action() {
	case "continue":
		c, err := r.continuation(true)
		if err != nil {
			return "", err
		}
		return "", r.showStep(c)
	case "cancel":
		c, err := r.continuation(false)
		if err != nil || c.Redirect != "" {
			return "", errors.Join(err, r.showStep(c))
		}
		redirect, err := r.site.Apps.Cancel(ctx, id, r.visit(false))
		if err != nil || redirect == "" {
			return r.Request().URL.Path, err
		}
		return "", r.leave(c.App, redirect)
	case "sign_out":
		_, err := postSignOut(r)
		return signInPath(r.Request().URL.Path), err
	}
	return "", errUnknownAction
}

func (r *request) visit(agreed bool) oidc.Visit {
	v := oidc.Visit{Session: r.session, Agreed: agreed}
	if r.signedIn() {
		v.Factors = *r.cachedFactors
	}
	return v
}

func (r *request) continuation(agreed bool) (oidc.Continuation, error) {
	c, err := r.site.Apps.Continue(r.ctx(), r.client(), auth.Token(r.Param("id")), r.visit(agreed))
	if errors.Is(err, auth.ErrNotFound) {
		c.Step, err = oidc.StepExpired, nil
	}
	return c, err
}

// showStep shows or redirects to what a request needs next.
func (r *request) showStep(c oidc.Continuation) error {
	r.log.app = c.App.ID
	if c.Step != oidc.StepConsent && c.Step != oidc.StepDone {
		r.log.reason = reasonOfStep(c.Step)
	}
	if c.Redirect != "" {
		return r.leave(c.App, c.Redirect)
	}
	path := r.Request().URL.Path
	switch c.Step {
	case oidc.StepSignIn:
		if c.Params.LoginHint != "" {
			r.keepTyped(signInPage, url.Values{"email": {c.Params.LoginHint}})
		}
		return r.redirect(signInPath(path))
	case oidc.StepTask:
		return errors.Join(r.rules.KeepNext(r.ctx(), r.session, path), r.redirect(taskPaths[c.Task]))
	case oidc.StepSetUp:
		return errors.Join(r.rules.KeepNext(r.ctx(), r.session, path), r.redirect(taskPaths[auth.TaskSetupMFA]))
	case oidc.StepReauth, oidc.StepStepUp:
		if r.QueryParams().Has(declined) {
			break
		}
		token, err := r.rules.StartReauth(r.ctx(), r.session, c.Demand, path)
		if err != nil {
			return err
		}
		r.cookie.Attempt = token
		return r.redirect("/account/verify")
	case oidc.StepConsent:
		return r.showConsent(c)
	}
	if c.Step == oidc.StepExpired && r.problem == nil {
		r.status = http.StatusBadRequest
	}
	r.allowFormTo(c)
	return r.show(views.AppStop(views.AppStopPage{Page: r.page(), App: c.App, Step: c.Step, Continue: path}))
}

// allowFormTo lets the forms of this page lead to a native app, which is returned to by
// their redirect: Chrome on Android returns to an app only after a press.
func (r *request) allowFormTo(c oidc.Continuation) {
	if target := oidc.FormTarget(c.Params.RedirectURI); c.App.Kind == oidc.Native && target != "" {
		policy := strings.Replace(contentPolicy, "form-action 'self'", "form-action 'self' "+target, 1)
		r.Response().Header().Set("Content-Security-Policy", policy)
	}
}

// showConsent asks whether to continue to the app.
func (r *request) showConsent(c oidc.Continuation) error {
	if r.session.Next != "" { // the user has arrived
		if err := r.rules.KeepNext(r.ctx(), r.session, ""); err != nil {
			return err
		}
	}
	r.allowFormTo(c)
	return r.show(views.Consent(views.ConsentPage{Page: r.page(), App: c.App, Scopes: c.Params.Scopes, Host: oidc.Host(c.Params.RedirectURI)}))
}

// leave returns the user to an app. After a form of this site, browsers follow no
// redirect to another origin, not even through a page in between (form-action); so the
// user leaves from a page that loads the next one.
func (r *request) leave(app oidc.App, uri string) error {
	allowed := r.form != nil && app.Kind == oidc.Native && oidc.FormTarget(uri) != "" // see allowFormTo
	if !r.afterForm() || allowed {
		return r.redirect(uri)
	}
	page := r.page()
	r.refresh = "0; url=" + uri
	return r.show(views.LeaveToApp(views.LeaveToAppPage{Page: page, App: app, URL: uri}))
}

// afterForm reports whether the browser may have come here from a form of this site, also
// through redirects.
func (r *request) afterForm() bool {
	header := r.Request().Header
	if site := header.Get("Sec-Fetch-Site"); r.form != nil || site != "" {
		return r.form != nil || site == "same-origin"
	}
	// Older browsers, and programs that name each redirect: authorize is not a form.
	page, ours := strings.CutPrefix(header.Get("Referer"), r.site.origin()+"/")
	return ours && !strings.HasPrefix("/"+page, oidc.AuthorizePath)
}
