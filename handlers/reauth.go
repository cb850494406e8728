package handlers

import (
	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

// showVerify asks anew who it is, with the same methods as at sign-in. Where
// the session has proved it already there is nothing to ask.
func showVerify(v *visit) (templ.Component, error) {
	next := localPath(v.QueryParam("next"))
	factors, err := v.factors()
	if err != nil {
		return nil, err
	}
	if v.problem == nil && v.site.rules.FreshlyVerified(v.session, factors) {
		return nil, elsewhere(next)
	}
	a, handle, err := v.site.rules.Reauthentication(v.ctx(), v.session, v.cookie.Attempt, next)
	if err != nil {
		return nil, err
	}
	if handle != "" {
		v.cookie.Attempt = handle
	}
	return views.Reauth(views.ReauthPage{
		Page: v.awaitingSecond(a), Step: a.Step(), Email: a.Email, Method: a.Method(), Others: a.OtherMethods(), Code: a.Code,
		BackupCodes: a.AcceptsBackupCode(), BackupCodeChecked: v.form.Has("backupcode"),
	}), nil
}

func postVerify(v *visit) (string, error) {
	a, err := v.attempt(auth.Reauthentication)
	if err != nil {
		return "", err
	}
	if a.Session != v.session.ID { // over, or of another session
		return "", &auth.Problem{Reason: auth.FormExpired}
	}
	page := v.Request().URL.RequestURI()
	if v.action() != "continue" {
		return v.postCode(page)
	}
	if a.Step() != auth.StepPassword {
		return "", &auth.Problem{Reason: auth.FormExpired}
	}
	pass, err := v.site.rules.Verify(v.ctx(), v.visitor(), v.cookie.Attempt, v.form.Get("password"), false)
	if err != nil {
		return "", err
	}
	return v.enter(pass, page), nil
}
