package handlers

import "twostep/views"

func showAccount(r *request) error {
	factors, err := r.factors()
	if err != nil {
		return err
	}
	return r.show(views.Account(views.AccountPage{Page: r.page(), Name: r.session.Name, Factors: factors}))
}

func showManageMFA(r *request) error {
	factors, err := r.factors()
	if err != nil {
		return err
	}
	return r.show(views.ManageMFA(views.ManageMFAPage{Page: r.page(), Factors: factors}))
}
