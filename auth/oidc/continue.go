package oidc

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"twostep/auth"
)

// A Step is what a request of an app needs next.
type Step string

// The steps, in the order in which they are checked.
const (
	StepExpired      Step = "expired"       // a page says so
	StepSignIn       Step = "sign_in"       // and come back
	StepNotAllowed   Step = "not_allowed"   // a page says so
	StepTask         Step = "task"          // the session's pending task, and come back
	StepOtherAccount Step = "other_account" // a page offers to sign out first
	StepReauth       Step = "reauth"        // verify factors again, and come back
	StepStepUp       Step = "step_up"       // verify a further factor once, and come back
	StepSetUp        Step = "set_up"        // add a second factor once, and come back
	StepUnmet        Step = "unmet"         // the app gets unmet_authentication_requirements
	StepConsent      Step = "consent"       // a page asks
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

// A Visit is what is known of the user who continues a request.
type Visit struct {
	Session auth.Session // zero if signed out
	Factors auth.Factors
	Agreed  bool // the user has pressed Continue on the page of this request
}

// facts are what the next step of a request depends on.
type facts struct {
	Visit
	app     App
	request Request
	allowed bool      // the account may use the app
	task    auth.Task // of the session
	agreed  []Scope   // earlier
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
// asked once. One who declines goes on with what was verified, unless the app demands
// more (OI-35).
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

// A Continuation is where a request stands.
type Continuation struct {
	App      App
	Params   Params
	Step     Step
	Redirect string      // URI of the app, if it gets a response; empty otherwise
	Demand   auth.Demand // of the steps that verify factors
	Task     auth.Task   // of StepTask
}

// Continue derives the next step of a request. The last one issues a code. The error is
// [auth.ErrNotFound] for a request that is unknown, a [auth.Problem], or a fault.
func (p *Provider) Continue(ctx context.Context, client auth.Client, id auth.Token, v Visit) (Continuation, error) {
	f, err := p.facts(ctx, id, v)
	if err != nil {
		return Continuation{}, err
	}
	c := Continuation{App: f.app, Params: f.request.Params, Step: f.step(), Task: f.task}
	switch c.Step {
	case StepReauth:
		c.Demand = f.freshness()
	case StepStepUp, StepSetUp:
		c.Demand = auth.Demand{Level: f.wantedLevel()}
	}
	switch {
	case c.Step == StepDone:
		c.Redirect, err = p.issue(ctx, client, f)
	case c.Step == StepUnmet:
		c.Redirect, err = p.refuse(ctx, f, &Error{Code: UnmetRequirements, Explanation: "the user has not verified two factors"})
	case c.Step != StepExpired && f.request.Params.PromptNone:
		c.Redirect, err = p.refuse(ctx, f, f.silentError(c.Step))
	case c.Step == StepStepUp || c.Step == StepSetUp:
		_, err = p.store.SpendStepUp(ctx, f.request.Hash, f.now)
	}
	return c, err
}

// respondAtOnce responds to a request that is not stored, if nothing is needed for it or
// the user must not be asked. Otherwise, and if the session ends meanwhile, the continuation
// has no redirect.
//
// Neither is counted by IP address, so that strangers behind the same one cannot keep a user
// out of the apps: codes are counted by account, and an error writes nothing.
func (p *Provider) respondAtOnce(ctx context.Context, client auth.Client, f facts) (c Continuation, err error) {
	if err := p.readFacts(ctx, &f); err != nil {
		return c, err
	}
	c = Continuation{App: f.app, Params: f.request.Params, Step: f.step()}
	switch {
	case c.Step == StepDone:
		c.Redirect, err = p.issue(ctx, client, f)
		if problem, ok := errors.AsType[*auth.Problem](err); ok && problem.Reason == auth.FormExpired {
			err = nil
		}
	case c.Params.PromptNone:
		c.Redirect = p.errorURI(c.Params, f.silentError(c.Step))
	}
	return c, err
}

// silentError is what an app with prompt=none gets instead of a step (OI-32).
func (f facts) silentError(step Step) *Error {
	code := silently[step]
	if step == StepConsent && f.app.Public() {
		code = InteractionRequired
	}
	return &Error{Code: code, Explanation: "the user would have to be asked: " + string(step)}
}

// AppOf returns the app of a request, or [auth.ErrNotFound].
func (p *Provider) AppOf(ctx context.Context, id auth.Token) (App, error) {
	r, err := p.store.FindRequest(ctx, id.Hash())
	if err != nil {
		return App{}, err
	}
	return p.store.FindApp(ctx, r.App)
}

// facts reads what a request's next step depends on.
func (p *Provider) facts(ctx context.Context, id auth.Token, v Visit) (facts, error) {
	f := facts{Visit: v, now: p.now()}
	var err error
	if f.request, err = p.store.FindRequest(ctx, id.Hash()); err != nil {
		return f, err
	}
	if f.app, err = p.store.FindApp(ctx, f.request.App); err != nil || v.Session.ID == "" {
		return f, err
	}
	return f, p.readFacts(ctx, &f)
}

// readFacts reads the facts that depend on the user.
func (p *Provider) readFacts(ctx context.Context, f *facts) (err error) {
	f.task = p.rules.Task(f.Session, f.Factors)
	if f.allowed, err = p.mayUse(ctx, f.app, f.Session.User); err != nil {
		return err
	}
	f.agreed, f.used, err = p.store.FindConsent(ctx, f.Session.User, f.app.ID)
	return err
}

// Cancel ends a request at the user's wish and returns the URI that tells the app. It is
// empty if the request has expired or is done.
func (p *Provider) Cancel(ctx context.Context, id auth.Token, v Visit) (redirect string, err error) {
	f, err := p.facts(ctx, id, v)
	if err != nil || f.step() == StepExpired {
		return "", err
	}
	return p.refuse(ctx, f, &Error{Code: AccessDenied, Explanation: "the user has canceled, or may not use the app"})
}

// refuse ends a request with an error.
func (p *Provider) refuse(ctx context.Context, f facts, refused *Error) (redirect string, err error) {
	spent, err := p.store.SpendRequest(ctx, f.request.Hash, f.now)
	if err == nil && !spent {
		err = &auth.Problem{Reason: auth.FormExpired}
	}
	return p.errorURI(f.request.Params, refused), err
}

// issue ends a request with a code: in one transaction with the grant, what the user
// agreed to, the limit of codes and, at the first use of an app, the audit event.
func (p *Provider) issue(ctx context.Context, client auth.Client, f facts) (redirect string, err error) {
	params, code := f.request.Params, auth.NewToken()
	acr := ACR(f.Session, params.ACRValues)
	issue := Issue{
		Request: f.request.Hash,
		Grant: Grant{
			ID: newID(), App: f.app.ID, User: f.Session.User, Session: f.Session.ID, Scopes: params.Scopes, Nonce: params.Nonce,
			AuthTime: AuthTime(f.Session, acr), ACR: acr, AMR: AMR(f.Session), Offline: params.Has(ScopeOffline),
			CreatedAt: f.now, ExpiresAt: f.now.Add(f.app.RefreshLifetime),
		},
		Code:    Code{Hash: code.Hash(), RedirectURI: params.RedirectURI, Challenge: params.Challenge, ExpiresAt: f.now.Add(auth.AppCodeLifetime)},
		Changes: auth.ChangeSet{User: f.Session.User, At: f.now},
	}
	if f.Agreed {
		issue.Agreed = params.Scopes
	}
	if !f.used {
		issue.Changes, err = p.rules.AppChanges(ctx, client, f.Session.User, f.now, auth.Event{Type: auth.AppConnected, Name: f.app.Name})
		if err != nil {
			return "", err
		}
	}
	limits := p.rules.AppGrantLimits(f.Session.User)
	refused, count, err := p.store.IssueCode(ctx, limits, issue)
	if isNotFound(err) {
		err = &auth.Problem{Reason: auth.FormExpired}
	}
	if err := auth.AppRefusal(f.now, limits, refused, count, err); err != nil {
		return "", err
	}
	p.rules.Applied(ctx, issue.Changes)
	values := url.Values{"code": {string(code)}}
	if params.State != "" {
		values.Set("state", params.State)
	}
	return redirectTo(params.RedirectURI, p.issuer, values), nil
}
