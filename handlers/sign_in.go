package handlers

import (
	"cmp"
	"errors"
	"strings"

	"twostep/auth"
	"twostep/views"
)

func showHome(r *request) error {
	if r.signedIn() {
		return r.redirect("/account")
	}
	return r.redirect("/sign-in")
}

// attempt finds the attempt in the cookie. It is zero if there is none, or if
// it has another purpose.
func (r *request) attempt(purpose auth.Purpose) (auth.Attempt, error) {
	a, err := r.rules.Attempt(r.ctx(), r.cookie.Attempt)
	if errors.Is(err, auth.ErrNotFound) || err == nil && a.Purpose != purpose {
		return auth.Attempt{}, nil
	}
	return a, err
}

func showSignIn(r *request) error {
	a, err := r.attempt(auth.SignIn)
	if err != nil {
		return err
	}
	if a.Step() == auth.StepMFA {
		page := views.VerifyAccountPage{Page: r.mfaPage(a), SecondFactor: r.secondFactor(a), Recovery: r.rules.Policy().OffersRecovery()}
		page.Remember = views.Remember{For: r.rules.Policy().RememberDevice, Checked: r.form.Has("remember")}
		return r.show(views.VerifyAccount(page))
	}
	if a.Step() == auth.StepEmail { // after a recovery
		return r.show(views.RecoveryCode(views.RecoveryCodePage{Page: r.codePage(a.Code, true), Email: a.Email, Code: a.Code, Recovered: true}))
	}
	return r.show(views.SignIn(r.signInPage()))
}

// pageURL is the URL of this page with its next page, but without what the user chose
// on the page itself.
func (r *request) pageURL() string {
	back := *r.Request().URL
	query := back.Query()
	query.Del(views.BackupCodeParam)
	back.RawQuery = query.Encode()
	return back.RequestURI()
}

// next is the page to redirect to after sign-in; empty if the URL has none.
func (r *request) next() string {
	if next := r.QueryParam("next"); next != "" {
		return localPath(next)
	}
	return ""
}

// backupCodeChecked reports whether the second step asks for a backup code.
func (r *request) backupCodeChecked() bool {
	return r.form.Has("backupcode") || r.form == nil && r.QueryParam(views.BackupCodeParam) != ""
}

func (r *request) secondFactor(a auth.Attempt) views.SecondFactor {
	return views.SecondFactor{
		Email: a.Email, Method: a.Method(), Others: a.OtherMethods(), Code: a.Code,
		BackupCodes: a.AcceptsBackupCode(), BackupCodeChecked: r.backupCodeChecked(),
	}
}

// mfaPage returns the page context of a page that asks for a second factor. The page
// does not reload if it accepts backup codes, which take long to type, or has another
// checkbox.
func (r *request) mfaPage(a auth.Attempt) (p views.Page) {
	options := r.rules.PasskeyOptions(a)
	r.passkeys = options != ""
	if a.Method().Factor == auth.PhoneCode {
		p = r.codePage(a.Code, !a.AcceptsBackupCode() && r.rules.Policy().RememberDevice == 0 && !r.passkeys)
	} else {
		p = r.page()
	}
	p.PasskeyOptions = options
	return p
}

func postSignIn(r *request) (string, error) {
	page := r.pageURL()
	switch r.action() {
	case "passkey_sign_in":
		result, err := r.rules.SignInWithPasskey(r.ctx(), r.client(), r.form.Get("credential"), r.next())
		return r.applyResult(page, result, err)
	case "continue":
	default:
		return r.postCode(page)
	}
	result, err := r.rules.SignIn(r.ctx(), r.client(), r.form.Get("email"), r.form.Get("password"), r.next())
	return r.applyResult(page, result, err)
}

// postCode handles the buttons of every page that asks for an attempt's code.
func (r *request) postCode(page string) (string, error) {
	rules, attempt := r.rules, r.cookie.Attempt
	switch action, method, _ := strings.Cut(r.action(), ":"); action {
	case "verify":
		result, err := rules.Verify(r.ctx(), r.client(), attempt, r.form.Get("code"), r.form.Has("backupcode"))
		return r.applyResult(page, result, err)
	case "passkey":
		result, err := rules.VerifyPasskey(r.ctx(), r.client(), attempt, r.form.Get("credential"))
		return r.applyResult(page, result, err)
	case "resend":
		return page, r.withNotice(views.NoticeCodeSent, rules.ResendCode(r.ctx(), r.client(), attempt))
	case "use":
		kind, phone, _ := strings.Cut(method, ":")
		return page, rules.ChooseMethod(r.ctx(), r.client(), attempt, auth.FactorKind(kind), auth.PhoneID(phone))
	case "start_over":
		r.cookie.Attempt = ""
		return page, r.withNotice(views.NoticeStartedOver, rules.StartOver(r.ctx(), attempt))
	}
	return "", errUnknownAction
}

// applyResult stores the tokens of a result in the cookie. It redirects to the
// address the user asked for after sign-in, and before that to page, which shows
// the attempt's next step.
func (r *request) applyResult(page string, result auth.Result, err error) (string, error) {
	if err != nil {
		return "", err
	}
	if result.Device != "" {
		r.site.cookies.saveDeviceToken(r.Response(), result.Device)
	}
	if result.Session != "" {
		r.cookie.Session, r.cookie.Attempt = result.Session, ""
		switch {
		case result.SignedUp:
			r.cookie.Notice = views.NoticeSignedUp
		case result.BackupCodeUsed:
			r.cookie.Notice = views.NoticeBackupCodeUsed(result.BackupCodes)
		}
		return localPath(cmp.Or(r.QueryParam("next"), result.Next)), nil
	}
	if result.Attempt != "" {
		r.cookie.Attempt = result.Attempt
	}
	return page, nil
}

func postSignOut(r *request) (string, error) {
	if err := r.rules.SignOut(r.ctx(), r.cookie.Session); err != nil {
		return "", err
	}
	r.forgetSession()
	return "/sign-in", nil
}

// forgetSession removes what the browser has of a session that has ended.
func (r *request) forgetSession() {
	r.cookie.cookieValues = cookieValues{Notice: views.NoticeSignedOut}
	r.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`) // not "cookies": the device cookie stays
}
