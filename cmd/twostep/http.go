package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The limits keep slow and greedy clients from holding the site (RL-09). Pages
// and forms are small: who needs longer is not reading.
const (
	headerWithin  = 5 * time.Second
	requestWithin = 15 * time.Second
	pageWithin    = 15 * time.Second // a sign-in may wait for its turn at the hasher, and then for the database
	answerWithin  = 30 * time.Second
	idleAtMost    = 120 * time.Second
	headerMost    = 16 << 10 // bytes
	finishWithin  = 20 * time.Second
)

// serveHTTP answers requests until ctx ends, and then those that are in flight.
func serveHTTP(ctx context.Context, listener net.Listener, site http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           site,
		ReadHeaderTimeout: headerWithin,
		ReadTimeout:       requestWithin,
		WriteTimeout:      answerWithin,
		IdleTimeout:       idleAtMost,
		MaxHeaderBytes:    headerMost,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	broken := make(chan error, 1)
	go func() { broken <- server.Serve(listener) }()
	select {
	case err := <-broken:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping")
	last, cancel := context.WithTimeout(context.Background(), finishWithin)
	defer cancel()
	if err := server.Shutdown(last); errors.Is(err, context.DeadlineExceeded) {
		log.Warn("requests in flight were cut off")
		return server.Close()
	} else if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}
