package handlers

import (
	"strings"
	"time"

	"twostep/auth"
	"twostep/views"
)

const mfaPolicyPath = "/admin/mfa"

func showMFAPolicy(r *request) error {
	page := views.MFAPolicyPage{
		Required: r.rules.Policy().RequireMFA, Group: r.prefill("group"), Date: r.prefill("date"),
		PendingAfter: r.QueryParam("after"), ExemptionAfter: r.QueryParam("exempt-after"),
	}
	var err error
	if page.Policies, err = r.rules.MFAPolicies(r.ctx()); err != nil {
		return err
	}
	if page.Pending, err = r.rules.MFAPending(r.ctx(), auth.UserID(page.PendingAfter)); err != nil {
		return err
	}
	if page.Exemptions, page.NextExemption, err = r.rules.MFAExemptions(r.ctx(), auth.UserID(page.ExemptionAfter)); err != nil {
		return err
	}
	page.RecoveryOffered = r.rules.Policy().OffersRecovery()
	if page.Recoveries, err = r.rules.PendingRecoveries(r.ctx()); err != nil {
		return err
	}
	page.Page = r.page()
	return r.show(views.MFAPolicy(page))
}

func postMFAPolicy(r *request) (string, error) {
	action, group, _ := strings.Cut(r.action(), ":")
	switch action {
	case "set":
		policy := auth.MFAPolicy{Group: strings.TrimSpace(r.form.Get("group")), Day: dayIn(r.form.Get("date"))}
		return mfaPolicyPath, r.withNotice(views.NoticeMFAPolicySet, r.rules.SetMFAPolicy(r.ctx(), r.operator(), policy))
	case "remove":
		return mfaPolicyPath, r.withNotice(views.NoticeMFAPolicyRemoved, r.rules.RemoveMFAPolicy(r.ctx(), r.operator(), group))
	case "remind":
		n, err := r.rules.RemindMFANow(r.ctx(), r.operator(), auth.UserID(r.QueryParam("after")))
		return r.Request().URL.RequestURI(), r.withNotice(views.NoticeMFAReminded(n), err)
	}
	return "", errUnknownAction
}

// dayIn returns the day in a field of type date; zero if it is none.
func dayIn(text string) time.Time {
	day, _ := time.Parse(time.DateOnly, strings.TrimSpace(text))
	return day
}

func showExempt(r *request) error {
	page, err := r.actPage(views.Exempt)
	if err != nil {
		return err
	}
	page.Until = r.prefill("until")
	return r.showAct(page, "")
}

func postExempt(r *request) (string, error) {
	page, err := r.actPage(views.Exempt)
	if err != nil {
		return "", err
	}
	err = r.rules.ExemptFromMFA(r.ctx(), r.operator(), page.Person.ID, dayIn(r.form.Get("until")))
	return views.PersonURL(page.Person.ID), r.withNotice(views.NoticeActDone, err)
}
