package serve

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"twostep/auth/access"
	"twostep/cmd/twostep/internal/settings"
)

// proxyHeaderMax is more than headerMax: a proxy adds headers to those of the client,
// some of which are for the app.
const proxyHeaderMax = 64 << 10 // bytes

// serveProxies returns a function that serves the listener for proxies until its context
// ends. While it fails, proxies let nothing pass.
func serveProxies(listener net.Listener, handler http.Handler, log *slog.Logger) func(context.Context) {
	server := newServer(handler, log)
	server.MaxHeaderBytes = proxyHeaderMax
	return func(ctx context.Context) {
		defer context.AfterFunc(ctx, func() { _ = server.Close() })()
		if err := server.Serve(listener); err != nil && ctx.Err() == nil {
			log.Error("cannot serve forward auth", "error", err)
		}
	}
}

// accessRules are the rules of a file, which can be read again.
type accessRules struct {
	settings settings.Settings
	current  atomic.Pointer[access.InForce]
	hangup   chan os.Signal
}

// newAccessRules also makes sure that SIGHUP does not end the process from now on.
func newAccessRules(s settings.Settings) *accessRules {
	r := &accessRules{settings: s, hangup: make(chan os.Signal, 1)}
	r.current.Store(r.inForce(s.Access))
	signal.Notify(r.hangup, syscall.SIGHUP)
	return r
}

func (r *accessRules) inForce(rules *access.Rules) *access.InForce {
	return &access.InForce{Rules: rules, File: r.settings.AccessRules, Since: time.Now(), Asked: r.settings.ForwardAuth != ""}
}

// watch returns a function that reads the file again on SIGHUP. A faulty file leaves the
// old rules in force (FA-21).
func (r *accessRules) watch(log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		for {
			select {
			case <-ctx.Done():
				return
			case <-r.hangup:
			}
			rules, err := settings.ReadAccessRules(r.settings.AccessRules, r.settings.Origin)
			if err != nil {
				log.Error("cannot reload the access rules: the old ones stay in force", "error", err)
				faulty := *r.current.Load()
				faulty.Fault, faulty.FaultAt = err, time.Now()
				r.current.Store(&faulty)
				continue
			}
			r.current.Store(r.inForce(rules))
			log.Info("access rules reloaded", "rules", len(rules.All()))
		}
	}
}
