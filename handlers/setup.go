package handlers

import (
	"net/url"
	"strings"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/views"
)

// showSetupMFA is the first page of a session that must add a second factor, or that needs
// one for the page at which it continues.
func showSetupMFA(r *request) error {
	factors, err := r.factors()
	if err != nil {
		return err
	}
	required := r.rules.Task(r.session, factors) == auth.TaskSetupMFA
	needed := r.session.Next != "" && (!factors.HasMFA() || factors.CodesUnseen)
	if !required && !needed {
		return r.redirect(r.afterTask(accountPath))
	}
	policy := r.rules.Policy()
	page := views.SetupMFAPage{
		Page: r.page(), Passkey: policy.Allows(auth.PasskeyPresent), TOTP: policy.Allows(auth.TOTPCode), SMS: policy.Allows(auth.PhoneCode), CodesUnseen: factors.CodesUnseen,
	}
	if !required && !factors.HasMFA() {
		if err := r.nameApp(&page); err != nil {
			return err
		}
	}
	return r.show(views.SetupMFA(page))
}

// nameApp sets which app asks for a second factor, if the session continues at one.
func (r *request) nameApp(page *views.SetupMFAPage) error {
	next, err := url.Parse(r.session.Next)
	if err != nil {
		return err
	}
	if strings.HasPrefix(next.Path, continuePath) {
		app, err := r.appAt(next.Path)
		page.By, page.Optional, page.Declined = app.Name, app.ID != "" && !app.RequireMFA, r.session.Next
		return err
	}
	if next.Path == handoverPath {
		page.By = oidc.Host(next.Query().Get("target"))
	}
	return nil
}
