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
	Hash        string // of the ID
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

// Authorize validates a request and stores it. It returns the ID under which the user
// continues, or the URI that sends an error to the app. The error is a [PageError], a
// [auth.Problem] for too many requests, or a fault. No cookie decides anything here, so
// another site cannot do more than store a request (OI-39).
func (p *Provider) Authorize(ctx context.Context, client auth.Client, query url.Values) (id auth.Token, redirect string, err error) {
	if err := p.rules.AllowApp(ctx, client, auth.ActionAppStart); err != nil {
		return "", "", err
	}
	now, query := p.now(), given(query)
	app, err := p.requestingApp(ctx, query)
	if err != nil {
		return "", "", err
	}
	id = auth.NewToken()
	if uri := query.Get("request_uri"); strings.HasPrefix(uri, pushedPrefix) {
		pushed := auth.Token(strings.TrimPrefix(uri, pushedPrefix))
		spent, err := p.store.SpendPushedRequest(ctx, app.ID, pushed.Hash(), p.newRequest(app, Params{}, id, now))
		if err == nil && !spent {
			err = &PageError{"request_uri is unknown, has expired or was used before"}
		}
		return id, "", err
	}
	params, err := p.validate(ctx, app, query)
	if err == nil && app.RequirePAR {
		err = &Error{Code: InvalidRequest, Explanation: "this app must push its requests to the PAR endpoint"}
	}
	if refused, ok := errors.AsType[*Error](err); ok {
		return "", p.errorURI(params, refused), refused
	}
	if err != nil {
		return "", "", err
	}
	return id, "", p.store.AddRequest(ctx, p.newRequest(app, params, id, now))
}

func (p *Provider) newRequest(app App, params Params, id auth.Token, now time.Time) Request {
	return Request{Hash: id.Hash(), App: app.ID, Params: params, CreatedAt: now, ExpiresAt: now.Add(auth.AppRequestLifetime)}
}

// errorURI sends an error to the app (OI-05).
func (p *Provider) errorURI(params Params, err *Error) string {
	values := url.Values{"error": {string(err.Code)}}
	if err.Explanation != "" {
		values.Set("error_description", err.Explanation)
	}
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
	r := p.newRequest(app, params, id, now)
	r.Pushed, r.ExpiresAt = true, now.Add(auth.AppPushedLifetime)
	return pushedPrefix + string(id), p.store.AddRequest(ctx, r)
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
