package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// A modelGrant is what a user has granted to the app with one code. It ends with its
// session: the app does not ask for offline access.
type modelGrant struct {
	session      *modelSession
	code         string
	issuedAt     time.Time // of the code
	exchanged    bool
	access       string // the last access token; empty before the exchange
	accessAt     time.Time
	refresh      string // the next refresh token
	spentRefresh string // the one before; empty if there is none
	spentAt      time.Time
	ended        bool
}

func (m *model) live(g *modelGrant) bool {
	return !g.ended && m.isOpen(g.session)
}

func (m *model) grant() *modelGrant {
	if len(m.grants) == 0 {
		return nil
	}
	return draw(m, "grant", m.grants...)
}

// lastGrant returns the newest grant if its code was not used.
func (m *model) lastGrant() *modelGrant {
	if n := len(m.grants); n > 0 && !m.grants[n-1].exchanged {
		return m.grants[n-1]
	}
	return nil
}

// checkGrants: an access token works for five minutes, and no longer than its session and
// grant (OI-21, OI-26).
func (m *model) checkGrants() {
	m.t.Helper()
	for i, g := range m.grants {
		want := m.live(g) && g.access != "" && m.site.clock().Sub(g.accessAt) < auth.AppTokenLifetime
		if got := g.access != "" && m.app.userInfo(g.access) != nil; got != want {
			m.t.Fatalf("access token of grant %d of %s works: %v, want %v", i, g.session.user.email, got, want)
		}
	}
}

// connectApp signs the user in to the app, or cancels on the page that asks.
func (m *model) connectApp(c *client, button string) {
	started := c.fetchRaw(http.MethodGet, oidc.AuthorizePath+"?"+m.app.params().Encode(), nil)
	if started.status == http.StatusTooManyRequests {
		return
	}
	path := started.header.Get("Location")
	if started.status != http.StatusSeeOther || !strings.HasPrefix(path, "/account/continue/") {
		m.t.Fatalf("authorize: %d, %s", started.status, path)
	}
	want := m.guard(c, "signed in")
	if want == "" {
		want = "status 200"
	}
	page := c.fetchRaw(http.MethodGet, path, nil)
	if got := outcome(page); got != want {
		m.t.Fatalf("%s of the app: %s, want %s", c.remoteAddr, got, want)
	}
	if want != "status 200" {
		return
	}
	m.post(c, path, actionForm(button), "status 200")
	if m.response.status != http.StatusOK {
		return // limited
	}
	back, err := url.Parse(strings.TrimPrefix(m.response.header.Get("Refresh"), "0; url="))
	if err != nil || back.Host != "wiki.example" || back.Query().Has("code") != (button == "continue") {
		m.t.Fatalf("%s leads to %v, %v", button, back, err)
	}
	if code := back.Query().Get("code"); code != "" {
		m.session(c).user.connected = true
		m.grants = append(m.grants, &modelGrant{session: c.session, code: code, issuedAt: m.site.clock()})
	}
}

// exchangeCode exchanges a code, also one that was used before, which ends its grant (OI-10).
func (m *model) exchangeCode(g *modelGrant) {
	if g == nil {
		return
	}
	live, again := m.live(g), g.exchanged
	m.keepTokens(g, m.app.exchange(g.code), live && !again && m.site.clock().Sub(g.issuedAt) < auth.AppCodeLifetime)
	g.ended = g.ended || live && again
}

// refreshTokens uses the next refresh token, or an earlier one after the time in which a
// lost response is repeated, which ends the grant (OI-24).
func (m *model) refreshTokens(g *modelGrant, again bool) {
	switch {
	case g == nil || g.refresh == "":
	case !again:
		spent, live := g.refresh, m.live(g)
		if m.keepTokens(g, m.app.refresh(spent), live); live {
			g.spentRefresh, g.spentAt = spent, m.site.clock()
		}
	case g.spentRefresh != "" && m.site.clock().Sub(g.spentAt) > auth.RefreshGrace:
		m.keepTokens(g, m.app.refresh(g.spentRefresh), false)
		g.ended = g.ended || m.live(g)
	}
}

// keepTokens compares the response of the token endpoint, and keeps its tokens.
func (m *model) keepTokens(g *modelGrant, r tokenResponse, want bool) {
	m.t.Helper()
	if got := r.status == http.StatusOK; got != want || !got && r.Error != oidc.InvalidGrant {
		m.t.Fatalf("tokens: %d %s %s, want %v", r.status, r.Error, r.Description, want)
	}
	if want {
		g.exchanged, g.access, g.accessAt, g.refresh = true, r.AccessToken, m.site.clock(), r.RefreshToken
	}
}

func (m *model) disconnectApp(c *client) {
	want, s := m.guard(c, "fresh"), m.session(c)
	if want == "" {
		want = map[bool]string{true: "done", false: "not found"}[s.user.connected]
	}
	if m.post(c, "/account/apps", actionForm("disconnect:"+m.app.id), want) {
		s.user.connected = false
		for _, g := range m.grants {
			g.ended = g.ended || g.session.user == s.user
		}
	}
}
