package handlers

import (
	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

// showSetupMFA is where a session stays that owes a second factor.
func showSetupMFA(v *visit) (templ.Component, error) {
	factors, err := v.factors()
	if err != nil {
		return nil, err
	}
	rules := v.site.rules
	if rules.Task(v.session, factors) != auth.TaskSetupMFA {
		return nil, elsewhere("/account")
	}
	return views.SetupMFA(views.SetupMFAPage{
		Page: v.frame(), TOTP: rules.Policy().Allows(auth.TOTPCode), SMS: rules.Policy().Allows(auth.PhoneCode),
		CodesUnseen: factors.CodesUnseen,
	}), nil
}
