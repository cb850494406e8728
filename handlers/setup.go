package handlers

import (
	"strings"

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
	required := r.rules.Task(r.session, factors) == auth.TaskSetupMFA
	needed := r.session.Next != "" && (!factors.HasMFA() || factors.CodesUnseen)
	if !required && !needed {
		return r.redirect(r.afterTask(accountPath))
	}
	policy, declined := r.rules.Policy(), ""
	if !required && !factors.HasMFA() && strings.HasPrefix(r.session.Next, continuePath) { // an app asks, and may get less
		declined = r.session.Next
	}
	return r.show(views.SetupMFA(views.SetupMFAPage{
		Page: r.page(), Passkey: policy.Allows(auth.PasskeyPresent), TOTP: policy.Allows(auth.TOTPCode), SMS: policy.Allows(auth.PhoneCode), CodesUnseen: factors.CodesUnseen, Declined: declined,
	}))
}
