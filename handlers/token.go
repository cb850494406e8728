package handlers

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"twostep/auth/oidc"
)

// token exchanges a code or a refresh token for tokens (C 3.1.3).
func token(r *machineRequest) error {
	app, form, err := r.authenticate()
	if err != nil {
		return r.respondError(err)
	}
	tokens, err := r.apps.Exchange(r.Request().Context(), r.client(), app, form)
	r.site.Metrics.observeExchange(oidc.GrantType(form.Get("grant_type")), err)
	if err != nil {
		return r.respondError(err)
	}
	return r.respond(http.StatusOK, tokens)
}

// userInfo responds with the claims of an access token in the Authorization header. One
// in the query would be in logs and histories, and is refused (OI-41), also if there is
// another one (6750 section 3.1).
func userInfo(r *machineRequest) error {
	scheme, token, _ := strings.Cut(r.Request().Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		r.refused(string(oidc.InvalidToken), "the access token is missing in the Authorization header")
		r.Response().Header().Set("WWW-Authenticate", "Bearer")
		return r.respond(http.StatusUnauthorized, map[string]string{"error": string(oidc.InvalidToken)})
	}
	if r.hasTokenParameter() {
		return r.respondError(&oidc.Error{Code: oidc.InvalidRequest, Explanation: "the access token must be in the Authorization header only"})
	}
	claims, err := r.apps.UserInfo(r.Request().Context(), strings.TrimSpace(token))
	if err != nil {
		return r.respondError(err)
	}
	return r.respond(http.StatusOK, claims)
}

// hasTokenParameter reports whether an access token is in the query or the form.
func (r *machineRequest) hasTokenParameter() bool {
	if r.QueryParams().Has("access_token") {
		return true
	}
	form, _ := r.readForm() // of a GET it is empty, and a body of another type is ignored
	return form.Has("access_token")
}

// revoke ends what a token was issued with (7009).
func revoke(r *machineRequest) error {
	app, token, err := r.tokenOf()
	if err == nil {
		err = r.apps.Revoke(r.Request().Context(), app, token)
	}
	if err != nil {
		return r.respondError(err)
	}
	return r.NoContent(http.StatusOK)
}

// introspect says whether a token is valid (7662).
func introspect(r *machineRequest) error {
	app, token, err := r.tokenOf()
	if err != nil {
		return r.respondError(err)
	}
	found, err := r.apps.Introspect(r.Request().Context(), app, token)
	if err != nil {
		return r.respondError(err)
	}
	return r.respond(http.StatusOK, found)
}

// tokenOf is authenticate for a request about a token, which it returns.
func (r *machineRequest) tokenOf() (app oidc.App, token string, err error) {
	app, form, err := r.authenticate()
	if token = form.Get("token"); err == nil && token == "" {
		err = &oidc.Error{Code: oidc.InvalidRequest, Explanation: "token is missing"}
	}
	return app, token, err
}

// authenticate reads the form of a request and finds the app that sends it.
func (r *machineRequest) authenticate() (oidc.App, url.Values, error) {
	form, err := r.readForm()
	if err != nil {
		return oidc.App{}, nil, err
	}
	app, err := r.apps.Authenticate(r.Request().Context(), r.client(), oidc.Credentials{
		Header: r.Request().Header.Get("Authorization"), Form: form,
	})
	r.log.app = app.ID
	return app, form, err
}

// readForm reads a form, and not the query.
func (r *machineRequest) readForm() (url.Values, error) {
	req := r.Request()
	kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, &oidc.Error{Code: oidc.InvalidRequest, Explanation: "the Content-Type must be application/x-www-form-urlencoded"}
	}
	req.Body = http.MaxBytesReader(r.Response(), req.Body, formBytesMax)
	if req.ParseForm() != nil {
		return nil, &oidc.Error{Code: oidc.InvalidRequest, Explanation: "the form is malformed or too long"}
	}
	if len(req.PostForm) > formFieldsMax {
		return nil, &oidc.Error{Code: oidc.InvalidRequest, Explanation: "the form has too many fields"}
	}
	return req.PostForm, nil
}

// respondError responds with an error of the protocol; err may be a fault, which
// serveError handles.
func (r *machineRequest) respondError(err error) error {
	if problem := problemOf(err); problem != nil {
		r.log.refused(problem)
		r.Response().Header().Set("Retry-After", strconv.Itoa(int(problem.Wait.Seconds())+1))
		return r.respond(http.StatusTooManyRequests, map[string]string{
			"error": string(oidc.TemporarilyUnavailable), "error_description": "too many requests: try again later",
		})
	}
	refused, ok := errors.AsType[*oidc.Error](err)
	if !ok {
		return err
	}
	r.refused(string(refused.Code), refused.Explanation)
	status, header := http.StatusBadRequest, r.Response().Header()
	switch refused.Code {
	case oidc.InvalidClient:
		status = http.StatusUnauthorized
		if r.Request().Header.Get("Authorization") != "" {
			header.Set("WWW-Authenticate", `Basic realm="`+r.apps.Issuer()+`"`)
		}
	case oidc.InvalidToken:
		status = http.StatusUnauthorized
		header.Set("WWW-Authenticate", `Bearer error="`+string(refused.Code)+`", error_description="`+refused.Explanation+`"`)
	}
	return r.respond(status, map[string]string{"error": string(refused.Code), "error_description": refused.Explanation})
}
