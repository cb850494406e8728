package handlers

import (
	"cmp"
	"net/url"

	"twostep/auth"
	"twostep/views"
)

func showForgotPassword(r *request) error {
	a, err := r.attempt(auth.ResetPassword)
	if err != nil {
		return err
	}
	switch a.Step() {
	case auth.StepEmail:
		return r.show(views.CheckEmail(views.CheckEmailPage{Page: r.codePage(a.Code, true), Email: a.Email, Code: a.Code}))
	case auth.StepNewPassword:
		return r.show(views.NewPassword(views.NewPasswordPage{
			Page: r.page(), Email: a.Email, PasswordMin: r.rules.Policy().PasswordMin,
		}))
	}
	return r.show(views.ForgotPassword(views.ForgotPasswordPage{Page: r.page(), Email: r.prefill("email")}))
}

func postForgotPassword(r *request) (string, error) {
	page := r.pageURL()
	switch r.action() {
	case "continue":
		result, err := r.rules.ForgotPassword(r.ctx(), r.client(), r.form.Get("email"), r.next())
		return r.applyResult(page, result, err)
	case "set_password":
		next, err := r.rules.SetPassword(r.ctx(), r.client(), r.cookie.Attempt, r.form.Get("password"))
		if err != nil {
			return "", err
		}
		r.cookie.Attempt, r.cookie.Notice = "", views.NoticePasswordReset
		r.keepTyped(signInPage, url.Values{"email": {r.form.Get("username")}}) // of the hidden field
		return signInPath(cmp.Or(r.next(), next)), nil
	}
	return r.postCode(page)
}

func showPassword(r *request) error {
	return r.show(views.Password(views.PasswordPage{
		Page: r.page(), PasswordMin: r.rules.Policy().PasswordMin, MustChange: r.session.MustChange,
		EndOthers: r.form == nil || r.form.Has("end_others"),
	}))
}

func postPassword(r *request) (string, error) {
	session, err := r.rules.ChangePassword(r.ctx(), r.client(), r.session,
		r.form.Get("current"), r.form.Get("password"), r.form.Has("end_others"))
	if err != nil {
		return "", err
	}
	return r.passwordChanged(session), nil
}

func (r *request) passwordChanged(session auth.Token) (redirect string) {
	r.cookie.Session, r.cookie.Notice = session, views.NoticePasswordChanged
	return r.afterTask(accountPath)
}

// repeatedPasswordChange carries on a form that was posted twice: the first post
// has replaced the session token with which the second one came.
func (r *request) repeatedPasswordChange() (redirect string, err error) {
	token, err := r.rules.RepeatedPasswordChange(r.ctx(), r.client(), r.form.Get("current"), r.form.Get("password"))
	if problemOf(err) != nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if r.session, err = r.rules.Session(r.ctx(), token); err != nil {
		return "", err
	}
	return r.passwordChanged(token), nil
}
