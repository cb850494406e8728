package handlers

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"twostep/auth"
	"twostep/views"
)

// problemOf returns the Problem in err's chain. It is nil for a fault, which is any
// other error.
func problemOf(err error) *auth.Problem {
	p, _ := errors.AsType[*auth.Problem](err)
	return p
}

// statusOf is the HTTP status of a problem: 503 if the server is overloaded, 429
// if waiting helps, and 422 otherwise.
func statusOf(p *auth.Problem) int {
	switch {
	case p.Reason == auth.Busy:
		return http.StatusServiceUnavailable
	case p.Wait > 0:
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

// serveError is echo's error handler. It shows the error page, and logs faults
// once with the request id that the page also shows (LG-05).
func (s *site) serveError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	if status, _ := errorStatus(err); status == http.StatusMethodNotAllowed && isAdminPath(c.Request().URL.Path) {
		err = auth.ErrNotFound // as an address that does not exist (OP-02)
		c.Response().Header().Del(echo.HeaderAllow)
	}
	req, log, problem := c.Request(), logOf(c), problemOf(err)
	status, kind := errorStatus(err)
	if to := canonicalURL(req); errors.Is(err, echo.ErrNotFound) && to != "" {
		_ = c.Redirect(http.StatusMovedPermanently, to) // fails only for a status that is no redirect
		return
	}
	if kind == views.ErrorInternal {
		if errors.Is(req.Context().Err(), context.Canceled) { // the client closed the connection
			log.reason = reasonLeft
			c.Response().WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if errors.Is(req.Context().Err(), context.DeadlineExceeded) { // see withTimeout: a retry may succeed
			status = http.StatusServiceUnavailable
		}
		s.Log.Error("fault", "request_id", log.id, "path", c.Path(), "error", err)
		c.SetRequest(req.WithContext(context.WithoutCancel(req.Context()))) // the page is shown after the deadline, too
	}
	if status == http.StatusForbidden { // the request may not end where its sender thinks
		c.Response().Header().Set("Connection", "close")
	}
	log.refused(problem)
	if log.reason == "" {
		log.reason = reasonOf(status)
	}
	switch machine, onPage := isForProgram(req); {
	case machine && onPage:
		m := &machineRequest{Context: c, site: s, log: log}
		err = m.showPage(status, views.ShowError(views.ErrorPage{Page: s.plainPage(c), Kind: kind, RequestID: log.id}))
	case machine:
		serveMachineError(c, status)
		return
	default:
		r := &request{Context: c, site: s, rules: s.rules, log: log, cookie: s.cookies.read(req), problem: problem, status: status}
		err = r.showError(kind)
	}
	if err != nil {
		s.Log.Error("error page", "request_id", log.id, "error", err)
	}
}

func (r *request) showError(kind views.ErrorKind) error {
	if kind == views.ErrorSignUpClosed { // the page says nothing else
		r.problem = nil
	}
	received, fault := r.cookie, kind == views.ErrorInternal
	if !fault { // after a fault the store may not work
		session, err := r.rules.Session(r.ctx(), r.cookie.Session)
		r.session, fault = session, err != nil && !errors.Is(err, auth.ErrNotFound)
	}
	page := views.ErrorPage{Page: r.page(), Kind: kind, RequestID: r.log.id}
	if fault {
		r.cookie = received // a fault must not sign the user out
	}
	return r.show(views.ShowError(page))
}

// errorStatus returns the status and the kind of the error page.
func errorStatus(err error) (int, views.ErrorKind) {
	problem := problemOf(err)
	he, known := errors.AsType[*echo.HTTPError](err)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return http.StatusNotFound, views.ErrorNotFound
	case problem != nil && problem.Reason == auth.SignUpClosed:
		return http.StatusNotFound, views.ErrorSignUpClosed
	case problem != nil && problem.Wait > 0: // of a form without a page
		return statusOf(problem), views.ErrorBusy
	case problem != nil:
		return statusOf(problem), views.ErrorMethodNotAllowed
	case !known:
		return http.StatusInternalServerError, views.ErrorInternal
	}
	switch he.Code {
	case http.StatusNotFound:
		return he.Code, views.ErrorNotFound
	case http.StatusForbidden:
		return he.Code, views.ErrorFormExpired
	case http.StatusRequestEntityTooLarge:
		return he.Code, views.ErrorTooLarge
	case http.StatusMethodNotAllowed, http.StatusBadRequest:
		return he.Code, views.ErrorMethodNotAllowed
	}
	return he.Code, views.ErrorInternal
}

// withTimeout limits how long a request waits for the database, so that the user
// sees the error page instead of waiting (LG-05).
func (s *site) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.RequestTimeout == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, s.RequestTimeout)
}
