package handlers

import (
	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

func showEmail(v *visit) (templ.Component, error) {
	addresses, err := v.site.rules.Emails(v.ctx(), v.session)
	if err != nil {
		return nil, err
	}
	var code *auth.SentCode
	if addresses.Pending != nil {
		code = addresses.Pending.Code
	}
	return views.Email(views.EmailPage{
		Page: v.awaiting(code, false), Addresses: addresses, Email: v.typed("email"), Use: auth.EmailUse(v.typed("use")),
	}), nil
}

func postEmail(v *visit) (string, error) {
	const page = "/account/email"
	rules := v.site.rules
	var err error
	switch v.action() {
	case "change":
		err = rules.StartEmailChange(v.ctx(), v.visitor(), v.session, auth.ForSignIn, v.form.Get("email"))
	case "add":
		err = rules.StartEmailChange(v.ctx(), v.visitor(), v.session, auth.ForNotices, v.form.Get("email"))
	case "verify":
		v.cookie.Notice = views.NoticeEmailVerified
		err = rules.VerifyEmail(v.ctx(), v.visitor(), v.session, v.form.Get("code"))
	case "resend":
		v.cookie.Notice = views.NoticeCodeSent
		err = rules.ResendEmailCode(v.ctx(), v.visitor(), v.session)
	case "stop":
		v.cookie.Notice = views.NoticeEmailChangeStopped
		err = rules.CancelEmailChange(v.ctx(), v.visitor(), v.session)
	case "remove":
		v.cookie.Notice = views.NoticeEmailRemoved
		err = rules.RemoveNoticeEmail(v.ctx(), v.visitor(), v.session)
	default:
		err = &auth.Problem{Reason: auth.UnknownAction}
	}
	return page, v.quietly(err)
}

// showStopEmail is where the link in the mail to the old address leads. To
// look at it stops nothing: mail programs look at links on their own.
func showStopEmail(v *visit) (templ.Component, error) {
	e, err := v.site.rules.FindEmailChange(v.ctx(), auth.Token(v.QueryParam("token")))
	if v.problem == nil && err != nil {
		return nil, err
	}
	return views.StopEmailChange(views.StopEmailChangePage{Page: v.frame(), Email: e.Email.Typed}), nil
}

func postStopEmail(v *visit) (string, error) {
	err := v.site.rules.StopEmailChange(v.ctx(), v.visitor(), auth.Token(v.QueryParam("token")))
	v.cookie.Notice = views.NoticeEmailChangeStopped
	return "/", v.quietly(err)
}
