package handlers

import (
	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

const backupCodesPath = "/account/manage-mfa/backup-codes"

func showBackupCodes(v *visit) (templ.Component, error) {
	codes, err := v.site.rules.UnseenBackupCodes(v.ctx(), v.session.User)
	if err != nil {
		return nil, err
	}
	if len(codes) > 0 {
		return views.BackupCodes(views.BackupCodesPage{Page: v.frame(), Codes: codes}), nil
	}
	factors, err := v.factors()
	if err != nil {
		return nil, err
	}
	if !factors.HasMFA() && v.problem == nil {
		return nil, elsewhere("/account/manage-mfa")
	}
	return views.GenerateCodes(views.GenerateCodesPage{Page: v.frame(), Left: factors.BackupCodes}), nil
}

func postBackupCodes(v *visit) (string, error) {
	switch v.action() {
	case "generate":
		return backupCodesPath, v.site.rules.NewBackupCodes(v.ctx(), v.visitor(), v.session)
	case "done":
		v.cookie.Notice = views.NoticeBackupCodesSaved
		return "/account/manage-mfa", v.quietly(v.site.rules.ConfirmBackupCodes(v.ctx(), v.session.User))
	}
	return "", &auth.Problem{Reason: auth.UnknownAction}
}
