package handlers

import (
	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

func showActivity(v *visit) (templ.Component, error) {
	events, more, err := v.site.rules.Activity(v.ctx(), v.session.User, v.QueryParam("before"))
	if err != nil {
		return nil, err
	}
	page := views.ActivityPage{Page: v.frame(), Events: events, Retention: v.site.rules.Policy().ActivityRetention}
	if more {
		page.Older = events[len(events)-1].ID
	}
	return views.Activity(page), nil
}

func showDelete(v *visit) (templ.Component, error) {
	return views.Delete(views.DeletePage{Page: v.frame()}), nil
}

func postDelete(v *visit) (string, error) {
	if v.action() != "delete" {
		return "", &auth.Problem{Reason: auth.UnknownAction}
	}
	if err := v.site.rules.DeleteAccount(v.ctx(), v.visitor(), v.session, v.form.Get("confirm")); err != nil {
		return "", err
	}
	v.cookie.Session, v.cookie.Attempt, v.cookie.Notice = "", "", views.NoticeAccountDeleted
	return "/sign-in", nil
}
