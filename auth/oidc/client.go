package oidc

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"

	"twostep/auth"
)

// Credentials are those of a request of an app: the Authorization header and the form.
type Credentials struct {
	Header string
	Form   url.Values
}

// Authenticate finds the app that sends a request and checks its secret (OI-16, OI-17).
// An app uses one method: HTTP Basic, the form or, if it is public, its client ID only.
// The error is an [Error] or a fault.
func (p *Provider) Authenticate(ctx context.Context, client auth.Client, c Credentials) (App, error) {
	id, secret, err := c.read()
	if err != nil {
		return App{}, err
	}
	app, err := p.store.FindApp(ctx, id)
	switch {
	case isNotFound(err):
		return App{}, &Error{Code: InvalidClient, Explanation: "no app has this client_id"}
	case err != nil:
		return App{}, err
	case app.Disabled:
		return App{}, &Error{Code: InvalidClient, Explanation: "the app is disabled"}
	case app.Public() && secret != "":
		return App{}, &Error{Code: InvalidClient, Explanation: "the app is public: it must send no secret"}
	case app.Public():
		return app, nil
	case secret == "":
		return App{}, &Error{Code: InvalidClient, Explanation: "the secret of the app is missing"}
	case app.hasSecret(secret):
		return app, nil
	}
	// Counted only if it is wrong: nobody can guess it, and strangers must not be able to
	// block an app.
	if err := p.rules.AllowAppGuess(ctx, client, app.ID); err != nil {
		return App{}, err
	}
	return App{}, &Error{Code: InvalidClient, Explanation: "the secret of the app is wrong"}
}

// read returns the client ID and the secret. In HTTP Basic both are form-encoded first
// (6749 section 2.3.1).
func (c Credentials) read() (id, secret string, err error) {
	if repeated(c.Form) {
		return "", "", &Error{Code: InvalidRequest, Explanation: "a parameter is repeated"}
	}
	id, secret = c.Form.Get("client_id"), c.Form.Get("client_secret")
	if c.Header == "" {
		if id == "" {
			err = &Error{Code: InvalidClient, Explanation: "client_id is missing"}
		}
		return id, secret, err
	}
	scheme, encoded, _ := strings.Cut(c.Header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", &Error{Code: InvalidClient, Explanation: "the Authorization header must be of the scheme Basic"}
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	name, password, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok {
		return "", "", &Error{Code: InvalidClient, Explanation: "the Authorization header is malformed"}
	}
	name, err = url.QueryUnescape(name)
	password, passwordErr := url.QueryUnescape(password)
	switch {
	case err != nil || passwordErr != nil:
		return "", "", &Error{Code: InvalidClient, Explanation: "the Authorization header is malformed"}
	case secret != "":
		return "", "", &Error{Code: InvalidRequest, Explanation: "the app authenticates in two ways: use HTTP Basic or the form"}
	case id != "" && id != name:
		return "", "", &Error{Code: InvalidRequest, Explanation: "client_id differs from that of the Authorization header"}
	}
	return name, password, nil
}
