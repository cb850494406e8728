package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metricsWithin bounds a request for the metrics, and the look at the database
// that is part of it.
const metricsWithin = 5 * time.Second

// metricsAddress reads the address of the metrics; empty is none.
func metricsAddress(given string) (string, error) {
	if given == "" {
		return "", nil
	}
	return listenAddress(given)
}

// listenMetrics takes the address of the metrics; nil where there is none. It
// is another one than the site's, because numbers of sign-ins are nobody's
// business outside, and the proxy in front would show them to everybody.
func (s settings) listenMetrics(ctx context.Context) (net.Listener, error) {
	if s.metrics == "" {
		return nil, nil
	}
	return listen(ctx, "--metrics", s.metrics)
}

// serveMetrics answers Prometheus, at /metrics alone. A fault here is logged
// and no reason to stop the site.
func serveMetrics(listener net.Listener, c *counts, log *slog.Logger) func(context.Context) {
	errors := slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	pages := http.NewServeMux()
	pages.Handle("GET /metrics", promhttp.HandlerFor(c.registry, promhttp.HandlerOpts{
		ErrorLog: errors, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4,
	}))
	server := &http.Server{
		Handler:           pages,
		ReadHeaderTimeout: metricsWithin,
		ReadTimeout:       metricsWithin,
		WriteTimeout:      2 * metricsWithin,
		IdleTimeout:       idleAtMost,
		MaxHeaderBytes:    headerMost,
		ErrorLog:          errors,
	}
	return func(ctx context.Context) {
		defer context.AfterFunc(ctx, func() { _ = server.Close() })()
		if err := server.Serve(listener); err != nil && ctx.Err() == nil {
			log.Error("the metrics cannot be served", "error", err)
		}
	}
}
