package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/db"
)

// A model is the expected state of one run, next to the site under test.
type model struct {
	t            *rapid.T
	site         *testSite
	users        []*user
	clients      []*client
	sessions     []*modelSession
	sentCodes    []string        // all codes sent or shown, valid or not
	totpKeys     []string        // all TOTP keys, valid or not
	passkeys     []*modelPasskey // all of them, removed or not
	lastAccepted *acceptedPost
	response     *browser // to the last post
	sender       *browser // of the last post, with its cookies at that time
	sessionIdle  time.Duration
	app          *testApp
	grants       []*modelGrant
	cookies      []*hostCookie // all tokens of forward auth, valid or not
	handovers    []*modelHandover
	store        *pausingStore
}

// An acceptedPost is a form that was accepted, with the cookies it was sent with.
type acceptedPost struct {
	sender *browser
	path   string
	form   url.Values
	to     string // where it led
	at     time.Time
}

// TestModel is a state machine test: two or three users with some browsers take random
// actions, valid and invalid, also with stale forms and each other's codes and phones, while
// an operator acts and time passes. After each action the site and a simple model must agree
// on its outcome, on who is signed in, and on the state of each account (FF-01, FF-02, TO-05,
// BC-02, RV-02, RV-05, RV-06). Tokens of an app end with their session and grant (OI-10,
// OI-21, OI-24, OI-26), those of forward auth with their session (FA-12, FA-13, FA-14), and
// administrators do what their role allows while they have it (OP-03, OP-05, OP-07).
//
// More runs find more: make model.
func TestModel(t *testing.T) {
	t.Parallel()
	for kind, sites := range map[string]func(*testing.T) func(*rapid.T) *testSite{"sqlite": sqliteSites, "postgres": postgresSites} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			emptySite := sites(t)
			rapid.Check(t, func(t *rapid.T) { runModel(t, emptySite(t)) })
		})
	}
}

// runModel is one run with a site that is not started and has no users.
func runModel(t *rapid.T, site *testSite) {
	m := &model{t: t, site: site, sessionIdle: rapid.SampledFrom([]time.Duration{time.Hour, 5 * time.Minute}).Draw(t, "idle")}
	site.wrap = func(real *db.Store) auth.Store { m.store = &pausingStore{Store: real}; return m.store }
	site.accessRules = modelAccessRules
	site.restart(withPasskeys, func(p *auth.Policy) { p.SessionIdle = m.sessionIdle })
	m.app = site.addApp(func(a *oidc.App) { a.Kind = oidc.SPA })
	for i := range rapid.IntRange(2, 3).Draw(t, "users") {
		for range rapid.IntRange(1, 3).Draw(t, "browsers") {
			m.clients = append(m.clients, &client{browser: m.site.browser(), cookies: map[string]*hostCookie{}})
		}
		c := m.clients[len(m.clients)-1]
		m.check()
		m.createUser(c, emails[i])
	}
	actions := map[string]func(*rapid.T){"": func(*rapid.T) { m.check() }}
	for name, action := range modelActions {
		actions[name] = func(*rapid.T) { action(m) }
	}
	t.Repeat(actions)
}

// check is the invariant: the site and the model agree on who is signed in and on the state
// of every account, and replaced cookies are invalid.
func (m *model) check() {
	m.t.Helper()
	m.site.wait(time.Second) // no two actions have the same time
	for i, c := range m.clients {
		page := c.fetchRaw(http.MethodGet, "/account", nil)
		s := m.session(c)
		switch {
		case s == nil && (page.status != http.StatusSeeOther || !strings.HasPrefix(page.header.Get("Location"), "/sign-in?next=")):
			m.t.Fatalf("browser %d: %d %s when signed out", i, page.status, page.header.Get("Location"))
		case s == nil:
		case s.user.mustChange && page.header.Get("Location") == "/account/password":
		case s.user.mustChange || page.status != http.StatusOK || !strings.Contains(page.body, s.user.email):
			m.t.Fatalf("browser %d: %d %s for %s", i, page.status, page.header.Get("Location"), s.user.email)
		}
		m.refreshToken(c)
		m.checkApps(c)
		if c.previous != nil {
			if page := c.previous.fetchRaw(http.MethodGet, "/account", nil); page.status == http.StatusOK {
				m.t.Fatalf("browser %d: a replaced cookie is still valid", i)
			}
		}
	}
	for _, email := range emails {
		expected := userState{}
		if u := m.user(email); u != nil {
			expected = m.expectedState(u)
		}
		if got, want := fmt.Sprintf("%+v", m.actualState(email)), fmt.Sprintf("%+v", expected); got != want {
			m.t.Fatalf("account %s, want %s", got, want)
		}
	}
	m.checkGrants()
}

var formTokenPattern = regexp.MustCompile(`name="token" value="([^"]+)"`)

// refreshToken reads a new form token if the client's cookie has changed.
func (m *model) refreshToken(c *client) {
	for path := "/account"; c.tokenCookie != c.cookie() || c.token == ""; {
		page := c.fetchRaw(http.MethodGet, path, nil)
		path = page.header.Get("Location")
		if found := formTokenPattern.FindStringSubmatch(page.body); found != nil {
			c.token, c.tokenCookie = found[1], c.cookie()
		}
	}
	if s := m.session(c); s != nil {
		s.lastSeen = m.site.clock()
	}
}

