package handlers

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"twostep/auth"
)

// The log is JSON or text lines of log/slog with these messages; nothing else
// is written about visitors (LG-07: this is the log's inventory).
//
//	request   every request: id, method, route, status, ms, address, user; and
//	          reason, why it was refused: the auth.Reason of a problem, or
//	          "sign_in_first", "verify_first", "forged", "not_found" ...
//	account   everything that happened to an account: what (auth.What), by
//	          which factor, user, address, request
//	fault, panic   what is ours, with the request's id
//	warning   a proxy that is not trusted, see proxyWatch
//
// Never: passwords, codes, keys, tokens, queries, addresses of pages with ids
// in them, mail addresses, phone numbers (LG-02). slog quotes control characters, so
// what a visitor sends cannot begin a line (LG-03).

// logged gives each request an id made here, never one that the client sends,
// and writes one line about it.
func (s *site) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start, id := time.Now(), strings.ToLower(rand.Text()[:12])
		c.Set(requestKey, id)
		c.SetRequest(c.Request().WithContext(auth.WithWitness(c.Request().Context(), func(e auth.Event) {
			s.Log.Info("account", "what", e.What, "factor", e.Kind, "user", e.User, "address", e.Address, "request", id)
			s.Watch.happened(e)
		})))
		s.proxies.see(c.Request(), c.RealIP(), s.Log)
		if err := next(c); err != nil {
			c.Error(err)
		}
		s.logRequest(c, start)
		s.Watch.answered(c, time.Since(start))
		return nil
	}
}

func (s *site) logRequest(c echo.Context, start time.Time) {
	level := slog.LevelInfo
	if quiet := c.Path(); quiet == "/healthz" || quiet == "/readyz" || strings.HasPrefix(quiet, "/static/") {
		level = slog.LevelDebug
	}
	attributes := []any{
		"request", requestID(c), "method", c.Request().Method, "route", c.Path(), "status", c.Response().Status,
		"ms", float64(time.Since(start).Microseconds()) / 1000, "address", c.RealIP(),
	}
	for _, key := range []string{userKey, reasonKey} {
		if value, ok := c.Get(key).(string); ok && value != "" {
			attributes = append(attributes, key, value)
		}
	}
	s.Log.Log(c.Request().Context(), level, "request", attributes...)
}

// What a request's line says beside what the request says itself.
const (
	requestKey = "request"
	userKey    = "user"
	reasonKey  = "reason"
)

// noteProblem remembers why a request was refused, for its line.
func noteProblem(c echo.Context, p *auth.Problem) {
	if p == nil {
		return
	}
	c.Set(reasonKey, string(p.Reason))
	if p.User != "" {
		c.Set(userKey, string(p.User))
	}
}

// reasonOf names a status that is no problem of the rules.
func reasonOf(status int) string {
	if status == http.StatusForbidden {
		return "forged"
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

func requestID(c echo.Context) string {
	id, _ := c.Get(requestKey).(string)
	return id
}

// logPanic keeps the stack for the operator; the visitor gets the page of a fault.
func (s *site) logPanic(c echo.Context, err error, stack []byte) error {
	s.Log.Error("panic", "request", requestID(c), "error", err, "stack", string(stack))
	return err
}
