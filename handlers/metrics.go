package handlers

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"twostep/auth"
	"twostep/auth/oidc"
)

// A Metrics receives what is counted. Users are in the log only. The functions
// may be nil, and are called concurrently.
type Metrics struct {
	ObserveRequest func(ServedRequest)
	ObserveEvent   func(auth.Event)     // after its transaction has been committed
	ObserveCheck   func(outcome string) // of [CheckOutcomes]
	ObserveTokens  func(oidc.GrantType) // after an app got tokens
	ObserveReuse   func(oidc.GrantType) // a code or refresh token was used again (OI-10, OI-24)
}

// A ServedRequest is one request and its response. Route and Reason have few
// values, whatever clients request, so both can be metric labels.
type ServedRequest struct {
	Route    string // as in the route table; empty if no route matched
	Status   int
	Reason   string // why the request was refused, as in the log; empty if it was not
	Duration time.Duration
}

// Rejections returns every reason that a [ServedRequest] of a route can have, by route.
func Rejections() map[string][]string {
	all := map[string][]string{}
	pages := pageReasons()
	for _, row := range routes {
		all[row.path] = pages
	}
	var steps []string
	for _, step := range oidc.Steps {
		if step != oidc.StepDone {
			steps = append(steps, reasonOfStep(step))
		}
	}
	all[continueRoute] = slices.Concat(pages, steps)
	all[oidc.AuthorizePath] = slices.Concat(pages, steps, machineReasons())
	for _, row := range machineRoutes {
		if all[row.path] == nil {
			all[row.path] = machineReasons()
		}
	}
	all[handoverPath] = append(slices.Clip(pages), reasonNoAccess)
	all[oidc.LogoutPath] = append(slices.Clip(pages), string(oidc.InvalidRequest))
	for path, reasons := range all {
		all[path] = slices.Compact(slices.Sorted(slices.Values(reasons)))
	}
	return all
}

// machineReasons are those of a route for programs.
func machineReasons() []string {
	reasons := []string{reasonLeft, reasonAppRequest, string(auth.TooManyAttempts)}
	for _, code := range oidc.ErrorCodes {
		reasons = append(reasons, string(code))
	}
	for _, status := range []int{
		http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusInternalServerError, http.StatusServiceUnavailable,
	} {
		reasons = append(reasons, reasonOf(status))
	}
	return reasons
}

// pageReasons are those of a page.
func pageReasons() []string {
	reasons := []string{reasonLeft, reasonSignInFirst, reasonVerifyFirst}
	for task := range taskPaths {
		reasons = append(reasons, reasonOfTask(task))
	}
	for _, status := range []int{
		http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusRequestEntityTooLarge, http.StatusInternalServerError, http.StatusServiceUnavailable,
	} {
		reasons = append(reasons, reasonOf(status))
	}
	for _, reason := range auth.Reasons {
		reasons = append(reasons, string(reason))
	}
	return reasons
}

func (m Metrics) observeEvent(event auth.Event) {
	if m.ObserveEvent != nil {
		m.ObserveEvent(event)
	}
}

// observeExchange counts what came of a request for tokens.
func (m Metrics) observeExchange(grant oidc.GrantType, err error) {
	refused, isRefused := errors.AsType[*oidc.Error](err)
	switch {
	case err == nil && m.ObserveTokens != nil:
		m.ObserveTokens(grant)
	case isRefused && refused.Reused && m.ObserveReuse != nil:
		m.ObserveReuse(grant)
	}
}

func (m Metrics) observeRequest(c echo.Context, log *requestLog, duration time.Duration) {
	if m.ObserveRequest != nil {
		m.ObserveRequest(ServedRequest{Route: c.Path(), Status: c.Response().Status, Reason: log.reason, Duration: duration})
	}
}
