package handlers_test

import (
	"cmp"
	"net/http"
	"strings"
	"time"
)

// A modelHandover is a code that leads a browser to an app.
type modelHandover struct {
	page     protectedPage
	session  *modelSession
	began    *hostCookie // the cookie of the browser that began
	callback string
	expires  time.Time
	used     bool
}

// beginHandover opens a page of an app, which may lead to the site. It returns the handover,
// or nil if the user has to do something else first.
func (m *model) beginHandover(c *client, p protectedPage) *modelHandover {
	want, host := m.access(c, p), p.host()
	r := c.check(http.MethodGet, p.url)
	if status := cmp.Or(map[string]int{"allowed": http.StatusOK, "denied": http.StatusForbidden}[want], http.StatusSeeOther); r.StatusCode != status {
		m.t.Fatalf("%s: %d, want %d (%s)", p.url, r.StatusCode, status, want)
	}
	if r.StatusCode != http.StatusSeeOther {
		return nil
	}
	if c.cookies[host] == nil {
		c.cookies[host] = &hostCookie{}
	}
	path := strings.TrimPrefix(r.Header.Get("Location"), m.site.origin)
	shown, s := c.fetchRaw(http.MethodGet, path, nil), m.session(c)
	switch {
	case s == nil:
		want = "sign in first"
	case s.user.mustChange:
		want = "password first"
	case !p.isFor(s.user):
		want = "forbidden"
	case p.twoFactors && !s.user.hasMFA():
		want = "set up first"
	case !m.meets(s, p):
		want = "verify first"
	default:
		want = "status 200"
	}
	got := outcome(shown)
	m.t.Logf("%s opens %s: %s (%s)", c.remoteAddr, p.url, got, want)
	if got != want && got != "limited" {
		m.t.Fatalf("%s for %s: %s, want %s", path, p.url, got, want)
	}
	switch got {
	case "verify first":
		m.demandReauth(c, shown)
	case "status 200":
		callback := strings.TrimPrefix(shown.header.Get("Refresh"), "0; url=")
		m.handovers = append(m.handovers, &modelHandover{page: p, session: s, began: c.cookies[host], callback: callback, expires: m.site.clock().Add(time.Minute)})
		return m.handovers[len(m.handovers)-1]
	}
	return nil
}

// completeHandover uses a code at a host. It works once, at its host, in the browser that
// began or has a token of the same session.
func (m *model) completeHandover(c *client, h *modelHandover, host string) {
	own, now := c.cookies[host], m.site.clock()
	found := !h.used && now.Before(h.expires) && !h.session.ended
	known := m.tokenSession(own, h.page.host()) == h.session
	valid := found && host == h.page.host() && (known || own != nil && own == h.began)
	h.used = h.used || found
	r := c.check(http.MethodGet, strings.Replace(h.callback, h.page.host(), host, 1))
	want, got := "https://"+host+"/", r.Header.Get("Location")
	switch {
	case valid:
		want = h.page.url
	case own == nil:
		want = ""
	}
	m.t.Logf("%s uses a code for %s at %s: %q (%q)", c.remoteAddr, h.page.url, host, got, want)
	if replaced := len(r.Cookies()) > 0; got != want || replaced != (valid && !known) {
		m.t.Fatalf("%d %q, cookie %t, want %q", r.StatusCode, got, replaced, want)
	}
	if !valid || known {
		return
	}
	for _, earlier := range m.cookies {
		earlier.ended = earlier.ended || earlier.session == h.session && earlier.host == host && now.Sub(earlier.issuedAt) > time.Minute
	}
	c.cookies[host] = &hostCookie{session: h.session, host: host, issuedAt: now}
	m.cookies = append(m.cookies, c.cookies[host])
	h.session.user.hosts[host] = true
}

// openApp opens a page of an app and follows all redirects.
func (m *model) openApp(c *client, p protectedPage) {
	if h := m.beginHandover(c, p); h != nil {
		m.completeHandover(c, h, p.host())
	}
}
