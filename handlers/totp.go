package handlers

import (
	"twostep/auth"
	"twostep/views"
)

// showAddTOTP shows the enrolment's current step. The step is stored, so a
// reload, the Back button and a second tab all show the same page.
func showAddTOTP(r *request) error {
	e, err := r.rules.TOTPEnrolment(r.ctx(), r.session)
	if err != nil {
		return err
	}
	switch e.Step() {
	case auth.TOTPVerify:
		return r.show(views.VerifyTOTP(views.VerifyTOTPPage{Page: r.page()}))
	case auth.TOTPBackupCodes:
		codes, err := r.rules.UnseenBackupCodes(r.ctx(), r.session.User)
		if err != nil {
			return err
		}
		return r.show(views.BackupCodes(views.BackupCodesPage{Page: r.page(), Codes: codes, Enrolling: true}))
	case auth.TOTPSuccess:
		return r.show(views.TOTPSuccess(views.TOTPSuccessPage{Page: r.page(), Next: r.session.Next}))
	}
	factors, err := r.factors()
	if err != nil {
		return err
	}
	if err := r.rules.AllowQR(r.ctx(), r.session); err != nil {
		return err
	}
	return r.show(views.AddTOTP(views.AddTOTPPage{
		Page: r.page(), URI: e.URI(r.site.Name, r.session.Email), Key: e.KeyText(),
		ShowURI: r.QueryParam("format") == "uri", Replaces: factors.TOTP != nil,
	}))
}

func postAddTOTP(r *request) (string, error) {
	r.cachedFactors = nil // the event may add the factor
	event := auth.TOTPEvent(r.action())
	notice := views.Notice("")
	if event == auth.TOTPReset {
		notice = views.NoticeKeyReset
	}
	err := r.rules.AdvanceTOTP(r.ctx(), r.client(), r.session, event, r.form.Get("code"))
	return "/account/manage-mfa/add", r.withNotice(notice, err)
}

func showRemoveTOTP(r *request) error {
	factors, err := r.factors()
	if err != nil {
		return err
	}
	if factors.TOTP == nil && r.problem == nil {
		return r.redirect(manageMFAPath)
	}
	return r.show(views.RemoveTOTP(views.RemoveTOTPPage{
		Page: r.page(), Last: factors.Count() == 1, BackupCodes: factors.BackupCodes, Keep: r.rules.MustKeepLast(r.session.MFA, factors),
	}))
}

func postRemoveTOTP(r *request) (string, error) {
	err := r.rules.RemoveTOTP(r.ctx(), r.client(), r.session)
	return manageMFAPath, r.withNotice(views.NoticeTOTPRemoved, err)
}
