package handlers

import (
	"twostep/auth"
	"twostep/views"
)

// showSetupMFA is the first page of a session that must add a second factor.
func showSetupMFA(r *request) error {
	factors, err := r.factors()
	if err != nil {
		return err
	}
	if r.rules.Task(r.session, factors) != auth.TaskSetupMFA {
		return r.redirect(r.afterTask(accountPath))
	}
	policy := r.rules.Policy()
	return r.show(views.SetupMFA(views.SetupMFAPage{
		Page: r.page(), Passkey: policy.Allows(auth.PasskeyPresent), TOTP: policy.Allows(auth.TOTPCode), SMS: policy.Allows(auth.PhoneCode), CodesUnseen: factors.CodesUnseen,
	}))
}
