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
	switch r.action() {
	case "continue":
		c, err := r.continuation(true)
		if err != nil {
			return "", err
		}
		return "", r.showStep(c)
	case "cancel":
		c, err := r.site.Apps.Cancel(r.ctx(), auth.Token(r.Param("id")), r.userFacts(false))
		if err != nil || c.Redirect == "" {
			return r.path(), err
		}
		return "", r.returnToApp(c.App, c.Redirect)
	case "sign_out":
		_, err := postSignOut(r)
		return signInPath(r.path()), err
	}
	return "", errUnknownAction
}

func (r *request) userFacts(agreed bool) oidc.UserFacts {
	u := oidc.UserFacts{Session: r.session, Agreed: agreed}
	if r.signedIn() {
		u.Factors = *r.cachedFactors
	}
	return u
}

func (r *request) continuation(agreed bool) (oidc.Continuation, error) {
	c, err := r.site.Apps.Continue(r.ctx(), r.client(), auth.Token(r.Param("id")), r.userFacts(agreed))
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
		return r.returnToApp(c.App, c.Redirect)
	}
	path := r.path()
	switch c.Step {
	case oidc.StepSignIn:
		if c.Params.LoginHint != "" {
			r.keepTyped(signInPage, url.Values{"email": {c.Params.LoginHint}})
		}
		return r.redirect(signInPath(path))
	case oidc.StepTask, oidc.StepSetUp:
		task := c.Task
		if c.Step == oidc.StepSetUp {
			task = auth.TaskSetupMFA
		}
		if err := r.rules.KeepNext(r.ctx(), r.session, path); err != nil {
			return err
		}
		return r.redirect(taskPaths[task])
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

// returnToApp sends the user back to an app. After a form of this site, browsers follow no
// redirect to another origin, not even through a page in between (form-action), so this
// shows a page that loads the next one.
func (r *request) returnToApp(app oidc.App, uri string) error {
	allowed := r.form != nil && app.Kind == oidc.Native && oidc.FormTarget(uri) != "" // see allowFormTo
	if !r.afterForm() || allowed {
		return r.redirect(uri)
	}
	page := r.page()
	r.refresh = "0; url=" + uri
	return r.show(views.ReturnToApp(views.ReturnToAppPage{Page: page, App: app, URL: uri}))
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
