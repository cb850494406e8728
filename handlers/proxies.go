package handlers

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/labstack/echo/v4"
)

// ipExtractor returns the client's IP address from the connection, or from the
// part of X-Forwarded-For that trusted proxies have written (RL-05).
func ipExtractor(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		mask := net.CIDRMask(p.Bits(), p.Addr().BitLen())
		options = append(options, echo.TrustIPRange(&net.IPNet{IP: p.Masked().Addr().AsSlice(), Mask: mask}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// A proxyWatch logs one warning if --trusted-proxies is missing. All clients then
// share the proxy's IP address, and so its rate limits.
type proxyWatch struct {
	forwarded atomic.Int32 // requests with X-Forwarded-For so far; -1 once it is known whether to warn
	mu        sync.Mutex
	ip        netip.Addr // that all of them came from
}

// proxyRequestsMin is the number of forwarded requests from one private IP
// address that are taken for a proxy.
const proxyRequestsMin = 50

func (w *proxyWatch) observe(req *http.Request, from string, log *slog.Logger) {
	forwarded := req.Header.Get("X-Forwarded-For") != ""
	if n := w.forwarded.Load(); n < 0 || n == 0 && !forwarded {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	ip, err := netip.ParseAddr(from)
	n := w.forwarded.Load()
	switch {
	case n < 0:
	case !forwarded || err != nil || !ip.IsPrivate() && !ip.IsLoopback() || n > 0 && ip != w.ip:
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
