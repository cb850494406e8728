package handlers

import (
	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

func showForgotPassword(v *visit) (templ.Component, error) {
	a, err := v.attempt(auth.ResetPassword)
	if err != nil {
		return nil, err
	}
	switch a.Step() {
	case auth.StepEmail:
		return views.CheckEmail(views.CheckEmailPage{Page: v.awaiting(a.Code, true), Email: a.Email, Code: a.Code}), nil
	case auth.StepNew:
		return views.NewPassword(views.NewPasswordPage{
			Page: v.frame(), Email: a.Email, PasswordMin: v.site.rules.Policy().PasswordMin,
		}), nil
	}
	return views.ForgotPassword(views.ForgotPasswordPage{Page: v.frame(), Email: v.typed("email")}), nil
}

func postForgotPassword(v *visit) (string, error) {
	const page = "/forgot-password"
	switch v.action() {
	case "continue":
		pass, err := v.site.rules.ForgotPassword(v.ctx(), v.visitor(), v.form.Get("email"))
		if err != nil {
			return "", err
		}
		return v.enter(pass, page), nil
	case "set_password":
		if err := v.site.rules.SetPassword(v.ctx(), v.visitor(), v.cookie.Attempt, v.form.Get("password")); err != nil {
			return "", err
		}
		v.cookie.Attempt, v.cookie.Notice = "", views.NoticePasswordReset
		return "/sign-in", nil
	}
	return v.postCode(page)
}

func showPassword(v *visit) (templ.Component, error) {
	return views.Password(views.PasswordPage{
		Page: v.frame(), PasswordMin: v.site.rules.Policy().PasswordMin, MustChange: v.session.MustChange,
		EndOthers: v.form == nil || v.form.Has("end_others"),
	}), nil
}

func postPassword(v *visit) (string, error) {
	if v.action() != "change" {
		return "", &auth.Problem{Reason: auth.UnknownAction}
	}
	handle, err := v.site.rules.ChangePassword(v.ctx(), v.visitor(), v.session,
		v.form.Get("current"), v.form.Get("password"), v.form.Has("end_others"))
	if err != nil {
		return "", err
	}
	v.cookie.Session, v.cookie.Notice = handle, views.NoticePasswordChanged
	return "/account", nil
}
