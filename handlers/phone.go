package handlers

import (
	"context"
	"errors"
	"net/url"

	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

// phone is the phone that an address names, of this account, or ErrNotFound.
func (v *visit) phone(id string) (auth.Phone, auth.Factors, error) {
	factors, err := v.factors()
	if err != nil {
		return auth.Phone{}, factors, err
	}
	phone, found := factors.Phone(auth.PhoneID(id))
	if !found {
		return phone, factors, auth.ErrNotFound
	}
	return phone, factors, nil
}

// showPhone asks before it happens.
func showPhone(act views.PhoneAction) func(*visit) (templ.Component, error) {
	return func(v *visit) (templ.Component, error) {
		phone, factors, err := v.phone(v.Param("id"))
		if err != nil {
			return nil, err
		}
		over := act == views.PhoneUse && phone.Reserved() || act == views.PhoneDisable && !phone.Reserved()
		if over && v.problem == nil {
			return nil, elsewhere("/account/manage-mfa")
		}
		return views.Phone(views.PhonePage{
			Page: v.frame(), Phone: phone, Action: act, First: !factors.HasMFA(),
			Last: phone.Reserved() && factors.Count() == 1,
		}), nil
	}
}

// phoneDeeds are the rule and the notice of each act.
var phoneDeeds = map[views.PhoneAction]struct {
	do     func(*auth.Rules, context.Context, auth.Visitor, auth.Session, auth.PhoneID) error
	notice views.Notice
}{
	views.PhoneUse:     {(*auth.Rules).UsePhone, views.NoticePhoneReserved},
	views.PhoneDisable: {(*auth.Rules).DisablePhone, views.NoticePhoneReleased},
	views.PhoneRemove:  {(*auth.Rules).RemovePhone, views.NoticePhoneRemoved},
}

func postPhone(act views.PhoneAction) func(*visit) (string, error) {
	return func(v *visit) (string, error) {
		if v.action() != string(act) {
			return "", &auth.Problem{Reason: auth.UnknownAction}
		}
		return v.doWithPhone(act, auth.PhoneID(v.Param("id")))
	}
}

// doWithPhone carries an act out, and leads to the backup codes where it made some.
func (v *visit) doWithPhone(act views.PhoneAction, id auth.PhoneID) (string, error) {
	deed := phoneDeeds[act]
	if err := deed.do(v.site.rules, v.ctx(), v.visitor(), v.session, id); err != nil {
		return "", err
	}
	v.cookie.Notice = deed.notice
	v.had = nil // they have just changed
	factors, err := v.factors()
	if err == nil && act == views.PhoneUse && factors.CodesUnseen {
		return backupCodesPath, nil
	}
	return "/account/manage-mfa", err
}

func postDefaultPhone(v *visit) (string, error) {
	v.cookie.Notice = views.NoticeDefaultChanged
	err := v.site.rules.MakePhoneDefault(v.ctx(), v.visitor(), v.session, auth.PhoneID(v.Param("id")))
	return "/account/manage-mfa", v.quietly(err)
}

const addPhonePath = "/account/add-phone"

func showAddPhone(v *visit) (templ.Component, error) {
	if id := v.QueryParam("added"); id != "" {
		phone, _, err := v.phone(id)
		if err != nil {
			return nil, err
		}
		return views.PhoneAdded(views.PhoneAddedPage{Page: v.frame(), Phone: phone}), nil
	}
	e, err := v.site.rules.PhoneEnrolment(v.ctx(), v.session)
	if errors.Is(err, auth.ErrNotFound) {
		return views.AddPhone(views.AddPhonePage{
			Page: v.frame(), Phone: v.typed("phone"), TOTP: v.site.rules.Policy().Allows(auth.TOTPCode),
		}), nil
	}
	if err != nil {
		return nil, err
	}
	return views.VerifyPhone(views.VerifyPhonePage{
		Page: v.awaiting(e.Code, true), Number: e.Number, Region: e.Region(), Code: e.Code,
	}), nil
}

func postAddPhone(v *visit) (string, error) {
	rules := v.site.rules
	switch v.action() {
	case "continue":
		return addPhonePath, rules.AddPhone(v.ctx(), v.visitor(), v.session, v.form.Get("phone"))
	case "verify":
		id, err := rules.VerifyPhone(v.ctx(), v.visitor(), v.session, v.form.Get("code"))
		return addPhonePath + "?added=" + url.QueryEscape(string(id)), err
	case "resend":
		v.cookie.Notice = views.NoticeCodeSent
		return addPhonePath, v.quietly(rules.ResendPhoneCode(v.ctx(), v.visitor(), v.session))
	case "another":
		return addPhonePath, rules.CancelPhone(v.ctx(), v.session)
	case "use":
		return v.doWithPhone(views.PhoneUse, auth.PhoneID(v.QueryParam("added")))
	}
	return "", &auth.Problem{Reason: auth.UnknownAction}
}
