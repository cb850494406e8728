package handlers

import "twostep/views"

func showProfile(r *request) error {
	name := r.session.Name
	if r.form != nil {
		name = r.prefill("name")
	}
	return r.show(views.Profile(views.ProfilePage{Page: r.page(), Name: name}))
}

func postProfile(r *request) (string, error) {
	err := r.rules.ChangeName(r.ctx(), r.client(), r.session, r.form.Get("name"))
	return "/account/profile", r.withNotice(views.NoticeNameChanged, err)
}
