package oidc

import (
	"cmp"
	"slices"
	"time"

	"twostep/auth"
)

// A Step is what a request of an app needs next.
type Step string

// The steps, in the order in which they are checked.
const (
	StepExpired      Step = "expired"       // show that it has expired
	StepSignIn       Step = "sign_in"       // sign in, then return
	StepNotAllowed   Step = "not_allowed"   // show that the account may not use the app
	StepTask         Step = "task"          // complete the session's pending task, then return
	StepOtherAccount Step = "other_account" // offer to sign out first
	StepReauth       Step = "reauth"        // verify factors again, then return
	StepStepUp       Step = "step_up"       // verify a further factor once, then return
	StepSetUp        Step = "set_up"        // add a second factor once, then return
	StepUnmet        Step = "unmet"         // the app gets unmet_authentication_requirements
	StepConsent      Step = "consent"       // ask the user
	StepDone         Step = "done"          // the app gets a code
)

// Steps lists them.
var Steps = []Step{
	StepExpired, StepSignIn, StepNotAllowed, StepTask, StepOtherAccount, StepReauth, StepStepUp, StepSetUp, StepUnmet, StepConsent, StepDone,
}

// silently are the errors that an app with prompt=none gets instead (OI-32).
var silently = map[Step]ErrorCode{
	StepSignIn: LoginRequired, StepNotAllowed: AccessDenied, StepTask: InteractionRequired, StepOtherAccount: LoginRequired,
	StepReauth: LoginRequired, StepStepUp: LoginRequired, StepSetUp: InteractionRequired, StepUnmet: UnmetRequirements,
	StepConsent: ConsentRequired,
}

// UserFacts are what is known of the user who continues a request.
type UserFacts struct {
	Session auth.Session // zero if signed out
	Factors auth.Factors
	Agreed  bool // the user has pressed Continue on the page of this request
}

// facts are what the next step of a request depends on.
type facts struct {
	UserFacts
	app     App
	request Request
	allowed bool      // the account may use the app
	task    auth.Task // of the session
	agreed  []Scope   // scopes that the user has agreed to before
	used    bool      // the account has used the app before
	now     time.Time
}

// step derives the next step: the first check that fails.
func (f facts) step() Step {
	params, session := f.request.Params, f.Session
	switch {
	case f.request.Done || !f.now.Before(f.request.ExpiresAt):
		return StepExpired
	case session.ID == "":
		return StepSignIn
	case !f.allowed || f.app.Disabled:
		return StepNotAllowed
	case f.task != auth.NoTask:
		return StepTask
	case params.Subject != "" && params.Subject != string(session.User):
		return StepOtherAccount
	case !session.Satisfies(f.freshness(), f.Factors, f.now):
		return StepReauth
	}
	if step := f.levelStep(); step != "" {
		return step
	}
	if f.asksConsent() {
		return StepConsent
	}
	return StepDone
}

// freshness is the demand of prompt=login and max_age. A sign-in for this request meets
// it.
func (f facts) freshness() auth.Demand {
	notBefore := f.request.Params.notBefore(f.request.CreatedAt, f.now)
	return auth.Demand{AllFactors: !notBefore.IsZero(), NotBefore: notBefore}
}

// wantedLevel is the level to ask for; zero if the session has what is asked for, or the
// account cannot reach it.
func (f facts) wantedLevel() auth.Level {
	listed := f.request.Params.ACRValues
	switch {
	case f.app.RequireMFA && f.Session.Level() < auth.TwoFactors:
		return auth.TwoFactors
	case ACRMet(f.Session, listed), f.Factors.HasMFA() && StepUp(f.Factors, listed) == 0:
		return 0
	}
	return cmp.Or(StepUp(f.Factors, listed), auth.TwoFactors)
}

// levelStep is the step that acr_values or the app's demand lead to, if any. The user is
// asked once. A user who declines continues with what was verified, unless the app
// demands more (OI-35).
func (f facts) levelStep() Step {
	wanted := f.wantedLevel()
	switch {
	case wanted == 0:
		return ""
	case f.request.SteppedUpAt.IsZero() && wanted > f.Factors.Level():
		return StepSetUp
	case f.request.SteppedUpAt.IsZero():
		return StepStepUp
	case f.app.RequireMFA:
		return StepUnmet
	}
	return ""
}

// asksConsent reports whether the user must press Continue. Public apps show the page
// before each code: any program can use their client ID (OI-43). Other apps ask once for
// each scope (OI-44), and a trusted one never.
func (f facts) asksConsent() bool {
	switch {
	case f.Agreed:
		return false
	case f.app.Public():
		return true
	case f.app.Trusted:
		return false
	}
	missing := func(scope Scope) bool { return !slices.Contains(f.agreed, scope) }
	return f.request.Params.PromptConsent || slices.ContainsFunc(f.request.Params.Scopes, missing)
}

// silentError is what an app with prompt=none gets instead of a step (OI-32).
func (f facts) silentError(step Step) *Error {
	code := silently[step]
	if step == StepConsent && f.app.Public() {
		code = InteractionRequired
	}
	return &Error{Code: code, Explanation: "the user would have to be asked: " + string(step)}
}
