package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"twostep/auth"
)

// healthz returns 200 while the process is running.
func (s *site) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz returns 200 while requests can be served, and otherwise 503 with the
// reason. The response names only the kind of failure; the log has the error.
func (s *site) readyz(c echo.Context) error {
	err := s.rules.Ready(c.Request().Context())
	if err == nil {
		return c.String(http.StatusOK, "ok\n")
	}
	s.Log.Error("not ready", "error", err)
	return c.String(http.StatusServiceUnavailable, notReady(err).Error()+"\n")
}

// notReady returns why a site with this error cannot be used; empty without an error.
func notReady(err error) auth.NotReady {
	if err == nil {
		return ""
	}
	if reason, ok := errors.AsType[auth.NotReady](err); ok {
		return reason
	}
	return auth.NotResponding
}
