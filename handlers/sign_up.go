package handlers

import (
	"twostep/auth"
	"twostep/views"
)

func showSignUp(r *request) error {
	policy := r.rules.Policy()
	if !policy.SignUpOpen {
		return &auth.Problem{Reason: auth.SignUpClosed}
	}
	a, err := r.attempt(auth.SignUp)
	if err != nil {
		return err
	}
	if a.Step() == auth.StepEmail {
		return r.show(views.VerifyEmail(views.VerifyEmailPage{Page: r.codePage(a.Code, true), Email: a.Email, Code: a.Code}))
	}
	return r.show(views.SignUp(views.SignUpPage{
		Page: r.page(), Email: r.prefill("email"), PasswordMin: policy.PasswordMin, Domains: policy.SignUpDomains,
	}))
}

func postSignUp(r *request) (string, error) {
	page := r.pageURL()
	if r.action() != "continue" {
		return r.postCode(page)
	}
	result, err := r.rules.SignUp(r.ctx(), r.client(), r.form.Get("email"), r.form.Get("password"), r.next())
	return r.applyResult(page, result, err)
}
