package handlers

import (
	"errors"
	"strings"

	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

func showHome(v *visit) (templ.Component, error) {
	if v.signedIn() {
		return nil, elsewhere("/account")
	}
	return nil, elsewhere("/sign-in")
}

// attempt is the visitor's open attempt of a purpose, or a zero one.
func (v *visit) attempt(purpose auth.Purpose) (auth.Attempt, error) {
	a, err := v.site.rules.Attempt(v.ctx(), v.cookie.Attempt)
	if errors.Is(err, auth.ErrNotFound) || err == nil && a.Purpose != purpose {
		return auth.Attempt{}, nil
	}
	return a, err
}

func showSignIn(v *visit) (templ.Component, error) {
	a, err := v.attempt(auth.SignIn)
	if err != nil {
		return nil, err
	}
	if a.Step() == auth.StepSecond {
		return views.VerifyAccount(views.VerifyAccountPage{
			Page: v.awaitingSecond(a), Email: a.Email, Method: a.Method(), Others: a.OtherMethods(), Code: a.Code,
			BackupCodes: a.AcceptsBackupCode(), BackupCodeChecked: v.form.Has("backupcode"),
		}), nil
	}
	return views.SignIn(views.SignInPage{
		Page: v.frame(), Email: v.typed("email"), SignUpOpen: v.site.rules.Policy().SignUpOpen,
	}), nil
}

// awaitingSecond is the frame of a page that asks for a second factor. A code is
// awaited where it comes by SMS; a backup code is long, and typed slowly.
func (v *visit) awaitingSecond(a auth.Attempt) views.Page {
	if a.Step() != auth.StepSecond || a.Method().Kind != auth.PhoneCode {
		return v.frame()
	}
	return v.awaiting(a.Code, !a.AcceptsBackupCode())
}

func postSignIn(v *visit) (string, error) {
	if v.action() == "continue" {
		next := localPath(v.QueryParam("next"))
		pass, err := v.site.rules.SignIn(v.ctx(), v.visitor(), v.form.Get("email"), v.form.Get("password"), next)
		if err != nil {
			return "", err
		}
		return v.enter(pass, "/sign-in"), nil
	}
	return v.postCode("/sign-in")
}

// postCode carries out what a page that asks an attempt for a code offers.
func (v *visit) postCode(page string) (string, error) {
	rules, handle := v.site.rules, v.cookie.Attempt
	switch action, rest, _ := strings.Cut(v.action(), ":"); action {
	case "verify":
		pass, err := rules.Verify(v.ctx(), v.visitor(), handle, v.form.Get("code"), v.form.Has("backupcode"))
		if err != nil {
			return "", err
		}
		return v.enter(pass, page), nil
	case "resend":
		v.cookie.Notice = views.NoticeCodeSent
		return page, v.quietly(rules.ResendCode(v.ctx(), v.visitor(), handle))
	case "use":
		kind, phone, _ := strings.Cut(rest, ":")
		return page, rules.ChooseMethod(v.ctx(), v.visitor(), handle, auth.FactorKind(kind), auth.PhoneID(phone))
	case "start_over":
		v.cookie.Attempt = ""
		return page, rules.StartOver(v.ctx(), handle)
	}
	return "", &auth.Problem{Reason: auth.UnknownAction}
}

// quietly takes back a notice that would not be true.
func (v *visit) quietly(err error) error {
	if err != nil {
		v.cookie.Notice = ""
	}
	return err
}

// enter follows a pass: into the account, or on to the step's page.
func (v *visit) enter(pass auth.Result, page string) string {
	if pass.Device != "" {
		v.site.cookies.saveMarker(v.Response(), pass.Device)
	}
	if pass.Session != "" {
		v.cookie.Session, v.cookie.Attempt = pass.Session, ""
		return localPath(pass.Next)
	}
	if pass.Attempt != "" {
		v.cookie.Attempt = pass.Attempt
	}
	return page
}

func postSignOut(v *visit) (string, error) {
	if err := v.site.rules.SignOut(v.ctx(), v.cookie.Session); err != nil {
		return "", err
	}
	v.cookie.Session, v.cookie.Attempt, v.cookie.Notice = "", "", ""
	v.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`) // not cookies: the browser's marker stays
	return "/sign-in", nil
}
