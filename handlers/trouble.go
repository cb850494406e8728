package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

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
	status, trouble := http.StatusInternalServerError, views.TroubleFault
	var he *echo.HTTPError
	switch {
	case errors.Is(err, auth.ErrNotFound):
		status, trouble = http.StatusNotFound, views.TroubleNotFound
	case problemOf(err) != nil: // of a form without a page of its own
		status, trouble = statusOf(problemOf(err)), views.TroubleMethod
	case errors.As(err, &he):
		status, trouble = he.Code, troubleOf(he.Code)
	}
	if trouble == views.TroubleFault {
		s.Log.Error("fault", "request", requestID(c), "path", c.Path(), "error", err)
	}
	v := &visit{Context: c, site: s, cookie: s.cookies.read(c.Request()), problem: problemOf(err)}
	if status != http.StatusInternalServerError { // else the store may be what is broken
		if session, err := s.rules.Session(v.ctx(), v.cookie.Session); err == nil {
			v.session = session
		}
	}
	page := views.TroublePage{Frame: v.frame(), Trouble: trouble, RequestID: requestID(c)}
	if err := v.show(status, views.ShowTrouble(page)); err != nil {
		s.Log.Error("trouble page", "request", requestID(c), "error", err)
	}
}

func troubleOf(status int) views.Trouble {
	switch status {
	case http.StatusNotFound:
		return views.TroubleNotFound
	case http.StatusForbidden:
		return views.TroubleForged
	case http.StatusRequestEntityTooLarge:
		return views.TroubleTooLarge
	case http.StatusMethodNotAllowed, http.StatusBadRequest:
		return views.TroubleMethod
	}
	return views.TroubleFault
}

// logged gives each request an id made here, never one that the client sends,
// and writes one line about it: the route, not the address, for queries and
// ids in addresses are nobody's business (LG-01, LG-02).
func (s *site) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		c.Set("request", strings.ToLower(rand.Text()[:12]))
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		level := slog.LevelInfo
		if c.Path() == "/healthz" || c.Path() == "/readyz" || strings.HasPrefix(c.Path(), "/static/") {
			level = slog.LevelDebug
		}
		s.Log.Log(context.Background(), level, "request", "request", requestID(c), "method", c.Request().Method,
			"route", c.Path(), "status", c.Response().Status, "address", c.RealIP(),
			"took", time.Since(start).Round(10*time.Microsecond))
		return nil
	}
}

func requestID(c echo.Context) string {
	id, _ := c.Get("request").(string)
	return id
}

// logPanic keeps the stack for the operator; the visitor gets the page of a fault.
func (s *site) logPanic(c echo.Context, err error, stack []byte) error {
	s.Log.Error("panic", "request", requestID(c), "error", err, "stack", string(stack))
	return err
}

// healthz answers while the process lives.
func (s *site) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz answers while the database does.
func (s *site) readyz(c echo.Context) error {
	if err := s.rules.Ready(c.Request().Context()); err != nil {
		s.Log.Error("not ready", "error", err)
		return c.String(http.StatusServiceUnavailable, "the database does not answer\n")
	}
	return c.String(http.StatusOK, "ok\n")
}
