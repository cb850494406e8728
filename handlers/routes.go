package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/views"
)

// A route is one path: who may use it, the page it shows, and what a form posted
// to it does. Forms post to the URL of their own page, so that URL can always be
// reloaded.
type route struct {
	path  string
	guard guard
	page  func(*request) error                        // calls show or redirect; nil if GET is not allowed
	post  func(*request) (redirect string, err error) // nil if POST is not allowed
}

// routes lists every page of the site.
var routes = []route{
	{"/", anyone, showHome, nil},
	{"/sign-up", signedOut, showSignUp, postSignUp},
	{"/sign-in", signedOut, showSignIn, postSignIn},
	{"/sign-out", anyone, nil, postSignOut},
	{oidc.LogoutPath, anyone, showLogout, nil},       // POST is a machineRoute
	{oidc.AuthorizePath, anyone, showAuthorize, nil}, // POST is a machineRoute
	{"/dashboard", anyone, redirectTo(http.StatusSeeOther, "/account"), nil},
	{"/add-mfa", anyone, redirectTo(http.StatusSeeOther, "/account/manage-mfa/add"), nil},

	{"/forgot-password", signedOut, showForgotPassword, postForgotPassword},
	{recoveryPath, recovering, showRecovery, postRecovery},
	{stopRecoveryPath, anyone, showStopRecovery, only("stop", postStopRecovery)},
	{"/invitation", anyone, showInvitation, postInvitation},
	{"/.well-known/change-password", anyone, redirectTo(http.StatusFound, "/account/password"), nil},

	{"/account", signedIn, showAccount, nil},
	{"/account/verify", verifying, showVerify, postVerify},
	{"/account/idle", anyone, showIdle, postIdle},
	{"/account/setup-mfa", settingUp, showSetupMFA, nil},
	{"/account/manage-mfa", signedIn, showManageMFA, nil},
	{"/account/manage-mfa/add", on(auth.TOTPCode, enrolling), showAddTOTP, postAddTOTP},
	{"/account/manage-mfa/remove-totp", freshlyVerified, showRemoveTOTP, only("remove", postRemoveTOTP)},
	{"/account/manage-mfa/backup-codes", on(auth.BackupCode, enrolling), showBackupCodes, postBackupCodes},
	{"/account/manage-mfa/phones/:id/use", on(auth.PhoneCode, enrolling), showPhone(views.PhoneUse), only(string(views.PhoneUse), postUsePhone)},
	{"/account/manage-mfa/phones/:id/disable", freshlyVerified, showPhone(views.PhoneDisable), only(string(views.PhoneDisable), postDisablePhone)},
	{"/account/manage-mfa/phones/:id/remove", freshlyVerified, showPhone(views.PhoneRemove), only(string(views.PhoneRemove), postRemovePhone)},
	{"/account/manage-mfa/phones/:id/default", on(auth.PhoneCode, signedIn), nil, postDefaultPhone},
	{"/account/add-phone", on(auth.PhoneCode, enrolling), showAddPhone, postAddPhone},
	{passkeysPath, on(auth.PasskeyPresent, signedIn), showPasskeys, postPasskeys},
	{"/account/passkeys/add", on(auth.PasskeyPresent, enrolling), showAddPasskey, postAddPasskey},
	{"/account/passkeys/:id/remove", freshlyVerified, showRemovePasskey, only("remove", postRemovePasskey)},
	{continueRoute, anyone, showContinue, postContinue},
	{"/account/profile", signedIn, showProfile, only("save", postProfile)},
	{"/account/password", changingPassword, showPassword, only("change", postPassword)},
	{"/account/email", freshlyVerified, showEmail, postEmail},
	{"/account/email/stop", anyone, showStopEmail, postStopEmail},
	{"/account/sessions", freshlyVerified, showSessions, postSessions},
	{connectedAppsPath, freshlyVerified, showConnectedApps, postConnectedApps},
	{"/account/activity", signedIn, showActivity, nil},
	{handoverPath, handingOver, showHandover, nil},
	{"/account/delete", freshlyVerified, showDelete, only("delete", postDelete)},

	{"/admin", viewing(auth.RoleViewer), showOverview, nil},
	{peoplePath, viewing(auth.RoleViewer), showPeople, nil},
	{"/admin/people.csv", acting(auth.RoleViewer), exportPeople, nil},
	{views.DownloadURL, acting(auth.RoleAdmin), showDownload, postDownload},
	{"/admin/people/:id", viewing(auth.RoleViewer), showPerson, nil},
	{"/admin/people/:id/groups", acting(auth.RoleAdmin), showPersonGroups, only(views.SaveGroups.Path, postPersonGroups)},
	{"/admin/people/:id/exempt", acting(auth.RoleAdmin), showExempt, only(views.Exempt.Path, postExempt)},
	{"/admin/people/:id/:act", acting(auth.RoleSupport), showAct, postAct},
	{invitationsPath, viewingOrActing(auth.RoleViewer, auth.RoleSupport), showInvitations, postInvitations},
	{"/admin/people/:id/:act/:target", acting(auth.RoleSupport), showTargetAct, postTargetAct},
	{"/admin/approvals/:id", acting(auth.RoleAdmin), showApproval, postApproval},
	{"/admin/audit", viewing(auth.RoleViewer), showAudit, nil},
	{"/admin/audit.csv", acting(auth.RoleViewer), exportAudit, nil},
	{"/admin/audit.ndjson", acting(auth.RoleViewer), exportAudit, nil},
	{mfaPolicyPath, viewingOrActing(auth.RoleViewer, auth.RoleAdmin), showMFAPolicy, postMFAPolicy},
	{appsPath, viewing(auth.RoleViewer), showApps, nil},
	{"/admin/apps/add", acting(auth.RoleAdmin), showAddApp, only("add", postAddApp)},
	{"/admin/apps/:id", viewing(auth.RoleViewer), showApp, nil},
	{"/admin/apps/:id/edit", acting(auth.RoleAdmin), showEditApp, only("save", postEditApp)},
	{"/admin/apps/:id/check", viewing(auth.RoleViewer), showAppCheck, only("check", postAppCheck)},
	{"/admin/apps/:id/:act", acting(auth.RoleAdmin), showAppAct, postAppAct},
	{accessPath, viewing(auth.RoleViewer), showAccess, postAccess},
	{"/admin/settings", acting(auth.RoleAdmin), showSettings, only("save", postSettings)},
	{"/admin/*", viewing(auth.RoleViewer), showNothing, postNothing},
}

