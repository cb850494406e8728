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
	t        *rapid.T
	w        *world
	people   []*person
	clients  []*client
	sessions []*modelSession
	codes    []string // all that anybody ever was sent or shown, right or not by now
	keys     []string // of apps, likewise
	used     *used
	answer   *browser      // to the last post
	was      *browser      // who sent it, with the cookie of then
	idle     time.Duration // that ends a session
}

// A used is an answer that was taken, with the cookie it was sent with.
type used struct {
	by   *browser
	path string
	form url.Values
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
		m := &model{t: t, idle: rapid.SampledFrom([]time.Duration{time.Hour, 5 * time.Minute}).Draw(t, "idle")}
		m.w = newWorldIn(t, run, func(p *auth.Policy) { p.SessionIdle = m.idle })
		for i := range rapid.IntRange(2, 3).Draw(t, "people") {
			for range rapid.IntRange(1, 3).Draw(t, "browsers") {
				m.clients = append(m.clients, &client{browser: m.w.browser()})
			}
			c := m.clients[len(m.clients)-1]
			m.check()
			m.settle(c, addresses[i])
		}
		acts := map[string]func(*rapid.T){"": func(*rapid.T) { m.check() }}
		for name, act := range modelActs {
			acts[name] = func(*rapid.T) { act(m) }
		}
		t.Repeat(acts)
	})
}

// check compares the program with the model: who is signed in, as whom, and
// what every account is.
func (m *model) check() {
	m.t.Helper()
	m.w.wait(time.Second) // no two steps are at the same time
	for i, c := range m.clients {
		page := c.ask(http.MethodGet, "/account", nil)
		s := m.session(c)
		switch {
		case s == nil && (page.status != http.StatusSeeOther || !strings.HasPrefix(page.header.Get("Location"), "/sign-in?next=")):
			m.t.Fatalf("browser %d: %d %s for nobody", i, page.status, page.header.Get("Location"))
		case s == nil:
		case s.who.must && page.header.Get("Location") == "/account/password":
		case s.who.must || page.status != http.StatusOK || !strings.Contains(page.body, s.who.email):
			m.t.Fatalf("browser %d: %d %s for %s", i, page.status, page.header.Get("Location"), s.who.email)
		}
		m.renew(c)
		if c.old != nil {
			if page := c.old.ask(http.MethodGet, "/account", nil); page.status == http.StatusOK {
				m.t.Fatalf("browser %d: a cookie of before still opens the account", i)
			}
		}
	}
	for _, email := range addresses {
		believed := account{}
		if p := m.person(email); p != nil {
			believed = p.view()
		}
		if got, want := fmt.Sprintf("%+v", m.program(email)), fmt.Sprintf("%+v", believed); got != want {
			m.t.Fatalf("the program has %s, the model %s", got, want)
		}
	}
}

var formToken = regexp.MustCompile(`name="token" value="([^"]+)"`)

// renew reads the token of a client's forms anew where its cookie has changed.
func (m *model) renew(c *client) {
	for path := "/account"; c.held != c.cookie() || c.token == ""; {
		page := c.ask(http.MethodGet, path, nil)
		path = page.header.Get("Location")
		if found := formToken.FindStringSubmatch(page.body); found != nil {
			c.token, c.held = found[1], c.cookie()
		}
	}
	if s := m.session(c); s != nil {
		s.seen = m.w.clock()
	}
}

type account struct {
	email               string
	disabled, must, app bool
	phones              []string
	codes               int
}

// program is an account as the program has it; empty where there is none.
func (m *model) program(email string) (v account) {
	ctx := context.Background()
	a, err := m.w.rules.Account(ctx, email)
	if err != nil {
		return v
	}
	f, err := m.w.rules.Factors(ctx, a.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	v = account{email: a.Email.Typed, disabled: a.Disabled, must: a.MustChange, app: f.TOTP != nil, codes: f.BackupCodes}
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
func (p *person) view() account {
	v := account{email: p.email, disabled: p.disabled, must: p.must, app: p.app != "", codes: len(p.codes)}
	for i, phone := range p.reserved() {
		v.phones = append(v.phones, phone.number+map[bool]string{true: " default", false: " reserved"}[i == 0])
	}
	for _, phone := range p.phones {
		if phone.reserved.IsZero() {
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
	m.renew(c)
	if form.Get("token") == "" {
		form.Set("token", c.token)
	}
	if form.Get("token") != c.token {
		want = "forged"
	}
	was := c.snapshot()
	answer := c.ask(http.MethodPost, path, form)
	got := outcome(answer)
	m.answer, m.was = answer, was
	shown := maskToken(form)
	m.t.Logf("%s %s %s: %s (%s)", c.address, path, shown, got, want)
	if got == "later" && want != "forged" {
		return false
	}
	if got != want {
		m.t.Fatalf("%s %s: %s (%d), but it must be %s:\n%s", path, shown, got, answer.status, want, answer.body)
	}
	if done = got == "done"; done && form.Get("code") != "" {
		m.used = &used{was, path, form}
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
func (c *client) snapshot() *browser {
	old := c.clone()
	old.address = c.address
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
