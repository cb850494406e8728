package handlers

import (
	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

func showEmail(v *visit) (templ.Component, error) {
	addresses, err := v.site.rules.Addresses(v.ctx(), v.session)
	if err != nil {
		return nil, err
	}
	var code *auth.SentCode
	if addresses.Waiting != nil {
		code = addresses.Waiting.Code
	}
	return views.Email(views.EmailPage{
		Frame: v.awaiting(code, false), Addresses: addresses, Email: v.typed("email"), Use: auth.AddressUse(v.typed("use")),
	}), nil
}

func postEmail(v *visit) (string, error) {
	const page = "/account/email"
	rules := v.site.rules
	var err error
	switch v.action() {
	case "change":
		err = rules.AskAddress(v.ctx(), v.visitor(), v.session, auth.ForSignIn, v.form.Get("email"))
	case "add":
		err = rules.AskAddress(v.ctx(), v.visitor(), v.session, auth.ForNotices, v.form.Get("email"))
	case "verify":
		v.cookie.Notice = views.NoticeEmailProved
		err = rules.ProveAddress(v.ctx(), v.visitor(), v.session, v.form.Get("code"))
	case "resend":
		v.cookie.Notice = views.NoticeCodeSent
		err = rules.SendAddressCode(v.ctx(), v.visitor(), v.session)
	case "stop":
		v.cookie.Notice = views.NoticeEmailStopped
		err = rules.DropAddress(v.ctx(), v.visitor(), v.session)
	case "remove":
		v.cookie.Notice = views.NoticeEmailRemoved
		err = rules.RemoveNoticeAddress(v.ctx(), v.visitor(), v.session)
	default:
		err = &auth.Problem{Reason: auth.ChoiceUnknown}
	}
	return page, v.quietly(err)
}

// showStopEmail is where the link in the mail to the old address leads. To
// look at it stops nothing: mail programs look at links on their own.
func showStopEmail(v *visit) (templ.Component, error) {
	e, err := v.site.rules.StoppableAddress(v.ctx(), auth.Handle(v.QueryParam("token")))
	if v.problem == nil && err != nil {
		return nil, err
	}
	return views.StopEmail(views.StopEmailPage{Frame: v.frame(), Email: e.Email.Typed}), nil
}

func postStopEmail(v *visit) (string, error) {
	err := v.site.rules.StopAddress(v.ctx(), v.visitor(), auth.Handle(v.QueryParam("token")))
	v.cookie.Notice = views.NoticeEmailStopped
	return "/", v.quietly(err)
}
