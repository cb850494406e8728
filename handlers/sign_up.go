package handlers

import (
	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

func showSignUp(v *visit) (templ.Component, error) {
	policy := v.site.rules.Policy()
	if !policy.SignUpOpen {
		return nil, auth.ErrNotFound
	}
	a, err := v.attempt(auth.SignUp)
	if err != nil {
		return nil, err
	}
	if a.Step() == auth.StepEmail {
		return views.VerifyEmail(views.VerifyEmailPage{Page: v.awaiting(a.Code, true), Email: a.Email, Code: a.Code}), nil
	}
	return views.SignUp(views.SignUpPage{
		Page: v.frame(), Email: v.typed("email"), PasswordMin: policy.PasswordMin,
	}), nil
}

func postSignUp(v *visit) (string, error) {
	if v.action() == "continue" {
		pass, err := v.site.rules.SignUp(v.ctx(), v.visitor(), v.form.Get("email"), v.form.Get("password"))
		if err != nil {
			return "", err
		}
		return v.enter(pass, "/sign-up"), nil
	}
	return v.postCode("/sign-up")
}
