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

func showDelete(r *request) error {
	return r.show(views.Delete(views.DeletePage{Page: r.page()}))
}

func postDelete(r *request) (string, error) {
	if err := r.rules.DeleteAccount(r.ctx(), r.client(), r.session, r.form.Get("confirm")); err != nil {
		return "", err
	}
	r.cookie.cookieValues = cookieValues{Notice: views.NoticeAccountDeleted}
	return "/sign-in", nil
}
