package handlers

import (
	"twostep/auth"
	"twostep/views"
)

// showSetupMFA is the first page of a session that must add a second factor, or that needs
// one for the page at which it continues.
func showSetupMFA(r *request) error {
	factors, err := r.factors()
	if err != nil {
		return err
	}
	needed := r.session.Next != "" && (!factors.HasMFA() || factors.CodesUnseen)
	if r.rules.Task(r.session, factors) != auth.TaskSetupMFA && !needed {
		return r.redirect(r.afterTask(accountPath))
	}
	policy := r.rules.Policy()
	return r.show(views.SetupMFA(views.SetupMFAPage{
		Page: r.page(), TOTP: policy.Allows(auth.TOTPCode), SMS: policy.Allows(auth.PhoneCode), CodesUnseen: factors.CodesUnseen,
	}))
}
