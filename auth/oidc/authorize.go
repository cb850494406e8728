package oidc

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"twostep/auth"
)

// A Request is a stored request. Its ID, an [auth.Token], is in the URL of the page
// where the user continues; it authenticates nobody, and anybody can make one.
type Request struct {
	Hash        string // of the ID; empty if it is not stored
	App         string
	Params      Params
	Pushed      bool // through /oauth/par and not used yet
	CreatedAt   time.Time
	ExpiresAt   time.Time
	SteppedUpAt time.Time // when the user was asked for a further factor; zero for never
	Done        bool      // the app has its response
}

// pushedPrefix makes the request_uri of a pushed request (9126 section 2.2).
const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// Authorize validates a request. If the user has nothing to do for it, the app gets its
// response at once, see [Continuation]. Otherwise the request is stored, and
// continues under the ID that is returned. The error is a [PageError], an [Error] for which
// there is a redirect, an [auth.Problem] for too many requests, or a fault. A form of
// another site has no cookie, so it does no more than store a request (OI-39).
func (p *Provider) Authorize(ctx context.Context, client auth.Client, query url.Values, u UserFacts) (id auth.Token, c Continuation, err error) {
	now, query := p.now(), given(query)
	pushed, isPushed := strings.CutPrefix(query.Get("request_uri"), pushedPrefix)
	c, err = p.begin(ctx, query, isPushed)
	if err != nil || isPushed {
		if limited := p.rules.AllowApp(ctx, client, auth.ActionAppStart); limited != nil {
			return "", Continuation{}, limited
		}
	}
	if err != nil {
		return "", c, err
	}
	id = auth.NewToken()
	r := newRequest(c.App, c.Params, now)
	if isPushed {
		r.Hash = id.Hash()
		spent, err := p.store.SpendPushedRequest(ctx, c.App.ID, auth.Token(pushed).Hash(), r)
		if err == nil && !spent {
			err = &PageError{"request_uri is unknown, has expired or was used before"}
		}
		return id, c, err
	}
	if u.Session.ID != "" {
		if c, err = p.respondAtOnce(ctx, client, facts{UserFacts: u, app: c.App, request: r, now: now}); err != nil || c.Redirect != "" {
			return "", c, err
		}
	}
	r.Hash = id.Hash()
	limits := p.rules.AppStartLimits(client)
	refused, count, err := p.store.AddRequest(ctx, r, limits)
	return id, c, auth.Refusal(now, limits, refused, count, err)
}

// begin finds the app of a request and validates its parameters, unless that was done when
// it was pushed.
func (p *Provider) begin(ctx context.Context, query url.Values, pushed bool) (c Continuation, err error) {
	if c.App, err = p.requestingApp(ctx, query); err != nil || pushed {
		return c, err
	}
	c.Params, err = p.validate(ctx, c.App, query)
	if err == nil && c.App.RequirePAR {
		err = &Error{Code: InvalidRequest, Explanation: "this app must push its requests to the PAR endpoint"}
	}
	if refused, ok := errors.AsType[*Error](err); ok {
		c.Redirect = p.errorURI(c.Params, refused)
	}
	return c, err
}

// newRequest returns a request that is not stored yet.
func newRequest(app App, params Params, now time.Time) Request {
	return Request{App: app.ID, Params: params, CreatedAt: now, ExpiresAt: now.Add(auth.AppRequestLifetime)}
}

// errorURI sends an error to the app (OI-05).
func (p *Provider) errorURI(params Params, err *Error) string {
	values := url.Values{"error": {string(err.Code)}, "error_description": {err.Explanation}}
	if params.State != "" {
		values.Set("state", params.State)
	}
	return redirectTo(params.RedirectURI, p.issuer, values)
}

// requestingApp finds the app of a request and checks where it is to return to, unless
// that was done when the request was pushed. Its error is a [PageError] (OI-04, OI-15).
func (p *Provider) requestingApp(ctx context.Context, query url.Values) (App, error) {
	if len(query["client_id"]) > 1 || len(query["redirect_uri"]) > 1 || len(query["request_uri"]) > 1 {
		return App{}, &PageError{"client_id, redirect_uri or request_uri is repeated"}
	}
	app, err := p.store.FindApp(ctx, query.Get("client_id"))
	switch uri := query.Get("redirect_uri"); {
	case errors.Is(err, auth.ErrNotFound):
		return App{}, &PageError{"no app has this client_id"}
	case err != nil:
		return App{}, err
	case app.Disabled:
		return App{}, &PageError{"the app is disabled"}
	case strings.HasPrefix(query.Get("request_uri"), pushedPrefix):
		return app, nil
	case uri == "":
		return App{}, &PageError{"redirect_uri is missing"}
	case !app.mayRedirectTo(uri):
		return App{}, &PageError{"redirect_uri is not registered: it must equal a registered URI in every character"}
	}
	return app, nil
}

// validate validates the parameters of an app's request.
func (p *Provider) validate(ctx context.Context, app App, query url.Values) (Params, error) {
	params, err := parseParams(app, query)
	if err != nil || !query.Has("id_token_hint") {
		return params, err
	}
	hint, err := p.verifyHint(ctx, query.Get("id_token_hint"))
	if errors.Is(err, errToken) || err == nil && hint.Audience != app.ID {
		err = &Error{Code: InvalidRequest, Explanation: "id_token_hint is not an ID token of this provider for this app"}
	}
	params.Subject = hint.Subject
	return params, err
}

// Push validates and stores a request that an authenticated app has sent, and returns
// its request_uri (9126).
func (p *Provider) Push(ctx context.Context, app App, form url.Values) (requestURI string, err error) {
	form = given(form)
	form.Del("client_secret")
	if form.Has("request_uri") {
		return "", &Error{Code: InvalidRequest, Explanation: "request_uri cannot be pushed"}
	}
	form.Set("client_id", app.ID)
	if _, err := p.requestingApp(ctx, form); err != nil {
		if page, ok := errors.AsType[*PageError](err); ok {
			err = &Error{Code: InvalidRequest, Explanation: page.Explanation}
		}
		return "", err
	}
	params, err := p.validate(ctx, app, form)
	if err != nil {
		return "", err
	}
	id, now := auth.NewToken(), p.now()
	r := newRequest(app, params, now)
	r.Hash, r.Pushed, r.ExpiresAt = id.Hash(), true, now.Add(auth.AppPushedLifetime)
	_, _, err = p.store.AddRequest(ctx, r, nil)
	return pushedPrefix + string(id), err
}

// Explain says what is wrong with the URL of a request of an app, for the operator. It
// returns nil if nothing is.
func (p *Provider) Explain(ctx context.Context, app App, query url.Values) error {
	query = given(query)
	if id := query.Get("client_id"); id != app.ID {
		return Explanation("client_id is missing or of another app")
	}
	if _, err := p.requestingApp(ctx, query); err != nil {
		return err
	}
	_, err := p.validate(ctx, app, query)
	if err == nil && app.RequirePAR && !query.Has("request_uri") {
		err = Explanation("this app must push its requests to the PAR endpoint")
	}
	return err
}
