package metrics

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	timeout     = 5 * time.Second // of reading a request, and of the database query that it causes
	idleTimeout = 2 * time.Minute
	headerMax   = 16 << 10 // bytes
)

// Serve returns a function that serves /metrics on a listener until its context
// ends. The listener is not the site's: the numbers are not public, and a proxy
// in front would publish them. A failure is logged and does not stop the site.
func (m *Metrics) Serve(listener net.Listener, log *slog.Logger) func(context.Context) {
	errors := slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: errors, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4,
	}))
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: timeout,
		ReadTimeout:       timeout,
		WriteTimeout:      2 * timeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerMax,
		ErrorLog:          errors,
	}
	return func(ctx context.Context) {
		defer context.AfterFunc(ctx, func() { _ = server.Close() })()
		if err := server.Serve(listener); err != nil && ctx.Err() == nil {
			log.Error("cannot serve metrics", "error", err)
		}
	}
}
