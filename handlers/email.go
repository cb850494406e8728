package handlers

import (
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
		Frame: r.codeFrame(code, false), Addresses: addresses, Email: r.prefill("email"), Use: auth.EmailUse(r.prefill("use")),
	}))
}

func postEmail(r *request) (string, error) {
	const page = "/account/email"
	rules := r.rules
	switch r.action() {
	case "change":
		return page, rules.StartEmailChange(r.ctx(), r.visitor(), r.session, auth.ForSignIn, r.form.Get("email"))
	case "add":
		return page, rules.StartEmailChange(r.ctx(), r.visitor(), r.session, auth.ForNotices, r.form.Get("email"))
	case "verify":
		err := rules.VerifyEmail(r.ctx(), r.visitor(), r.session, r.form.Get("code"))
		return page, r.withNotice(views.NoticeEmailProved, err)
	case "resend":
		return page, r.withNotice(views.NoticeCodeSent, rules.ResendEmailCode(r.ctx(), r.visitor(), r.session))
	case "stop":
		return page, r.withNotice(views.NoticeEmailStopped, rules.CancelEmailChange(r.ctx(), r.visitor(), r.session))
	case "remove":
		return page, r.withNotice(views.NoticeEmailRemoved, rules.RemoveNoticeEmail(r.ctx(), r.visitor(), r.session))
	}
	return "", errUnknownAction
}

// showStopEmail shows the page that the mail to the old address links to. Only
// its form stops the change, because mail programs open links by themselves.
func showStopEmail(r *request) error {
	change, err := r.rules.FindEmailChange(r.ctx(), auth.Token(r.QueryParam("token")))
	if r.problem == nil && err != nil {
		return err
	}
	return r.show(views.StopEmail(views.StopEmailPage{Frame: r.frame(), Email: change.Email.Typed}))
}

func postStopEmail(r *request) (string, error) {
	err := r.rules.StopEmailChange(r.ctx(), r.visitor(), auth.Token(r.QueryParam("token")))
	return "/", r.withNotice(views.NoticeEmailStopped, err)
}
