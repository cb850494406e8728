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
)

// The log has these messages, as JSON or text lines of log/slog. Nothing else is
// logged about users (LG-07: this is the log's inventory).
//
//	request   every request: request_id, method, route, status, duration_ms, ip,
//	          user; and reason if it was refused: the auth.Reason of a problem,
//	          or "sign_in_first", "verify_first", "forged", "not_found" and so
//	          on. Lines without a reason go to Config.BufferedLog. And app, its
//	          client ID, of a request of a known app; and explanation, a constant
//	          text, if that was refused (OI-53)
//	account   every audit event: event, factor, user, ip, request_id
//	access    every check of forward auth (FA-23): decision, host, path without query,
//	          method, rule (its line), odd, status, ip, user
//	site      every audit event of no account: event, actor, ip, request_id
//	alarm     warning, about the whole site: event, ip, request_id
//	fault, panic   errors of the server: request_id, error
//	warnings  about a proxy that is not trusted, see proxyWatch
//
// Never logged: passwords, codes, keys, tokens, queries, the site's paths with ids in them,
// email addresses, phone numbers (LG-02). slog quotes control characters, so
// clients cannot forge a line (LG-03).

// A requestLog collects the parts of the request's log line that are not in the
// request or its response.
type requestLog struct {
	id     string // generated here, never sent by the client
	start  time.Time
	ip     string
	user   string // empty unless known
	reason string // why the request was refused; empty if it was not

	app         string // client ID; empty unless the request is of a known app
	explanation string // of a refused request of an app, for its author; a constant text
}

type requestLogKey struct{}

// logOf returns the request's log.
func logOf(c echo.Context) *requestLog {
	return c.Request().Context().Value(requestLogKey{}).(*requestLog)
}

// logRequests is the middleware that logs and counts every request.
func (s *site) logRequests(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		log := &requestLog{id: strings.ToLower(rand.Text()[:12]), start: time.Now(), ip: c.RealIP()}
		ctx := context.WithValue(c.Request().Context(), requestLogKey{}, log)
		ctx, cancel := s.withTimeout(s.withObserver(ctx, log))
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		s.proxies.observe(c.Request(), log.ip, s.TrustedProxies, s.Log)
		if err := next(c); err != nil {
			c.Error(err)
		}
		duration := time.Since(log.start)
		s.logRequest(c, log, duration)
		s.Metrics.observeRequest(c, log, duration)
		return nil
	}
}

// withObserver returns a context under which audit events are logged with the
// request's id, and counted.
func (s *site) withObserver(ctx context.Context, log *requestLog) context.Context {
	return auth.WithObserver(ctx, func(event auth.Event) {
		switch {
		case event.User != "":
			s.Log.Info("account", "event", event.Type, "factor", event.Factor, "user", event.User, "ip", event.IP, "request_id", log.id)
		case event.Actor != "":
			s.Log.Info("site", "event", event.Type, "actor", event.Actor, "ip", log.ip, "request_id", log.id)
		default:
			s.Log.Warn("alarm", "event", event.Type, "ip", log.ip, "request_id", log.id)
		}
		s.Metrics.observeEvent(event)
	})
}

func (s *site) logRequest(c echo.Context, log *requestLog, duration time.Duration) {
	level := slog.LevelInfo
	if route := c.Path(); route == "/healthz" || route == "/readyz" || strings.HasPrefix(route, "/static/") {
		level = slog.LevelDebug
	}
	ctx, out := c.Request().Context(), s.Log.Handler()
	if log.reason == "" {
		out = s.BufferedLog.Handler()
	}
	if !out.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(log.start.Add(duration), level, "request", 0)
	line.AddAttrs(
		slog.String("request_id", log.id), slog.String("method", c.Request().Method), slog.String("route", c.Path()),
		slog.Int("status", c.Response().Status), slog.Float64("duration_ms", float64(duration.Microseconds())/1000),
		slog.String("ip", log.ip),
	)
	if log.user != "" {
		line.AddAttrs(slog.String("user", log.user))
	}
	if log.app != "" {
		line.AddAttrs(slog.String("app", log.app))
	}
	if log.reason != "" {
		line.AddAttrs(slog.String("reason", log.reason))
	}
	if log.explanation != "" {
		line.AddAttrs(slog.String("explanation", log.explanation))
	}
	_ = out.Handle(ctx, line) // there is nowhere to report that the log failed
}

// refused records why the request was refused.
func (l *requestLog) refused(p *auth.Problem) {
	if p == nil {
		return
	}
	l.reason = string(p.Reason)
	if p.User != "" {
		l.user = string(p.User)
	}
}

// Reasons of the web layer.
const (
	reasonLeft        = "left" // the client closed the connection
	reasonSignInFirst = "sign_in_first"
	reasonVerifyFirst = "verify_first"
	reasonNoAccess    = "no_access" // by the access rules
)

func reasonOfTask(task auth.Task) string { return string(task) + "_first" }

// reasonOf is the reason of a request refused by the web layer.
func reasonOf(status int) string {
	if status == http.StatusForbidden {
		return "forged"
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

type stackedError interface {
	error
	Stack() []byte
}

// logPanic logs the stack, which the error page does not show. A panic that comes from
// another goroutine, like that of SQLite's writes, has its own.
func (s *site) logPanic(c echo.Context, err error, stack []byte) error {
	if p, ok := errors.AsType[stackedError](err); ok {
		stack = append(p.Stack(), stack...)
	}
	s.Log.Error("panic", "request_id", logOf(c).id, "error", err, "stack", string(stack))
	return err
}
