package handlers

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/labstack/echo/v4"
)

// ipExtractor returns the client's IP address from the connection, or from the
// part of X-Forwarded-For that trusted proxies have written (RL-05). It calls
// unreadable if a trusted proxy has written an entry that is no IP address; the
// client then has the address of that proxy.
func ipExtractor(trusted []netip.Prefix, unreadable func()) echo.IPExtractor {
	direct := echo.ExtractIPDirect()
	return func(req *http.Request) string {
		ip, err := parseForwarded(direct(req))
		if err != nil {
			return direct(req)
		}
		forwarded := req.Header.Values(echo.HeaderXForwardedFor)
		entries := strings.Split(strings.Join(forwarded, ","), ",")
		for i := len(entries) - 1; i >= 0 && len(forwarded) > 0 && contains(trusted, ip); i-- {
			next, err := parseForwarded(entries[i])
			if err != nil {
				unreadable()
				break
			}
			ip = next
		}
		return ip.String()
	}
}

// parseForwarded parses an entry of X-Forwarded-For. Some proxies, such as IIS and
// Azure's, add the client's port, brackets or an IPv6 zone.
func parseForwarded(entry string) (netip.Addr, error) {
	entry = strings.TrimSpace(entry)
	if withPort, err := netip.ParseAddrPort(entry); err == nil {
		return withPort.Addr().Unmap().WithZone(""), nil
	}
	if inner, bracketed := strings.CutPrefix(entry, "["); bracketed && strings.HasSuffix(inner, "]") {
		entry = strings.TrimSuffix(inner, "]")
	}
	ip, err := netip.ParseAddr(entry)
	return ip.Unmap().WithZone(""), err
}

func contains(networks []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(ip) })
}

// A proxyWatch logs one warning if --trusted-proxies is missing. All clients then
// share the proxy's IP address, and so its rate limits.
type proxyWatch struct {
	unreadable sync.Once // logs an entry that could not be read

	forwarded atomic.Int32 // requests with X-Forwarded-For so far; -1 once it is known whether to warn
	mu        sync.Mutex
	ip        netip.Addr // that all of them came from
}

// proxyRequestsMin is the number of forwarded requests from one private IP
// address that are taken for a proxy.
const proxyRequestsMin = 50

// warnUnreadable returns a function that logs one warning.
func (w *proxyWatch) warnUnreadable(log *slog.Logger) func() {
	return func() {
		w.unreadable.Do(func() {
			log.Warn("a trusted proxy writes an X-Forwarded-For that is no IP address: its clients share one rate limit")
		})
	}
}

func (w *proxyWatch) observe(req *http.Request, from string, trusted []netip.Prefix, log *slog.Logger) {
	forwarded := req.Header.Get("X-Forwarded-For") != ""
	if n := w.forwarded.Load(); n < 0 || n == 0 && !forwarded {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	ip, _ := netip.ParseAddr(from)
	n := w.forwarded.Load()
	switch {
	case n < 0:
	case contains(trusted, ip): // named already, so what it wrote was unreadable
	case !forwarded || !ip.IsPrivate() && !ip.IsLoopback() || n > 0 && ip != w.ip:
		w.forwarded.Store(-1)
	case n+1 < proxyRequestsMin:
		w.ip = ip
		w.forwarded.Store(n + 1)
	default:
		w.forwarded.Store(-1)
		log.Warn("all clients seem to come from one private IP address, and X-Forwarded-For is ignored: "+
			"if this is a proxy, name it with --trusted-proxies", "ip", from)
	}
}
