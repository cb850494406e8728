package handlers

import (
	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

// showAddTOTP shows the step at which the set-up stands, whatever the visitor
// believes: a reload, the Back button and a second tab all see the same.
func showAddTOTP(v *visit) (templ.Component, error) {
	e, err := v.site.rules.TOTPEnrolment(v.ctx(), v.session)
	if err != nil {
		return nil, err
	}
	switch e.Step() {
	case auth.TOTPVerify:
		return views.VerifyTOTP(views.VerifyTOTPPage{Page: v.frame()}), nil
	case auth.TOTPBackupCodes:
		codes, err := v.site.rules.UnseenBackupCodes(v.ctx(), v.session.User)
		if err != nil {
			return nil, err
		}
		return views.BackupCodes(views.BackupCodesPage{Page: v.frame(), Codes: codes, Enrolling: true}), nil
	case auth.TOTPSuccess:
		return views.TOTPSuccess(views.TOTPSuccessPage{Page: v.frame()}), nil
	}
	factors, err := v.factors()
	if err != nil {
		return nil, err
	}
	if err := v.site.rules.AllowQR(v.ctx(), v.session); err != nil {
		return nil, err
	}
	return views.AddTOTP(views.AddTOTPPage{
		Page: v.frame(), URI: e.URI(v.site.Name, v.session.Email), Key: e.KeyText(),
		ShowURI: v.QueryParam("format") == "uri", Replaces: factors.TOTP != nil,
	}), nil
}

func postAddTOTP(v *visit) (string, error) {
	event := auth.TOTPEvent(v.action())
	v.had = nil
	return "/account/manage-mfa/add", v.site.rules.AdvanceTOTP(v.ctx(), v.visitor(), v.session, event, v.form.Get("code"))
}

func showRemoveTOTP(v *visit) (templ.Component, error) {
	factors, err := v.factors()
	if err != nil {
		return nil, err
	}
	if factors.TOTP == nil && v.problem == nil {
		return nil, elsewhere("/account/manage-mfa")
	}
	return views.RemoveTOTP(views.RemoveTOTPPage{
		Page: v.frame(), Last: factors.Count() == 1, BackupCodes: factors.BackupCodes,
	}), nil
}

func postRemoveTOTP(v *visit) (string, error) {
	if v.action() != "remove" {
		return "", &auth.Problem{Reason: auth.UnknownAction}
	}
	v.cookie.Notice = views.NoticeTOTPRemoved
	return "/account/manage-mfa", v.quietly(v.site.rules.RemoveTOTP(v.ctx(), v.visitor(), v.session))
}
