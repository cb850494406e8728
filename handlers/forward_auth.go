package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"twostep/auth"
	"twostep/auth/access"
	"twostep/views"
)

// Paths of the listener for proxies.
const (
	checkPath      = "/forward-auth"
	checkPathNginx = "/forward-auth/nginx" // for proxies that pass on no status but 401 and 403
)

// loopback are the peers that may always ask (FA-05).
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// A forwardAuth answers proxies that ask whether a request may pass to an app.
type forwardAuth struct {
	*site
	ip func(*http.Request) string
}

// NewForwardAuth returns the handler of the listener for proxies. It serves nothing else,
// and no other handler serves this.
func NewForwardAuth(rules *auth.Rules, config Config) http.Handler {
	s := &site{Config: config, rules: rules}
	s.RequestTimeout = min(s.RequestTimeout, auth.CheckTimeout) // which the proxy waits for; zero remains none
	if s.BufferedLog == nil {
		s.BufferedLog = s.Log
	}
	trusted := slices.Concat(loopback, config.TrustedProxies)
	return &forwardAuth{site: s, ip: ipExtractor(trusted, s.proxies.warnUnreadable(config.Log))}
}

// ServeHTTP implements [http.Handler].
func (f *forwardAuth) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	nginx := req.URL.Path == checkPathNginx
	if !nginx && req.URL.Path != checkPath {
		http.NotFound(w, req)
		return
	}
	ctx, cancel := f.withTimeout(req.Context())
	defer cancel()
	c := &check{forwardAuth: f, ctx: ctx, header: req.Header}
	var a answer
	switch {
	case !f.isProxy(req):
		a = answer{status: http.StatusForbidden, outcome: outcomeForeignPeer}
	case req.Method != http.MethodGet || !c.read():
		a = answer{status: http.StatusForbidden, outcome: outcomeUnreadable}
	default:
		c.client.IP, _ = netip.ParseAddr(f.ip(req))
		a = c.answer()
	}
	f.write(w, a, nginx)
	c.log(a)
	if f.Metrics.ObserveCheck != nil {
		f.Metrics.ObserveCheck(a.outcome)
	}
}

// isProxy reports whether the peer may ask: others could use the answers, or forge the
// headers that decide (FA-05).
func (f *forwardAuth) isProxy(req *http.Request) bool {
	ip, err := parseForwarded(echo.ExtractIPDirect()(req))
	return err == nil && (contains(loopback, ip) || contains(f.TrustedProxies, ip))
}

// A check is one request that a proxy asks about.
type check struct {
	*forwardAuth
	ctx      context.Context
	header   http.Header
	request  access.Request
	client   auth.Client
	cookie   auth.Token // app token or begin value; empty for none
	decision access.Decision
	user     auth.UserID
}

// read reads the headers that decide, and no others (FA-03). It returns false if one of
// them is missing, empty or repeated.
func (c *check) read() bool {
	ok := true
	forwarded := func(name string) string {
		values := c.header["X-Forwarded-"+name]
		if len(values) != 1 || values[0] == "" {
			ok = false
			return ""
		}
		return values[0]
	}
	c.request = access.Request{Method: forwarded("Method"), Scheme: forwarded("Proto"), Host: forwarded("Host"), URI: forwarded("Uri")}
	switch c.request.Scheme { // as Traefik writes it for WebSockets
	case "wss":
		c.request.Scheme = "https"
	case "ws":
		c.request.Scheme = "http"
	}
	for entry := range strings.SplitSeq(forwarded("For"), ",") {
		if _, err := parseForwarded(entry); err != nil {
			ok = false
		}
	}
	return ok && (c.request.Scheme == "https" || c.request.Scheme == "http")
}

// answer decides.
func (c *check) answer() answer {
	rules := c.Access()
	c.decision = rules.Decide(c.request)
	c.cookie = readHostCookie(c.header, c.cookieName())
	path, _, _ := strings.Cut(c.request.URI, "?")
	demand := c.decision.Demand.Level
	own := path == ownPaths || strings.HasPrefix(path, ownPaths+"/")
	if !own {
		rules.Count(c.decision)
	}
	switch {
	case c.decision.Host == "":
		return answer{status: http.StatusForbidden, outcome: outcomeNoRule}
	case demand != access.Public && c.request.Scheme != c.URL.Scheme: // no cookie would be kept
		return answer{status: http.StatusForbidden, outcome: outcomeOtherScheme}
	case own:
		return c.own(path)
	case demand == access.Public:
		return answer{status: http.StatusOK, outcome: outcomePublic}
	case demand == access.Deny:
		return c.denied()
	}
	session, err := c.rules.HostSession(c.ctx, c.decision.Host, c.cookie)
	if errors.Is(err, auth.ErrNotFound) {
		return c.signIn(c.request.Method, c.target(), c.origin(signInOwn))
	}
	if err != nil {
		return c.fault(err)
	}
	c.user = session.User
	switch {
	case !c.decision.Includes(session.EmailKey, session.Groups):
		return c.denied()
	case c.rules.Task(session.Session, session.Factors) != auth.NoTask || !c.meets(session):
		return c.signIn(c.request.Method, c.target(), c.linkToMeet())
	}
	return answer{status: http.StatusOK, outcome: outcomeAllowed, identity: session}
}

func (c *check) meets(s auth.HostSession) bool {
	now := c.rules.Now()
	demand := demandOf(c.decision.Demand, now)
	return demand.Level <= s.Factors.Level() && s.Satisfies(demand, s.Factors, now)
}

func (c *check) query() url.Values {
	_, query, _ := strings.Cut(c.request.URI, "?")
	values, _ := url.ParseQuery(query)
	return values
}

// signIn sends a browser that opens a page to sign in, or to verify a factor again.
// Anything else gets the URL that a script may show as a link.
func (c *check) signIn(method, target, link string) answer {
	if !isNavigation(c.header, c.request.Method) {
		return answer{status: http.StatusUnauthorized, outcome: outcomeUnauthorized, signIn: link}
	}
	a := answer{status: http.StatusSeeOther, outcome: outcomeSignIn}
	begin := c.cookie
	if begin == "" {
		begin = auth.NewToken()
		a.cookie, a.cookieName = begin, c.cookieName()
	}
	a.location = c.site.origin() + handoverURL(method, c.origin(target), c.origin("/"), begin)
	return a
}

func (c *check) denied() answer {
	return answer{status: http.StatusForbidden, outcome: outcomeDenied, text: views.NoAccessText(c.decision.Host)}
}

func (c *check) fault(err error) answer {
	c.Log.Error("fault", "path", checkPath, "error", err)
	return answer{status: http.StatusServiceUnavailable, outcome: outcomeFault}
}

// origin returns a URL of the app.
func (c *check) origin(uri string) string { return c.URL.Scheme + "://" + c.decision.Host + uri }

// target is the path and query of the request. A URI that is no path could continue the
// host.
func (c *check) target() string {
	if strings.HasPrefix(c.request.URI, "/") {
		return escapeURI(c.request.URI)
	}
	return "/"
}
