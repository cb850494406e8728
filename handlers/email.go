package handlers

import (
	"errors"
	"net/http"

	"twostep/auth"
	"twostep/views"
)

func showEmail(r *request) error {
	addresses, err := r.rules.Emails(r.ctx(), r.session)
	if err != nil {
		return err
	}
	var code *auth.SentCode
	if addresses.Pending != nil {
		code = addresses.Pending.Code
	}
	return r.show(views.Email(views.EmailPage{
		Page: r.codePage(code, false), Addresses: addresses, Email: r.prefill("email"), Use: auth.EmailUse(r.prefill("use")),
	}))
}

func postEmail(r *request) (string, error) {
	const page = "/account/email"
	rules := r.rules
	switch r.action() {
	case "change":
		return page, rules.StartEmailChange(r.ctx(), r.client(), r.session, auth.ForSignIn, r.form.Get("email"))
	case "add":
		return page, rules.StartEmailChange(r.ctx(), r.client(), r.session, auth.ForNotices, r.form.Get("email"))
	case "verify":
		err := rules.VerifyEmail(r.ctx(), r.client(), r.session, r.form.Get("code"))
		return page, r.withNotice(views.NoticeEmailVerified, err)
	case "resend":
		return page, r.withNotice(views.NoticeCodeSent, rules.ResendEmailCode(r.ctx(), r.client(), r.session))
	case "stop":
		return page, r.withNotice(views.NoticeEmailChangeStopped, rules.CancelEmailChange(r.ctx(), r.client(), r.session))
	case "remove":
		return page, r.withNotice(views.NoticeEmailRemoved, rules.RemoveNoticeEmail(r.ctx(), r.client(), r.session))
	}
	return "", errUnknownAction
}

// showStopEmail shows the page that the mail to the old address links to. Only
// its form stops the change, because mail programs open links by themselves.
func showStopEmail(r *request) error {
	token := auth.Token(r.QueryParam("token"))
	change, err := r.rules.FindEmailChange(r.ctx(), token)
	if err == nil {
		return r.show(views.StopEmailChange(views.StopEmailChangePage{Page: r.page(), Email: change.Email.Typed}))
	}
	if !errors.Is(err, auth.ErrNotFound) {
		return err
	}
	if r.problem == nil {
		r.status = http.StatusNotFound
	}
	end, err := r.rules.EmailChangeEnd(r.ctx(), token)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return err
	}
	return r.show(views.StopEmailChange(views.StopEmailChangePage{Page: r.page(), End: end}))
}

func postStopEmail(r *request) (string, error) {
	err := r.rules.StopEmailChange(r.ctx(), r.client(), auth.Token(r.QueryParam("token")))
	return "/", r.withNotice(views.NoticeEmailChangeStopped, err)
}
