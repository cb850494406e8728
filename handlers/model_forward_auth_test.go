package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Apps behind forward auth. The model knows the access rules as modelHosts.

const modelAccessRules = `
wiki.example.org  *  /       one-factor            *
ops.example.net   *  /admin  two-factor within 5m  group:ops
ops.example.net   *  /       two-factor            group:ops ann@example.org
`

// A protectedPage is a page of an app.
type protectedPage struct {
	url        string
	twoFactors bool
	within     time.Duration // zero for any time
	group      string        // who may open it, with the user of email; empty for all users
	email      string
}

var protectedPages = []protectedPage{
	{url: "https://wiki.example.org/page"},
	{url: "https://ops.example.net/admin", twoFactors: true, within: 5 * time.Minute, group: "ops"},
	{url: "https://ops.example.net/page", twoFactors: true, group: "ops", email: emails[0]},
}

var protectedHosts = []string{"wiki.example.org", "ops.example.net"}

func (p protectedPage) host() string {
	u, _ := url.Parse(p.url)
	return u.Host
}

func (p protectedPage) isFor(u *user) bool {
	return p.group == "" || slices.Contains(u.groups, p.group) || p.email != "" && p.email == u.email
}

func (m *model) meets(s *modelSession, p protectedPage) bool {
	return !p.twoFactors || m.hasTwoFactors(s, p.within)
}

// A hostCookie is a value of the cookie of an app's host: the token of a session, or a random
// value with which a browser begins.
type hostCookie struct {
	session  *modelSession // nil for a random value
	host     string        // for which the token is
	issuedAt time.Time
	ended    bool
}

// tokenSession returns the session of a cookie's token for a host, or nil if it is not valid.
func (m *model) tokenSession(cookie *hostCookie, host string) *modelSession {
	if cookie == nil || cookie.session == nil || cookie.host != host || cookie.ended || !m.isOpen(cookie.session) {
		return nil
	}
	return cookie.session
}

// access returns the expected answer to a client's request for a page.
func (m *model) access(c *client, p protectedPage) string {
	s := m.tokenSession(c.cookies[p.host()], p.host())
	switch {
	case s == nil:
		return "sign in first"
	case !p.isFor(s.user):
		return "denied"
	case s.user.mustChange || !m.meets(s, p):
		return "verify first"
	}
	return "allowed"
}

// checkApps: a browser gets what its cookie, the rules and its session allow, and the app
// gets to know the right user and groups.
func (m *model) checkApps(c *client) {
	m.t.Helper()
	for _, p := range protectedPages {
		r, want := c.check(http.MethodGet, p.url, notNavigating), m.access(c, p)
		got := map[int]string{http.StatusOK: "allowed", http.StatusForbidden: "denied"}[r.StatusCode]
		switch r.Header.Get("Twostep-Sign-In") {
		case p.url:
			got = "verify first"
		case "https://" + p.host() + "/.twostep/sign-in":
			got = "sign in first"
		}
		if got != want {
			m.t.Fatalf("%s at %s: %d, %q, want %q", c.remoteAddr, p.url, r.StatusCode, got, want)
		}
		s := m.tokenSession(c.cookies[p.host()], p.host())
		if s != nil {
			s.lastSeen = m.site.clock()
		}
		if want != "allowed" {
			continue
		}
		u := s.user
		got = strings.Join([]string{r.Header.Get("Remote-User"), r.Header.Get("Remote-Id"), r.Header.Get("Remote-Groups")}, " ")
		if want := strings.Join([]string{u.email, string(u.id), strings.Join(u.groups, ",")}, " "); got != want {
			m.t.Fatalf("%s at %s is %s, want %s", c.remoteAddr, p.url, got, want)
		}
	}
}

// copyCookie gives a client the cookie that another one has for a host, also for another
// host. Without one it loses its own.
func (m *model) copyCookie(to, from *client, at, host string) {
	name, source, target := "__Host-twostep-app", &url.URL{Scheme: "https", Host: host, Path: "/"}, &url.URL{Scheme: "https", Host: at, Path: "/"}
	copied := &http.Cookie{Name: name, Path: "/", Secure: true, MaxAge: -1}
	for _, cookie := range from.jar.Cookies(source) {
		copied.Value, copied.MaxAge = cookie.Value, 0
	}
	to.jar.SetCookies(target, []*http.Cookie{copied})
	to.cookies[at] = from.cookies[host]
}

func (m *model) disconnectHost(c *client, host string) {
	want, s := m.guard(c, "fresh"), m.session(c)
	if want == "" {
		want = map[bool]string{true: "done", false: "not found"}[s.user.hosts[host]]
	}
	if m.post(c, "/account/apps", actionForm("disconnect_host:"+host), want) {
		delete(s.user.hosts, host)
		for _, cookie := range m.cookies {
			cookie.ended = cookie.ended || cookie.session.user == s.user && cookie.host == host
		}
	}
}
