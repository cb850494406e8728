package handlers

import (
	"errors"
	"net/url"

	"twostep/auth"
	"twostep/views"
)

const addPhonePath = "/account/add-phone"

// phone finds one of the account's own phones, and returns auth.ErrNotFound for
// any other id.
func (r *request) phone(id string) (auth.Phone, auth.Factors, error) {
	factors, err := r.factors()
	if err != nil {
		return auth.Phone{}, factors, err
	}
	phone, ok := factors.Phone(auth.PhoneID(id))
	if !ok {
		return phone, factors, auth.ErrNotFound
	}
	return phone, factors, nil
}

// showPhone returns the page that asks for confirmation of an action.
func showPhone(action views.PhoneAction) func(*request) error {
	return func(r *request) error {
		phone, factors, err := r.phone(r.Param("id"))
		if err != nil {
			return err
		}
		done := action == views.PhoneUse && phone.Reserved() || action == views.PhoneDisable && !phone.Reserved()
		if done && r.problem == nil {
			return r.redirect(manageMFAPath)
		}
		return r.show(views.Phone(views.PhonePage{
			Page: r.page(), Phone: phone, Action: action, First: !factors.HasMFA(),
			Last: phone.Reserved() && factors.Count() == 1, Keep: phone.Reserved() && r.rules.MustKeepLast(r.session.MFA, factors),
		}))
	}
}

func postUsePhone(r *request) (string, error) {
	return r.usePhone(r.Param("id"))
}

func postDisablePhone(r *request) (string, error) {
	err := r.rules.DisablePhone(r.ctx(), r.client(), r.session, auth.PhoneID(r.Param("id")))
	return manageMFAPath, r.withNotice(views.NoticePhoneReleased, err)
}

func postRemovePhone(r *request) (string, error) {
	err := r.rules.RemovePhone(r.ctx(), r.client(), r.session, auth.PhoneID(r.Param("id")))
	return manageMFAPath, r.withNotice(views.NoticePhoneRemoved, err)
}

// usePhone makes the phone a second factor. The next page shows backup codes if
// it was the first one.
func (r *request) usePhone(id string) (string, error) {
	if err := r.rules.UsePhone(r.ctx(), r.client(), r.session, auth.PhoneID(id)); err != nil {
		return "", err
	}
	r.cachedFactors = nil
	phone, factors, err := r.phone(id)
	page := r.afterTask(manageMFAPath)
	if factors.CodesUnseen {
		page = backupCodesPath
	}
	return page, r.withNotice(views.NoticePhoneReserved(phone.Number), err)
}

func postDefaultPhone(r *request) (string, error) {
	err := r.rules.MakePhoneDefault(r.ctx(), r.client(), r.session, auth.PhoneID(r.Param("id")))
	return manageMFAPath, r.withNotice(views.NoticeDefaultChanged, err)
}

func showAddPhone(r *request) error {
	if id := r.QueryParam("added"); id != "" {
		phone, _, err := r.phone(id)
		if err != nil {
			return err
		}
		return r.show(views.PhoneAdded(views.PhoneAddedPage{Page: r.page(), Phone: phone}))
	}
	e, err := r.rules.PhoneEnrolment(r.ctx(), r.session)
	if errors.Is(err, auth.ErrNotFound) {
		return r.show(views.AddPhone(views.AddPhonePage{
			Page: r.page(), Phone: r.prefill("phone"), TOTP: r.rules.Policy().Allows(auth.TOTPCode),
		}))
	}
	if err != nil {
		return err
	}
	return r.show(views.VerifyPhone(views.VerifyPhonePage{
		Page: r.codePage(e.Code, true), Number: e.Number, Region: e.Region(), Code: e.Code,
	}))
}

func postAddPhone(r *request) (string, error) {
	rules := r.rules
	switch r.action() {
	case "continue":
		return addPhonePath, rules.AddPhone(r.ctx(), r.client(), r.session, r.form.Get("phone"))
	case "verify":
		id, err := rules.VerifyPhone(r.ctx(), r.client(), r.session, r.form.Get("code"))
		return addPhonePath + "?added=" + url.QueryEscape(string(id)), err
	case "resend":
		return addPhonePath, r.withNotice(views.NoticeCodeSent, rules.ResendPhoneCode(r.ctx(), r.client(), r.session))
	case "another":
		return addPhonePath, rules.CancelPhone(r.ctx(), r.session)
	case "use":
		return r.usePhone(r.QueryParam("added"))
	}
	return "", errUnknownAction
}
