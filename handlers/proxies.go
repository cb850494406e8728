package handlers

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/labstack/echo/v4"
)

// addressFrom reads the client's address from the connection, or from
// X-Forwarded-For as far as it was written by proxies the operator named (RL-05).
func addressFrom(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		mask := net.CIDRMask(p.Bits(), p.Addr().BitLen())
		trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: p.Masked().Addr().AsSlice(), Mask: mask}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// A proxyWatch warns an operator who forgot --trusted-proxies: then every
// client seems to come from the proxy, and the limits by network address shut
// out everybody together.
type proxyWatch struct {
	mu   sync.Mutex
	only netip.Addr // that all requests have come from so far
	seen int        // requests; negative once there is nothing more to say
}

// proxyWatchAfter is how many requests from one private address, all of them
// forwarded for somebody, are no chance.
const proxyWatchAfter = 50

func (w *proxyWatch) see(r *http.Request, from string, log *slog.Logger) {
	address, err := netip.ParseAddr(from)
	forwarded := r.Header.Get("X-Forwarded-For") != ""
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.seen < 0 || !forwarded && w.seen == 0: // decided; or nothing is forwarded here
	case err != nil || !address.IsPrivate() && !address.IsLoopback() || w.seen > 0 && address != w.only || !forwarded:
		w.seen = -1
	default:
		w.only = address
		if w.seen++; w.seen >= proxyWatchAfter {
			log.Warn("every client seems to come from one private address, and X-Forwarded-For is not believed: "+
				"if a proxy stands there, name it with --trusted-proxies", "address", from)
			w.seen = -1
		}
	}
}
