package handlers

import (
	"strings"

	"twostep/auth"
	"twostep/views"
)

const passkeysPath = "/account/passkeys"

// signInPage offers passkeys if the site accepts them. Their challenge is bound to the
// visitor, whose token [request.page] makes.
func (r *request) signInPage() views.SignInPage {
	r.passkeys = r.rules.Policy().Allows(auth.PasskeyPresent)
	app, _ := r.appAt(r.next()) // without the name, which only helps, if there is a fault
	p := views.SignInPage{Page: r.page(), Email: r.prefill("email"), SignUpOpen: r.rules.Policy().SignUpOpen, App: app.Name}
	if r.passkeys {
		p.PasskeyOptions = r.rules.PasskeySignIn(r.client())
	}
	if r.problem != nil && r.problem.Reason == auth.PasskeyUnknown {
		p.UnknownPasskey = r.rules.UnknownPasskey(r.form.Get("credential"))
	}
	return p
}

func showPasskeys(r *request) error {
	factors, err := r.factors()
	if err != nil {
		return err
	}
	accepted, err := r.rules.AcceptedPasskeys(r.ctx(), r.session, factors)
	if err != nil {
		return err
	}
	r.passkeys = true
	_, renaming, _ := strings.Cut(r.action(), ":")
	return r.show(views.Passkeys(views.PasskeysPage{
		Page: r.page(), Passkeys: factors.Passkeys, Domain: r.rules.Policy().PasskeyDomain,
		Renaming: auth.PasskeyID(renaming), Name: r.prefill("name"), Accepted: accepted,
	}))
}

func postPasskeys(r *request) (string, error) {
	action, id, _ := strings.Cut(r.action(), ":")
	if action != "rename" {
		return "", errUnknownAction
	}
	err := r.rules.RenamePasskey(r.ctx(), r.client(), r.session, auth.PasskeyID(id), r.form.Get("name"))
	return passkeysPath, r.withNotice(views.NoticePasskeyRenamed, err)
}

func showAddPasskey(r *request) error {
	passkey, securityKey, err := r.rules.PasskeyEnrolment(r.ctx(), r.session)
	if err != nil {
		return err
	}
	r.passkeys = true
	return r.show(views.AddPasskey(views.AddPasskeyPage{Page: r.page(), Name: r.prefill("name"), Options: passkey, KeyOptions: securityKey}))
}

// postAddPasskey adds a passkey. The next page shows backup codes if it was the account's
// first factor.
func postAddPasskey(r *request) (string, error) {
	if r.action() != "create" && r.action() != "security_key" {
		return "", errUnknownAction
	}
	err := r.rules.AddPasskey(r.ctx(), r.client(), r.session, r.form.Get("name"), r.form.Get("credential"), r.action() == "security_key")
	if err != nil {
		return "", err
	}
	r.cachedFactors = nil
	factors, err := r.factors()
	page := r.afterTask(passkeysPath)
	if factors.CodesUnseen {
		page = backupCodesPath
	}
	return page, r.withNotice(views.NoticePasskeyAdded, err)
}

func showRemovePasskey(r *request) error {
	factors, err := r.factors()
	if err != nil {
		return err
	}
	k, found := factors.Passkey(auth.PasskeyID(r.Param("id")))
	if !found {
		return auth.ErrNotFound
	}
	last, keep := factors.Count() == 1, r.rules.MustKeepLast(r.session.MFA, factors)
	return r.show(views.RemovePasskey(views.NewRemovePasskeyPage(r.page(), factors.Passkeys, k.ID, last, keep)))
}

func postRemovePasskey(r *request) (string, error) {
	err := r.rules.RemovePasskey(r.ctx(), r.client(), r.session, auth.PasskeyID(r.Param("id")))
	page := passkeysPath
	if !r.rules.Policy().Allows(auth.PasskeyPresent) {
		page = manageMFAPath
	}
	return page, r.withNotice(views.NoticePasskeyRemoved, err)
}

// passkeyEndpoints says where users add and manage their passkeys, to password managers
// (W3C Passkey Endpoints Well-Known URL).
func passkeyEndpoints(r *machineRequest) error {
	if !r.site.rules.Policy().Allows(auth.PasskeyPresent) {
		return auth.ErrNotFound
	}
	origin := r.site.origin()
	return r.respondPublic(map[string]string{"enroll": origin + passkeysPath + "/add", "manage": origin + passkeysPath})
}
