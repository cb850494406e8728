package handlers

import "twostep/views"

const (
	manageMFAPath   = "/account/manage-mfa"
	backupCodesPath = "/account/manage-mfa/backup-codes"
)

func showBackupCodes(r *request) error {
	codes, err := r.rules.UnseenBackupCodes(r.ctx(), r.session.User)
	if err != nil {
		return err
	}
	if len(codes) > 0 {
		return r.show(views.BackupCodes(views.BackupCodesPage{Page: r.page(), Codes: codes}))
	}
	factors, err := r.factors()
	if err != nil {
		return err
	}
	if !factors.HasMFA() && r.problem == nil {
		return r.redirect(manageMFAPath)
	}
	return r.show(views.GenerateCodes(views.GenerateCodesPage{Page: r.page(), Left: factors.BackupCodes}))
}

func postBackupCodes(r *request) (string, error) {
	switch r.action() {
	case "generate":
		return backupCodesPath, r.rules.NewBackupCodes(r.ctx(), r.client(), r.session)
	case "done":
		err := r.rules.ConfirmBackupCodes(r.ctx(), r.session.User)
		return r.afterTask(manageMFAPath), r.withNotice(views.NoticeBackupCodesSaved, err)
	}
	return "", errUnknownAction
}
