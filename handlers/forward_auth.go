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

// Paths of the listener for proxies, and those that it answers itself for every app.
const (
	checkPath      = "/forward-auth"
	checkPathNginx = "/forward-auth/nginx" // for proxies that pass on no status but 401 and 403

	ownPaths     = "/.twostep"
	callbackPath = ownPaths + "/callback"
	signInOwn    = ownPaths + "/sign-in"
	signOutOwn   = ownPaths + "/sign-out"
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
	ctx, cancel := context.WithTimeout(req.Context(), auth.CheckTimeout)
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

// own answers the paths that exist on every app's host, so that they never reach the app.
func (c *check) own(path string) answer {
	switch path {
	case callbackPath:
		return c.callback()
	case signInOwn:
		return c.ownSignIn()
	case signOutOwn: // where the user presses the button: a GET changes nothing (CS-01)
		return answer{status: http.StatusSeeOther, outcome: outcomeSignOut, location: c.site.origin() + accountPath}
	}
	return answer{status: http.StatusForbidden, outcome: outcomeNoRule}
}

// callback completes a handover. Only the code decides where to go (FA-11).
func (c *check) callback() answer {
	if c.request.Method != http.MethodGet { // a HEAD would use up the code
		return answer{status: http.StatusForbidden, outcome: outcomeHandoverFailed}
	}
	ctx := c.withObserver(c.ctx, &requestLog{ip: c.client.IP.String()})
	token, target, err := c.rules.CompleteHandover(ctx, c.client, c.decision.Host, auth.Token(c.query().Get("code")), c.cookie)
	switch {
	case errors.Is(err, auth.ErrNotFound) && c.cookie == "": // otherwise a browser without cookies would go round in circles
		return answer{status: http.StatusForbidden, outcome: outcomeHandoverFailed, text: views.NoCookieText}
	case errors.Is(err, auth.ErrNotFound):
		return answer{status: http.StatusSeeOther, outcome: outcomeHandoverFailed, location: c.origin("/")}
	case err != nil:
		return c.fault(err)
	}
	return answer{status: http.StatusSeeOther, outcome: outcomeHandedOver, location: c.origin(target), cookie: token, cookieName: c.cookieName()}
}

// ownSignIn leads to what another method than GET demands, see [check.linkToMeet], and
// then, as always, to a page of the app.
func (c *check) ownSignIn() answer {
	method, target := c.query().Get("method"), c.query().Get("target")
	if method == "" || returnsTo(method, target) == target || !strings.HasPrefix(target, "/") {
		method, target = http.MethodGet, "/"
	}
	return c.signIn(method, target, c.origin(signInOwn))
}

// linkToMeet returns the URL that leads a user to what the request demands, for a script
// that shows a link.
func (c *check) linkToMeet() string {
	target := c.target()
	if returnsTo(c.request.Method, target) == target {
		return c.origin(target)
	}
	return c.origin(signInOwn) + "?method=" + url.QueryEscape(c.request.Method) + "&target=" + url.QueryEscape(target)
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
