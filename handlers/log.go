package handlers

import (
	"context"
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
//	          Without a reason it may wait a moment, see Config.BufferedLog
//	account   everything that happened to an account: what (auth.What), by
//	          which factor, user, address, request
//	fault, panic   what is ours, with the request's id
//	warning   a proxy that is not trusted, see proxyWatch
//
// Never: passwords, codes, keys, tokens, queries, addresses of pages with ids
// in them, mail addresses, phone numbers (LG-02). slog quotes control characters, so
// what a visitor sends cannot begin a line (LG-03).

// An entry is what the log says of a request, beside what the request says
// itself.
type entry struct {
	id      string // made here, never one that the client sends
	begun   time.Time
	address string // the client's
	user    string // empty for nobody
	reason  string // why it was refused; empty where it was not
}

type entryKey struct{}

// entryOf is the entry of a request.
func entryOf(c echo.Context) *entry { return c.Request().Context().Value(entryKey{}).(*entry) }

// logged begins a request's entry and writes its line in the end.
func (s *site) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		e := &entry{id: strings.ToLower(rand.Text()[:12]), begun: time.Now(), address: c.RealIP()}
		ctx := context.WithValue(c.Request().Context(), entryKey{}, e)
		ctx, cancel := s.inTime(s.witnessed(ctx, e))
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		s.proxies.see(c.Request(), e.address, s.Log)
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := time.Since(e.begun)
		s.logRequest(c, e, took)
		s.Metrics.answered(c, e, took)
		return nil
	}
}

// witnessed is a context under which what happens to an account is logged as
// what the request did.
func (s *site) witnessed(ctx context.Context, e *entry) context.Context {
	return auth.WithObserver(ctx, func(happened auth.Event) {
		s.Log.Info("account", "what", happened.Type, "factor", happened.Factor, "user", happened.User, "address", happened.IP, "request", e.id)
		s.Metrics.happened(happened)
	})
}

func (s *site) logRequest(c echo.Context, e *entry, took time.Duration) {
	level := slog.LevelInfo
	if quiet := c.Path(); quiet == "/healthz" || quiet == "/readyz" || strings.HasPrefix(quiet, "/static/") {
		level = slog.LevelDebug
	}
	ctx, log := c.Request().Context(), s.Log.Handler()
	if e.reason == "" {
		log = s.BufferedLog.Handler()
	}
	if !log.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(e.begun.Add(took), level, "request", 0)
	line.AddAttrs(
		slog.String("request", e.id), slog.String("method", c.Request().Method), slog.String("route", c.Path()),
		slog.Int("status", c.Response().Status), slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("address", e.address),
	)
	if e.user != "" {
		line.AddAttrs(slog.String("user", e.user))
	}
	if e.reason != "" {
		line.AddAttrs(slog.String("reason", e.reason))
	}
	_ = log.Handle(ctx, line) // a log that cannot be written has no place to say so
}

// refused remembers why a request was refused, for its line.
func (e *entry) refused(p *auth.Problem) {
	if p == nil {
		return
	}
	e.reason = string(p.Reason)
	if p.User != "" {
		e.user = string(p.User)
	}
}

// reasonOf names a status that is no problem of the rules.
func reasonOf(status int) string {
	if status == http.StatusForbidden {
		return "forged"
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

// logPanic keeps the stack for the operator; the visitor gets the page of a fault.
func (s *site) logPanic(c echo.Context, err error, stack []byte) error {
	s.Log.Error("panic", "request", entryOf(c).id, "error", err, "stack", string(stack))
	return err
}
