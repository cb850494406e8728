package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// These limits keep slow and greedy clients from exhausting the server (RL-09).
// Pages and forms are small, so no browser needs longer.
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 15 * time.Second
	writeTimeout    = 30 * time.Second
	idleTimeout     = 2 * time.Minute
	headerMax       = 16 << 10 // bytes
	shutdownTimeout = 20 * time.Second
)

// PageTimeout bounds the work on one page: a sign-in may wait for the password
// hasher and then for the database.
const PageTimeout = 15 * time.Second

// serveHTTP serves requests until ctx ends, and finishes those in flight.
func serveHTTP(ctx context.Context, listener net.Listener, site http.Handler, log *slog.Logger) error {
	server := newServer(site, log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping")
	deadline, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(deadline); errors.Is(err, context.DeadlineExceeded) {
		log.Warn("shutdown timed out: requests were cut off")
		return server.Close()
	} else if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerMax,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
