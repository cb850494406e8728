package handlers

import "twostep/views"

func showActivity(r *request) error {
	events, more, err := r.rules.Activity(r.ctx(), r.session.User, r.QueryParam("before"))
	if err != nil {
		return err
	}
	page := views.ActivityPage{Page: r.page(), Events: events, Retention: r.rules.Policy().ActivityRetention}
	if more {
		page.Older = events[len(events)-1].ID
	}
	return r.show(views.Activity(page))
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
