package oidc

import (
	"context"
	"errors"
	"net/url"

	"twostep/auth"
)

// A Continuation is the state of a request.
type Continuation struct {
	App      App
	Params   Params
	Step     Step
	Redirect string      // URI of the app, if it gets a response; empty otherwise
	Demand   auth.Demand // of the steps that verify factors
	Task     auth.Task   // of StepTask
}

// Continue derives the next step of a request. The last one issues a code. The error is
// [auth.ErrNotFound] for a request that is unknown, an [auth.Problem], or a fault.
func (p *Provider) Continue(ctx context.Context, client auth.Client, id auth.Token, u UserFacts) (Continuation, error) {
	f, err := p.facts(ctx, id, u)
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

// respondAtOnce responds to a request that is not stored, if the user has nothing to do for
// it or must not be asked. Otherwise, or if the session has ended, the continuation has no
// redirect.
//
// These responses are not counted by IP address, so that strangers behind the same one cannot
// keep a user out of the apps: codes are counted by account, and an error writes nothing.
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

// AppOf returns the app of a request, or [auth.ErrNotFound].
func (p *Provider) AppOf(ctx context.Context, id auth.Token) (App, error) {
	r, err := p.store.FindRequest(ctx, id.Hash())
	if err != nil {
		return App{}, err
	}
	return p.store.FindApp(ctx, r.App)
}

// facts reads what a request's next step depends on.
func (p *Provider) facts(ctx context.Context, id auth.Token, u UserFacts) (facts, error) {
	f := facts{UserFacts: u, now: p.now()}
	var err error
	if f.request, err = p.store.FindRequest(ctx, id.Hash()); err != nil {
		return f, err
	}
	if f.app, err = p.store.FindApp(ctx, f.request.App); err != nil {
		return f, err
	}
	if !f.app.mayRedirectTo(f.request.Params.RedirectURI) { // the operator has removed it since
		return f, auth.ErrNotFound
	}
	if u.Session.ID == "" {
		return f, nil
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

// Cancel ends a request for the user, also if nothing is left to ask. There is no redirect if
// the request is unknown, has expired or is done.
func (p *Provider) Cancel(ctx context.Context, id auth.Token, u UserFacts) (c Continuation, err error) {
	f, err := p.facts(ctx, id, u)
	if isNotFound(err) || err == nil && f.step() == StepExpired {
		return c, nil
	}
	if err == nil {
		c.App = f.app
		c.Redirect, err = p.refuse(ctx, f, &Error{Code: AccessDenied, Explanation: "the user has canceled, or may not use the app"})
	}
	return c, err
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
	if err := auth.Refusal(f.now, limits, refused, count, err); err != nil {
		return "", err
	}
	p.rules.Applied(ctx, issue.Changes)
	values := url.Values{"code": {string(code)}}
	if params.State != "" {
		values.Set("state", params.State)
	}
	return redirectTo(params.RedirectURI, p.issuer, values), nil
}
