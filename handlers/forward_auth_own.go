package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"twostep/auth"
	"twostep/views"
)

// Paths that the check answers itself for every app.
const (
	ownPaths     = "/.twostep"
	callbackPath = ownPaths + "/callback"
	signInOwn    = ownPaths + "/sign-in"
	signOutOwn   = ownPaths + "/sign-out"
)

// own answers the paths that exist on every app's host, so that they never reach the app.
func (c *check) own(path string) answer {
	switch path {
	case callbackPath:
		return c.callback()
	case signInOwn:
		return c.ownSignIn()
	case signOutOwn: // where the user presses the button: a GET changes nothing (CS-01)
		return answer{status: http.StatusSeeOther, outcome: outcomeSignOut, location: c.site.origin() + accountPath}
	}
	return answer{status: http.StatusForbidden, outcome: outcomeNoRule}
}

// callback completes a handover. Only the code decides where to go (FA-11).
func (c *check) callback() answer {
	if c.request.Method != http.MethodGet { // a HEAD would use up the code
		return answer{status: http.StatusForbidden, outcome: outcomeHandoverFailed}
	}
	ctx := c.withObserver(c.ctx, &requestLog{ip: c.client.IP.String()})
	token, target, err := c.rules.CompleteHandover(ctx, c.client, c.decision.Host, auth.Token(c.query().Get("code")), c.cookie)
	switch {
	case errors.Is(err, auth.ErrNotFound) && c.cookie == "": // otherwise a browser without cookies would go round in circles
		return answer{status: http.StatusForbidden, outcome: outcomeHandoverFailed, text: views.NoCookieText}
	case errors.Is(err, auth.ErrNotFound):
		return answer{status: http.StatusSeeOther, outcome: outcomeHandoverFailed, location: c.origin("/")}
	case err != nil:
		return c.fault(err)
	}
	return answer{status: http.StatusSeeOther, outcome: outcomeHandedOver, location: c.origin(target), cookie: token, cookieName: c.cookieName()}
}

// ownSignIn leads to what another method than GET demands, see [check.linkToMeet], and
// then, as always, to a page of the app.
func (c *check) ownSignIn() answer {
	method, target := c.query().Get("method"), c.query().Get("target")
	if method == "" || returnsTo(method, target) == target || !strings.HasPrefix(target, "/") {
		method, target = http.MethodGet, "/"
	}
	return c.signIn(method, target, c.origin(signInOwn))
}

// linkToMeet returns the URL that leads a user to what the request demands, for a script
// that shows a link.
func (c *check) linkToMeet() string {
	target := c.target()
	if returnsTo(c.request.Method, target) == target {
		return c.origin(target)
	}
	return c.origin(signInOwn) + "?method=" + url.QueryEscape(c.request.Method) + "&target=" + url.QueryEscape(target)
}
