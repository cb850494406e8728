package handlers

import (
	"errors"
	"net/http"

	"twostep/auth"
	"twostep/views"
)

const (
	recoveryPath     = "/recovery"
	stopRecoveryPath = "/recovery/stop"
)

// recovering guards the page where a recovery is requested.
func recovering(r *request) (string, error) {
	if !r.rules.Policy().OffersRecovery() {
		return "", auth.ErrNotFound
	}
	return signedOut(r)
}

// showRecovery shows what follows the second step of a sign-in.
func showRecovery(r *request) error {
	a, err := r.rules.Attempt(r.ctx(), r.cookie.Attempt)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return err
	}
	switch step := a.Step(); {
	case a.Purpose == auth.SignIn && step == auth.StepMFA:
		return r.show(views.Recover(views.RecoverPage{Page: r.page(), Email: a.Email, Delay: r.rules.Policy().RecoveryDelay}))
	case a.Purpose == auth.RecoverMFA && step == auth.StepEmail:
		return r.show(views.RecoveryCode(views.RecoveryCodePage{Page: r.codePage(a.Code, true), Email: a.Email, Code: a.Code}))
	case step == auth.StepRequested:
		recovery, err := r.rules.RecoveryOf(r.ctx(), a.User)
		if err != nil {
			return err
		}
		return r.show(views.RecoveryRequested(views.RecoveryRequestedPage{Page: r.page(), Recovery: recovery}))
	}
	return r.redirect(signInPath(r.next()))
}

func postRecovery(r *request) (string, error) {
	page := r.pageURL()
	if r.action() != "request" {
		return r.postCode(page)
	}
	result, err := r.rules.StartRecovery(r.ctx(), r.client(), r.cookie.Attempt)
	return r.applyResult(page, result, err)
}

// showStopRecovery shows the page that the messages link to. Only its form stops the
// recovery, because mail programs open links by themselves.
func showStopRecovery(r *request) error {
	recovery, err := r.rules.FindRecovery(r.ctx(), auth.Token(r.QueryParam("token")))
	if errors.Is(err, auth.ErrNotFound) {
		err = nil
		if r.problem == nil {
			r.status = http.StatusNotFound
		}
	}
	if err != nil {
		return err
	}
	return r.show(views.StopRecovery(views.StopRecoveryPage{Page: r.page(), Recovery: recovery}))
}

func postStopRecovery(r *request) (string, error) {
	stopped, err := r.rules.StopRecovery(r.ctx(), r.client(), auth.Token(r.QueryParam("token")))
	notice := views.NoticeRecoveryStopped
	if stopped.Completed {
		notice = views.NoticeAccountBlocked
	}
	return "/", r.withNotice(notice, err)
}
