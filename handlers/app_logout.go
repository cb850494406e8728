package handlers

import (
	"net/http"

	"twostep/auth/oidc"
	"twostep/views"
)

// showLogout signs the user out at the wish of an app that has an ID token of this very
// session. Otherwise a page asks, and nothing leads back to the app (OI-49).
func showLogout(r *request) error {
	l, valid, err := r.site.Apps.ParseLogout(r.ctx(), r.QueryParams())
	if err != nil {
		return err
	}
	if !valid || r.signedIn() && r.session.ID != l.Session {
		return r.show(views.Logout(views.LogoutPage{Page: r.page(), SignedIn: r.signedIn()}))
	}
	if err := r.site.Apps.Logout(r.ctx(), l); err != nil {
		return err
	}
	r.forgetSession()
	if l.Redirect == "" {
		return r.redirect(signInPage)
	}
	r.cookie.Notice = ""
	return r.redirect(l.Redirect)
}

// postLogout is showLogout for a form that another site has posted: it has no cookie, so
// the ID token alone says which session to end. That is the one form without a form token
// that changes something (CS-01). Without a valid one the user is asked, by GET.
func postLogout(r *machineRequest) error {
	form, err := r.readForm()
	if err != nil {
		return r.respondError(err)
	}
	l, valid, err := r.apps.ParseLogout(r.Request().Context(), form)
	if err != nil {
		return err
	}
	if !valid {
		return r.Redirect(http.StatusSeeOther, oidc.LogoutPath)
	}
	if err := r.apps.Logout(r.Request().Context(), l); err != nil {
		return err
	}
	if l.Redirect == "" {
		return r.Redirect(http.StatusSeeOther, oidc.LogoutPath)
	}
	return r.Redirect(http.StatusSeeOther, l.Redirect)
}
