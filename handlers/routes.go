package handlers

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"twostep/auth"
	"twostep/views"
)

// A route is one address: who may come, what they see, and what a form posted
// there does. A form always posts to the address of its own page, so whatever
// stands in the address bar can be loaded again.
type route struct {
	path  string
	guard guard
	page  func(*visit) (templ.Component, error) // nil where there is nothing to see: GET is 405
	post  func(*visit) (goTo string, err error) // nil where there is nothing to send: POST is 405
}

// routes is the whole site.
var routes = []route{
	{"/", anyone, showHome, nil},
	{"/sign-up", signedOut, showSignUp, postSignUp},
	{"/sign-in", signedOut, showSignIn, postSignIn},
	{"/sign-out", anyone, nil, postSignOut},
	{"/dashboard", anyone, to("/account"), nil},
	{"/add-mfa", anyone, to("/account/manage-mfa/add"), nil},

	{"/forgot-password", signedOut, showForgotPassword, postForgotPassword},
	{"/.well-known/change-password", anyone, found("/account/password"), nil},

	{"/account", signedIn, showAccount, nil},
	{"/account/verify", verifying, showVerify, postVerify},
	{"/account/idle", anyone, showIdle, postIdle},
	{"/account/setup-mfa", settingUp, showSetupMFA, nil},
	{"/account/manage-mfa", signedIn, showManageMFA, nil},
	{"/account/manage-mfa/add", on(auth.TOTPCode, enrolling), showAddTOTP, postAddTOTP},
	{"/account/manage-mfa/remove-totp", freshlyVerified, showRemoveTOTP, postRemoveTOTP},
	{"/account/manage-mfa/backup-codes", on(auth.BackupCode, enrolling), showBackupCodes, postBackupCodes},
	{"/account/manage-mfa/phones/:id/use", on(auth.PhoneCode, enrolling), showPhone(views.PhoneUse), postPhone(views.PhoneUse)},
	{"/account/manage-mfa/phones/:id/disable", freshlyVerified, showPhone(views.PhoneDisable), postPhone(views.PhoneDisable)},
	{"/account/manage-mfa/phones/:id/remove", freshlyVerified, showPhone(views.PhoneRemove), postPhone(views.PhoneRemove)},
	{"/account/manage-mfa/phones/:id/default", on(auth.PhoneCode, signedIn), nil, postDefaultPhone},
	{"/account/add-phone", on(auth.PhoneCode, enrolling), showAddPhone, postAddPhone},
	{"/account/password", changingPassword, showPassword, postPassword},
	{"/account/email", freshlyVerified, showEmail, postEmail},
	{"/account/email/stop", anyone, showStopEmail, postStopEmail},
	{"/account/sessions", freshlyVerified, showSessions, postSessions},
	{"/account/activity", signedIn, showActivity, nil},
	{"/account/delete", freshlyVerified, showDelete, postDelete},
}

// add registers the row. Echo answers 405 for the methods it is not told of.
func (row route) add(e *echo.Echo, s *site) {
	if row.page != nil {
		e.Match([]string{http.MethodGet, http.MethodHead}, row.path, s.see(row))
	}
	if row.post != nil {
		e.POST(row.path, s.send(row))
	}
}

// see answers a GET: the guard, then the page.
func (s *site) see(row route) echo.HandlerFunc {
	return func(c echo.Context) error {
		v, err := s.visit(c)
		if err != nil {
			return err
		}
		if err := row.guard(v); err != nil {
			return v.leave(err)
		}
		page, err := row.page(v)
		if err != nil {
			return v.leave(err)
		}
		return v.show(http.StatusOK, page)
	}
}

// send answers a POST: where the form came from, the guard, the deed. A problem
// is shown on the very page the form stands on; a deed that was done leads on
// to a page by 303, so that a reload does nothing twice.
func (s *site) send(row route) echo.HandlerFunc {
	return func(c echo.Context) error {
		v, err := s.visit(c)
		if err != nil {
			return err
		}
		if err := v.readForm(); err != nil {
			return err
		}
		if err := row.guard(v); err != nil {
			return v.leave(err)
		}
		path, err := row.post(v)
		if err == nil {
			return v.goTo(path)
		}
		v.problem = problemOf(err)
		v.entry.refused(v.problem)
		if v.problem == nil || row.page == nil {
			return v.leave(err)
		}
		page, err := row.page(v)
		if err != nil {
			return v.leave(err)
		}
		return v.show(statusOf(v.problem), page)
	}
}

// found is to for the one address whose answer others have fixed: 302, not 303 (HT-05).
func found(path string) func(*visit) (templ.Component, error) {
	return func(*visit) (templ.Component, error) { return nil, foundAt(path) }
}

// to is a page that only points to another.
func to(path string) func(*visit) (templ.Component, error) {
	return func(*visit) (templ.Component, error) { return nil, elsewhere(path) }
}
