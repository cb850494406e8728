package handlers

import (
	"strings"

	"twostep/auth"
	"twostep/views"
)

// showSetupMFA is the first page of a session that must add a second factor, or of one
// that an app asks to.
func showSetupMFA(r *request) error {
	factors, err := r.factors()
	if err != nil {
		return err
	}
	asked := strings.HasPrefix(r.session.Next, continuePath) && !factors.HasMFA()
	if r.rules.Task(r.session, factors) != auth.TaskSetupMFA && !asked {
		return r.redirect(r.afterTask(accountPath))
	}
	policy, declined := r.rules.Policy(), ""
	if asked {
		declined = r.session.Next
	}
	return r.show(views.SetupMFA(views.SetupMFAPage{
		Page: r.page(), TOTP: policy.Allows(auth.TOTPCode), SMS: policy.Allows(auth.PhoneCode), CodesUnseen: factors.CodesUnseen, Declined: declined,
	}))
}