// add registers the route. Echo responds with 405 to other methods.
func (row route) add(e *echo.Echo, s *site) {
	if row.page != nil {
		e.Match([]string{http.MethodGet, http.MethodHead}, row.path, s.serve(row.guard, row.page))
	}
	if row.post != nil {
		e.POST(row.path, s.serve(row.guard, row.submit))
	}
}

// serve runs the guard and then the handler.
func (s *site) serve(g guard, handler func(*request) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, err := s.newRequest(c)
		if err != nil {
			return err
		}
		redirect, err := g(r)
		switch {
		case err != nil:
			return err
		case redirect != "":
			return r.redirect(redirect)
		}
		return handler(r)
	}
}

// submit carries out a posted form and redirects, or shows the form's page again
// with the problem.
func (row route) submit(r *request) error {
	if r.outdated != nil {
		return row.showAgain(r)
	}
	redirect, err := row.post(r)
	problem := problemOf(err)
	switch {
	case err == nil && redirect != "":
		return r.redirect(redirect)
	case problem == nil || row.page == nil:
		return err // nil if the form has shown a page that leads to another site
	}
	return row.refuse(r, problem)
}

func (row route) refuse(r *request, problem *auth.Problem) error {
	r.log.refused(problem)
	r.problem, r.status = problem, statusOf(problem)
	return row.page(r)
}

// only is the form of a page with one button.
func only(action string, post func(*request) (string, error)) func(*request) (string, error) {
	return func(r *request) (string, error) {
		if r.action() != action {
			return "", errUnknownAction
		}
		return post(r)
	}
}

// redirectTo is a page that only redirects. The status is 303, except that 302 is
// specified for the change-password URL (HT-05).
func redirectTo(status int, path string) func(*request) error {
	return func(r *request) error { return r.redirectStatus(status, path) }
}
