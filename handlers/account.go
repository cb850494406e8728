package handlers

import (
	"github.com/a-h/templ"

	"twostep/views"
)

func showAccount(v *visit) (templ.Component, error) {
	factors, err := v.factors()
	if err != nil {
		return nil, err
	}
	return views.Account(views.AccountPage{Page: v.frame(), Factors: factors}), nil
}

func showManageMFA(v *visit) (templ.Component, error) {
	factors, err := v.factors()
	if err != nil {
		return nil, err
	}
	return views.ManageMFA(views.ManageMFAPage{Page: v.frame(), Factors: factors}), nil
}
