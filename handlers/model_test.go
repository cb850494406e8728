package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twostep/auth"
)

// A model is a run: what is believed of everybody, beside the whole program.
type model struct {
	t            *rapid.T
	site         *testSite
	users        []*user
	clients      []*client
	sessions     []*modelSession
	sentCodes    []string // all that anybody ever was sent or shown, right or not by now
	totpKeys     []string // of apps, likewise
	lastAccepted *acceptedPost
	response     *browser      // to the last post
	sender       *browser      // who sent it, with the cookie of then
	sessionIdle  time.Duration // that ends a session
}

// A used is an answer that was taken, with the cookie it was sent with.
type acceptedPost struct {
	sender *browser
	path   string
	form   url.Values
}

// TestModel: two or three people with some browsers do what the site offers, in
// any order, right and wrong, with old forms, each other's codes and phones, and
// an operator and a clock between them. After each step the program and a
// simple model agree on what was let through, on who is signed in, and on what
// each account is (FF-01, FF-02, TO-05, BC-02, RV-02, RV-05, RV-06).
//
// It finds more the longer it runs: make model.
func TestModel(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		run, err := os.MkdirTemp(folder, "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(run) })
		m := &model{t: t, sessionIdle: rapid.SampledFrom([]time.Duration{time.Hour, 5 * time.Minute}).Draw(t, "idle")}
		m.site = newSiteIn(t, run, func(p *auth.Policy) { p.SessionIdle = m.sessionIdle })
		for i := range rapid.IntRange(2, 3).Draw(t, "people") {
			for range rapid.IntRange(1, 3).Draw(t, "browsers") {
				m.clients = append(m.clients, &client{browser: m.site.browser()})
			}
			c := m.clients[len(m.clients)-1]
			m.check()
			m.createUser(c, emails[i])
		}
		acts := map[string]func(*rapid.T){"": func(*rapid.T) { m.check() }}
		for name, act := range modelActions {
			acts[name] = func(*rapid.T) { act(m) }
		}
		t.Repeat(acts)
	})
}

// check compares the program with the model: who is signed in, as whom, and
// what every account is.
func (m *model) check() {
	m.t.Helper()
	m.site.wait(time.Second) // no two steps are at the same time
	for i, c := range m.clients {
		page := c.fetchRaw(http.MethodGet, "/account", nil)
		s := m.session(c)
		switch {
		case s == nil && (page.status != http.StatusSeeOther || !strings.HasPrefix(page.header.Get("Location"), "/sign-in?next=")):
			m.t.Fatalf("browser %d: %d %s for nobody", i, page.status, page.header.Get("Location"))
		case s == nil:
		case s.user.mustChange && page.header.Get("Location") == "/account/password":
		case s.user.mustChange || page.status != http.StatusOK || !strings.Contains(page.body, s.user.email):
			m.t.Fatalf("browser %d: %d %s for %s", i, page.status, page.header.Get("Location"), s.user.email)
		}
		m.refreshToken(c)
		if c.previous != nil {
			if page := c.previous.fetchRaw(http.MethodGet, "/account", nil); page.status == http.StatusOK {
				m.t.Fatalf("browser %d: a cookie of before still opens the account", i)
			}
		}
	}
	for _, email := range emails {
		believed := userState{}
		if u := m.user(email); u != nil {
			believed = u.expectedState()
		}
		if got, want := fmt.Sprintf("%+v", m.actualState(email)), fmt.Sprintf("%+v", believed); got != want {
			m.t.Fatalf("the program has %s, the model %s", got, want)
		}
	}
}

var formTokenPattern = regexp.MustCompile(`name="token" value="([^"]+)"`)

// renew reads the token of a client's forms anew where its cookie has changed.
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
	phones                     []string
	backupCodes                int
}

// program is an account as the program has it; empty where there is none.
func (m *model) actualState(email string) (v userState) {
	ctx := context.Background()
	a, err := m.site.rules.Account(ctx, email)
	if err != nil {
		return v
	}
	f, err := m.site.rules.Factors(ctx, a.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	v = userState{email: a.Email.Typed, disabled: a.Disabled, mustChange: a.MustChange, totp: f.TOTP != nil, backupCodes: f.BackupCodes}
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
	slices.Sort(v.phones)
	return v
}

// view is the account as the model has it, in the words of [model.program].
func (u *user) expectedState() userState {
	v := userState{email: u.email, disabled: u.disabled, mustChange: u.mustChange, totp: u.totpKey != "", backupCodes: len(u.backupCodes)}
	for i, phone := range u.reservedPhones() {
		v.phones = append(v.phones, phone.number+map[bool]string{true: " default", false: " reserved"}[i == 0])
	}
	for _, phone := range u.phones {
		if phone.reservedAt.IsZero() {
			v.phones = append(v.phones, phone.number)
		}
	}
	slices.Sort(v.phones)
	return v
}

// post sends a form of a client and compares what came of it with what must:
// done, refused, not found, forged, or first to sign in, verify or change the
// password. It answers whether it was done: a limit may always come between.
func (m *model) post(c *client, path string, form url.Values, want string) (done bool) {
	m.t.Helper()
	m.refreshToken(c)
	if form.Get("token") == "" {
		form.Set("token", c.token)
	}
	if form.Get("token") != c.token {
		want = "forged"
	}
	was := c.current()
	answer := c.fetchRaw(http.MethodPost, path, form)
	got := outcome(answer)
	m.response, m.sender = answer, was
	shown := maskToken(form)
	m.t.Logf("%s %s %s: %s (%s)", c.remoteAddr, path, shown, got, want)
	if got == "later" && want != "forged" {
		return false
	}
	if got != want {
		m.t.Fatalf("%s %s: %s (%d), but it must be %s:\n%s", path, shown, got, answer.status, want, answer.body)
	}
	if done = got == "done"; done && form.Get("code") != "" {
		m.lastAccepted = &acceptedPost{was, path, form}
	}
	return done
}

func maskToken(form url.Values) url.Values {
	shown := url.Values{}
	for name, value := range form {
		if name != "token" {
			shown[name] = value
		}
	}
	return shown
}

// snapshot is a browser with the same cookies and the same address.
func (c *client) current() *browser {
	old := c.clone()
	old.remoteAddr = c.remoteAddr
	return old
}

// outcome names an answer to a post.
func outcome(answer *browser) string {
	to := answer.header.Get("Location")
	switch answer.status {
	case http.StatusForbidden:
		return "forged"
	case http.StatusNotFound:
		return "not found"
	case http.StatusUnprocessableEntity:
		return "refused"
	case http.StatusTooManyRequests:
		return "later"
	case http.StatusSeeOther:
	default:
		return fmt.Sprint("answered ", answer.status)
	}
	switch {
	case strings.HasPrefix(to, "/sign-in?next="):
		return "sign in first"
	case strings.HasPrefix(to, "/account/verify?next="):
		return "verify first"
	case to == "/account/password":
		return "password first"
	}
	return "done"
}
