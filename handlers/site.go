// Package handlers is the web: which address leads to which page, who may see
// it, how forms and the cookie are read. It holds no rule, no SQL and no
// sentence: rules are in auth, words in views.
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

// A Site is what the operator has decided about the outside.
type Site struct {
	Name           string         // shown on every page
	URL            *url.URL       // the public origin; https switches on Secure, __Host- names and HSTS
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed; nobody's by default (RL-05)
	Accent, Logo   static.File    // the operator's own; zero for those of the product
	RequestTimeout time.Duration  // how long a page may wait for the database; zero for as long as that takes
	Log            *slog.Logger
	Later          *slog.Logger // takes the lines that may wait a moment; nil for Log
	Metrics        Metrics
}

// site serves the pages.
type site struct {
	Site
	rules   *auth.Rules
	cookies cookieJar
	forms   formTokens
	origins *http.CrossOriginProtection
	proxies proxyWatch
}

// New returns the whole site: every page, the static files and the health
// checks, with the headers that each response carries.
func New(rules *auth.Rules, keys auth.Keyring, outside Site) http.Handler {
	s := &site{
		Site: outside, rules: rules,
		cookies: newCookieJar(keys, outside.URL.Scheme == "https"),
		forms:   newFormTokens(keys),
		origins: http.NewCrossOriginProtection(),
	}
	if err := s.origins.AddTrustedOrigin(outside.URL.Scheme + "://" + outside.URL.Host); err != nil {
		panic(err) // cmd has checked the URL
	}
	if s.Later == nil {
		s.Later = s.Log
	}
	e := echo.New()
	e.IPExtractor = addressFrom(outside.TrustedProxies)
	e.HTTPErrorHandler = s.trouble
	e.Use(s.logged, middleware.RecoverWithConfig(middleware.RecoverConfig{
		DisableStackAll: true, LogErrorFunc: s.logPanic,
	}))
	for _, row := range routes {
		row.add(e, s)
	}
	e.GET("/healthz", s.healthz)
	e.GET("/readyz", s.readyz)
	files := echo.WrapHandler(static.Handler(outside.Accent, outside.Logo))
	e.GET("/static/*", files)
	e.HEAD("/static/*", files)
	return s.withHeaders(e)
}
