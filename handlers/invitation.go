package handlers

import (
	"errors"
	"slices"
	"strings"

	"twostep/auth"
	"twostep/views"
)

const invitationsPath = "/admin/invitations"

// openInvitation returns the invitation of the token in the URL. If that is invalid, or a user
// who cannot accept it is signed in, it returns the path to redirect to.
func (r *request) openInvitation() (i auth.Invitation, redirect string, err error) {
	i, err = r.rules.OpenInvitation(r.ctx(), auth.Token(r.QueryParam("token")))
	if errors.Is(err, auth.ErrNotFound) {
		r.cookie.Notice = views.NoticeInvitationEnded
		return i, "/forgot-password", nil
	}
	if err == nil && i.User == "" && r.signedIn() {
		r.cookie.Notice = views.NoticeSignOutFirst
		redirect = accountPath
	}
	return i, redirect, err
}

// showInvitation shows the page that an invitation links to. Only its forms accept the
// invitation, because mail programs open links by themselves.
func showInvitation(r *request) error {
	i, redirect, err := r.openInvitation()
	if err != nil {
		return err
	}
	if redirect != "" {
		return r.redirect(redirect)
	}
	passwordMin := r.rules.Policy().PasswordMin
	if i.User != "" {
		return r.show(views.NewPassword(views.NewPasswordPage{Page: r.page(), Email: i.Email.Typed, PasswordMin: passwordMin, Invited: true}))
	}
	a, err := r.attempt(auth.SignUp)
	if err != nil {
		return err
	}
	if a.Accepts(i) && a.Step() == auth.StepEmail {
		return r.show(views.VerifyEmail(views.VerifyEmailPage{Page: r.codePage(a.Code, true), Email: a.Email, Code: a.Code}))
	}
	return r.show(views.SignUp(views.SignUpPage{Page: r.page(), Email: i.Email.Typed, PasswordMin: passwordMin, Invited: true}))
}

func postInvitation(r *request) (string, error) {
	token, page := auth.Token(r.QueryParam("token")), r.pageURL()
	switch r.action() {
	case "set_password":
		_, err := r.rules.SetPassword(r.ctx(), r.client(), token, r.form.Get("password"))
		return "/sign-in", r.withNotice(views.NoticePasswordReset, err)
	case "continue":
		result, err := r.rules.AcceptInvitation(r.ctx(), r.client(), token, r.form.Get("password"))
		return r.applyResult(page, result, err)
	}
	return r.postCode(page)
}

func showInvitations(r *request) error {
	page := views.InvitationsPage{Page: r.page(), Emails: r.entered("emails")}
	var err error
	if page.Invitations, page.More, err = r.rules.Invitations(r.ctx(), r.QueryParam("before")); err != nil {
		return err
	}
	return r.show(views.Invitations(page))
}

func postInvitations(r *request) (string, error) {
	action, id, _ := strings.Cut(r.action(), ":")
	switch action {
	case "invite":
		lines := strings.Split(r.entered("emails"), "\n")
		sent, err := r.rules.Invite(r.ctx(), r.operator(), lines)
		if err != nil { // what was not sent stays in the field
			r.form.Set("emails", strings.Join(slices.Delete(lines, 0, sent), "\n"))
		}
		return invitationsPath, r.withNotice(views.NoticeInvited, err)
	case "again":
		sent, err := r.rules.InviteAgain(r.ctx(), r.operator(), id)
		return r.pageURL(), r.withNotice(noticeIf(sent, views.NoticeInvited), err)
	case "withdraw":
		withdrawn, err := r.rules.WithdrawInvitation(r.ctx(), r.operator(), id)
		return r.pageURL(), r.withNotice(noticeIf(withdrawn, views.NoticeWithdrawn), err)
	}
	return "", errUnknownAction
}
