package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

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
