package handlers

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"twostep/auth"
	"twostep/views"
)

// problemOf is the Problem in an error, or nil for a fault.
func problemOf(err error) *auth.Problem {
	var p *auth.Problem
	errors.As(err, &p)
	return p
}

// statusOf is the HTTP status of a problem: 422, or 429 where waiting helps,
// or 503 where it is the server that is late.
func statusOf(p *auth.Problem) int {
	switch {
	case p.Reason == auth.Busy:
		return http.StatusServiceUnavailable
	case p.Wait > 0:
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

// trouble is the one place that answers what no page could: it turns a fault
// into a plain page with the request's id, logged once, and everything else
// into a page that says what to do (LG-05).
func (s *site) trouble(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status, trouble := http.StatusInternalServerError, views.ErrorInternal
	var he *echo.HTTPError
	switch {
	case errors.Is(err, auth.ErrNotFound):
		status, trouble = http.StatusNotFound, views.ErrorNotFound
	case problemOf(err) != nil: // of a form without a page of its own
		status, trouble = statusOf(problemOf(err)), views.ErrorMethodNotAllowed
		if problemOf(err).Wait > 0 {
			trouble = views.ErrorBusy
		}
	case errors.As(err, &he):
		status, trouble = he.Code, troubleOf(he.Code)
	}
	fault := trouble == views.ErrorInternal
	if fault && errors.Is(c.Request().Context().Err(), context.DeadlineExceeded) { // see inTime: trying again may do
		status = http.StatusServiceUnavailable
	}
	e := entryOf(c)
	if e.reason == "" {
		e.reason = reasonOf(status)
	}
	if fault && errors.Is(c.Request().Context().Err(), context.Canceled) { // the visitor left while he waited: nobody reads a page
		e.reason = "left"
		c.Response().WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if fault {
		s.Log.Error("fault", "request", e.id, "path", c.Path(), "error", err)
		c.SetRequest(c.Request().WithContext(context.WithoutCancel(c.Request().Context()))) // the page comes, however late it is
	}
	v := &visit{Context: c, site: s, entry: e, cookie: s.cookies.read(c.Request()), problem: problemOf(err)}
	came := v.cookie
	if !fault { // else the store may be what is broken
		if v.session, err = s.rules.Session(v.ctx(), v.cookie.Session); err != nil && !errors.Is(err, auth.ErrNotFound) {
			fault = true
		}
	}
	page := views.ErrorPage{Page: v.frame(), Kind: trouble, RequestID: e.id}
	if fault {
		v.cookie = came // a fault of ours signs nobody out
	}
	if err := v.show(status, views.ShowError(page)); err != nil {
		s.Log.Error("trouble page", "request", e.id, "error", err)
	}
}

// inTime ends the waiting of a request for a database that does not answer:
// its visitor gets the page for faults while he is still there (LG-05).
func (s *site) inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.RequestTimeout == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, s.RequestTimeout)
}

func troubleOf(status int) views.ErrorKind {
	switch status {
	case http.StatusNotFound:
		return views.ErrorNotFound
	case http.StatusForbidden:
		return views.ErrorFormExpired
	case http.StatusRequestEntityTooLarge:
		return views.ErrorTooLarge
	case http.StatusMethodNotAllowed, http.StatusBadRequest:
		return views.ErrorMethodNotAllowed
	}
	return views.ErrorInternal
}
