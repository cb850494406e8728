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
	"twostep/auth/access"
	"twostep/auth/oidc"
	"twostep/static"
	"twostep/views"
)

// A Config is what the operator configures about the site.
type Config struct {
	Name           string         // shown on every page
	Version        string         // of the program, for administrators
	URL            *url.URL       // public origin; https turns on Secure, the __Host- prefix and HSTS
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is trusted; none by default (RL-05)
	AdminNetworks  []netip.Prefix // where administration pages exist; none for everywhere
	Accent, Logo   static.File    // zero for the product's own
	Links          views.Links    // to the site's own pages
	RequestTimeout time.Duration  // zero for none
	Log            *slog.Logger
	BufferedLog    *slog.Logger // for the lines of successful requests, which may be written later; nil for Log
	Metrics        Metrics
	Apps           *oidc.Provider         // for apps that sign users in here
	Access         func() *access.InForce // rules of forward auth, which may be replaced; nil without
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

// origin is the public origin, as browsers send it.
func (s *site) origin() string { return s.URL.Scheme + "://" + s.URL.Host }

// New returns the handler of the whole site: pages, static files and health
// checks, all with their security headers.
func New(rules *auth.Rules, keys auth.Keyring, config Config) http.Handler {
	s := &site{
		Config: config, rules: rules,
		cookies: newCookieJar(keys, config.URL),
		forms:   newFormTokens(keys),
		origins: http.NewCrossOriginProtection(),
	}
	if err := s.origins.AddTrustedOrigin(s.origin()); err != nil {
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
	for _, row := range machineRoutes {
		row.add(e, s)
	}
	addPreflights(e)
	readable := []string{http.MethodGet, http.MethodHead}
	e.Match(readable, "/healthz", s.healthz)
	e.Match(readable, "/readyz", s.readyz)
	e.Match(readable, "/favicon.ico", s.favicon)
	e.Match(readable, "/robots.txt", s.robots)
	files := echo.WrapHandler(static.Handler(config.Accent, config.Logo))
	e.GET("/static/*", files)
	e.HEAD("/static/*", files)
	return s.withHeaders(e)
}
