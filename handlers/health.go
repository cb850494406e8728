package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"twostep/auth"
)

// healthz answers while the process lives.
func (s *site) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz answers while requests can be served, and else says why not: in plain
// words for whoever asks, and with all that is known in the log.
func (s *site) readyz(c echo.Context) error {
	err := s.rules.Ready(c.Request().Context())
	if err == nil {
		return c.String(http.StatusOK, "ok\n")
	}
	s.Log.Error("not ready", "error", err)
	why, found := errors.AsType[auth.NotReady](err)
	if !found {
		why = auth.NotResponding
	}
	return c.String(http.StatusServiceUnavailable, why.Error()+"\n")
}
