package handlers

import (
	"cmp"
	"errors"
	"strings"

	"twostep/auth"
	"twostep/views"
)

// showVerify asks for the same factors as sign-in does, unless the session was
// authenticated recently.
func showVerify(r *request) error {
	a, err := r.reauthentication()
	if err != nil {
		return err
	}
	if a.TokenHash == "" {
		return r.redirect(localPath(cmp.Or(r.QueryParam("next"), a.Next)))
	}
	return r.show(views.Reauth(views.ReauthPage{
		Page: r.mfaPage(a), SecondFactor: r.secondFactor(a), Step: a.Step(), Cancel: r.cancelPath(a),
	}))
}

// cancelPath is where a user goes who declines to verify. A request of an app goes on after
// a step-up, which is asked once (OI-35); after another demand it says so, and offers to
// return to the app.
func (r *request) cancelPath(a auth.Attempt) string {
	switch next := cmp.Or(r.QueryParam("next"), a.Next); {
	case next != a.Next || !strings.HasPrefix(next, continuePath):
		return accountPath
	case a.Demand.Level > 0:
		return a.Next
	}
	return a.Next + "?" + declined
}

// reauthentication returns the attempt of the session, and begins one if there is none. It
// is zero except for the next page if the session meets the policy and the attempt's
// demand; after a problem the page is shown anyway.
func (r *request) reauthentication() (auth.Attempt, error) {
	factors, err := r.factors()
	if err != nil {
		return auth.Attempt{}, err
	}
	a, token, err := r.rules.FindReauth(r.ctx(), r.session, r.cookie.Attempt)
	found := err == nil
	if !found && !errors.Is(err, auth.ErrNotFound) {
		return a, err
	}
	if (r.problem == nil || r.outdated != nil) && r.rules.FreshlyVerified(r.session, factors) &&
		r.session.Satisfies(a.Demand, factors, r.rules.Now()) {
		return auth.Attempt{Next: a.Next}, nil
	}
	if !found {
		if token, err = r.rules.StartReauth(r.ctx(), r.session, auth.Demand{}, r.next()); err != nil {
			return a, err
		}
		if a, err = r.rules.Attempt(r.ctx(), token); err != nil {
			return a, err
		}
	}
	r.cookie.Attempt = token
	return a, nil
}

func postVerify(r *request) (string, error) {
	a, err := r.attempt(auth.Reauthentication)
	if err != nil {
		return "", err
	}
	if a.Session != r.session.ID { // completed, or of another session
		return "", &auth.Problem{Reason: auth.FormExpired}
	}
	page := r.pageURL()
	if r.action() != "continue" {
		return r.postCode(page)
	}
	if r.rules.JustVerified(a, auth.Password) {
		return page, nil // the password was posted twice
	}
	if a.Step() != auth.StepPassword {
		return "", &auth.Problem{Reason: auth.FormExpired}
	}
	result, err := r.rules.Verify(r.ctx(), r.client(), r.cookie.Attempt, r.form.Get("password"), false)
	return r.applyResult(page, result, err)
}

// repeatedVerify carries on a form that was posted twice: the first post has
// replaced the session token with which the second one came.
func (r *request) repeatedVerify() (redirect string, err error) {
	response := r.form.Get("code")
	switch r.action() {
	case "continue":
		response = r.form.Get("password")
	case "passkey":
		response = r.form.Get("credential")
	}
	result, err := r.rules.RepeatedVerify(r.ctx(), r.client(), r.cookie.Attempt, response)
	if problemOf(err) != nil {
		return "", nil
	}
	result.Device = ""
	return r.applyResult("", result, err)
}
