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