type userState struct {
	email                      string
	disabled, mustChange, totp bool
	phones, passkeys, groups   []string
	backupCodes, sessions      int
	role                       auth.Role
}

// actualState returns an account's state on the site; the zero value if there is none.
func (m *model) actualState(email string) (v userState) {
	ctx := context.Background()
	id, err := m.site.rules.AccountID(ctx, email)
	if err != nil {
		return v
	}
	a, err := m.store.FindAccount(ctx, id)
	f, err2 := m.site.rules.Factors(ctx, id)
	sessions, err3 := m.store.FindSessions(ctx, id)
	if err := errors.Join(err, err2, err3); err != nil {
		m.t.Fatal(err)
	}
	v = userState{
		email: a.Email.Typed, disabled: a.Disabled, mustChange: a.MustChange, totp: f.TOTP != nil, backupCodes: f.BackupCodes,
		role: a.Role, groups: a.Groups, sessions: len(sessions),
	}
	for _, phone := range f.Phones {
		number := phone.Number
		switch {
		case phone.Default:
			number += " default"
		case phone.Reserved():
			number += " reserved"
		}
		v.phones = append(v.phones, number)
	}
	for _, p := range f.Passkeys {
		v.passkeys = append(v.passkeys, string(p.ID))
	}
	slices.Sort(v.phones)
	slices.Sort(v.passkeys)
	return v
}

// expectedState returns an account's state in the model.
func (m *model) expectedState(u *user) userState {
	v := userState{
		email: u.email, disabled: u.disabled, mustChange: u.mustChange, totp: u.totpKey != "", backupCodes: len(u.backupCodes),
		role: u.role, groups: u.groups,
	}
	for _, s := range m.sessions {
		if s.user == u && !s.ended { // those that have expired are removed later
			v.sessions++
		}
	}
	for i, phone := range u.reservedPhones() {
		v.phones = append(v.phones, phone.number+map[bool]string{true: " default", false: " reserved"}[i == 0])
	}
	for _, phone := range u.phones {
		if phone.reservedAt.IsZero() {
			v.phones = append(v.phones, phone.number)
		}
	}
	for _, p := range u.passkeys {
		v.passkeys = append(v.passkeys, p.id)
	}
	slices.Sort(v.phones)
	slices.Sort(v.passkeys)
	return v
}

// post posts a form and compares its outcome with want. It reports whether the outcome is
// "done". A rate limit is always permitted.
func (m *model) post(c *client, path string, form url.Values, want string) (done bool) {
	m.t.Helper()
	return m.postWhile(c, path, form, func() string { return want })
}

// postWhile is post with an outcome that depends on what happens while the form is processed.
func (m *model) postWhile(c *client, path string, form url.Values, wanted func() string) (done bool) {
	m.t.Helper()
	path = m.urlOf(c, path)
	m.refreshToken(c)
	if form.Get("token") == "" {
		form.Set("token", c.token)
	}
	sender := c.clone()
	response := c.fetchRaw(http.MethodPost, path, form)
	got, want := outcome(response), wanted()
	if got == "verify first" && strings.HasPrefix(path, reauthPath) {
		got = "done" // it leads to the page itself
	}
	if form.Get("token") != c.token {
		want = "not carried out"
	}
	m.response, m.sender = response, sender
	shown := maskToken(form)
	m.t.Logf("%s %s %s: %s (%s)", c.remoteAddr, path, shown, got, want)
	if got == "limited" || want == "not carried out" { // the invariant is that nothing changes
		return false
	}
	if got != want {
		m.t.Fatalf("%s %s: %s (%d), want %s:\n%s", path, shown, got, response.status, want, response.body)
	}
	if done = got == "done"; done && (form.Get("code") != "" || strings.HasPrefix(form.Get("action"), "passkey")) {
		m.lastAccepted = &acceptedPost{sender, path, form, response.header.Get("Location"), m.site.clock()}
	}
	return done
}

func maskToken(form url.Values) url.Values {
	shown := maps.Clone(form)
	shown.Del("token")
	if credential := shown.Get("credential"); credential != "" {
		shown.Set("credential", "of a passkey")
	}
	return shown
}

// outcome classifies a response.
func outcome(response *browser) string {
	to := response.header.Get("Location")
	switch response.status {
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusNotFound:
		return "not found"
	case http.StatusUnprocessableEntity:
		return "refused"
	case http.StatusTooManyRequests:
		return "limited"
	case http.StatusSeeOther:
	default:
		return fmt.Sprint("status ", response.status)
	}
	switch {
	case strings.HasPrefix(to, "/sign-in?next="):
		return "sign in first"
	case strings.HasPrefix(to, reauthPath+"?next="):
		return "verify first"
	case to == "/account/setup-mfa":
		return "set up first"
	case to == "/account/password":
		return "password first"
	}
	return "done"
}
