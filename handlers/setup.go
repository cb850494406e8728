package handlers

import (
	"strings"

	"twostep/auth"
	"twostep/views"
)

// showSetupMFA is the first page of a session that must add a second factor, or that needs
// one for the app at which it continues.
func showSetupMFA(r *request) error {
	factors, err := r.factors()
	if err != nil {
		return err
	}
	asked := r.session.Next != "" && (!factors.HasMFA() || factors.CodesUnseen)
	if r.rules.Task(r.session, factors) != auth.TaskSetupMFA && !asked {
		return r.redirect(r.afterTask(accountPath))
	}
	policy, declined := r.rules.Policy(), ""
	if asked && strings.HasPrefix(r.session.Next, continuePath) {
		declined = r.session.Next
	}
	return r.show(views.SetupMFA(views.SetupMFAPage{
		Page: r.page(), TOTP: policy.Allows(auth.TOTPCode), SMS: policy.Allows(auth.PhoneCode), CodesUnseen: factors.CodesUnseen, Declined: declined,
	}))
}
