// Package handlers is the web layer: routes, guards, forms, cookies and
// redirects. It contains no rules, no SQL and no sentences: rules are in auth,
// sentences in views.
package handlers

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"twostep/auth"
	"twostep/static"
)

// A Config is what the operator configures about the site.
type Config struct {
	Name           string         // shown on every page
	URL            *url.URL       // public origin; https turns on Secure, the __Host- prefix and HSTS
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is trusted; none by default (RL-05)
	Accent, Logo   static.File    // zero for the product's own
	RequestTimeout time.Duration  // zero for none
	Log            *slog.Logger
	BufferedLog    *slog.Logger // for the lines of successful requests, which may be written later; nil for Log
	Metrics        Metrics
}

// site serves the pages.
type site struct {
	Config
	rules   *auth.Rules
	cookies cookieJar
	forms   formTokens
	origins *http.CrossOriginProtection
	proxies proxyWatch
}

// New returns the handler of the whole site: pages, static files and health
// checks, all with their security headers.
func New(rules *auth.Rules, keys auth.Keyring, config Config) http.Handler {
	s := &site{
		Config: config, rules: rules,
		cookies: newCookieJar(keys, config.URL.Scheme == "https"),
		forms:   newFormTokens(keys),
		origins: http.NewCrossOriginProtection(),
	}
	if err := s.origins.AddTrustedOrigin(config.URL.Scheme + "://" + config.URL.Host); err != nil {
		panic(err) // cmd has validated the URL
	}
	if s.BufferedLog == nil {
		s.BufferedLog = s.Log
	}
	e := echo.New()
	e.IPExtractor = ipExtractor(config.TrustedProxies, s.proxies.warnUnreadable(config.Log))
	e.HTTPErrorHandler = s.serveError
	e.Use(s.logRequests, middleware.RecoverWithConfig(middleware.RecoverConfig{
		DisableStackAll: true, LogErrorFunc: s.logPanic,
	}))
	for _, row := range routes {
		row.add(e, s)
	}
	e.GET("/healthz", s.healthz)
	e.GET("/readyz", s.readyz)
	files := echo.WrapHandler(static.Handler(config.Accent, config.Logo))
	e.GET("/static/*", files)
	e.HEAD("/static/*", files)
	return s.withHeaders(e)
}
