package handlers_test

import (
	"context"
	"net/url"
	"slices"
	"time"
)

// The ways in and out, right or wrong, and what must come of each.

var (
	addresses = []string{"ann@example.org", "ben@example.org", "eve@example.org", "new@example.org"}
	passwords = []string{"seven purple turtles", "eleven quiet lanterns", "nine wooden bicycles"}
	numbers   = []string{"+14155552671", "+14155559876", "+442079460958"}
	doors     = []string{"/sign-in", "/sign-up", "/forgot-password"}
)

func action(name string, more ...string) url.Values {
	form := url.Values{"action": {name}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// wanted is what a form must come to that is right or not.
func wanted(right bool) string {
	if right {
		return "done"
	}
	return "refused"
}

func (m *model) person(email string) *person {
	for _, p := range m.people {
		if p.email == email {
			return p
		}
	}
	return nil
}

// atDoor posts a form to a way in. Who is signed in is only led to the account.
func (m *model) atDoor(c *client, path string, form url.Values, right bool) (done bool) {
	if m.session(c) != nil {
		used := m.used
		m.post(c, path, form, "done")
		m.used = used // nothing was
		return false
	}
	return m.post(c, path, form, wanted(right))
}

func (m *model) begin(c *client, a modelAttempt) {
	a.expires = m.w.clock().Add(30 * time.Minute)
	c.at = &a
}

// begun notes that a client is signed in from now on.
func (m *model) begun(c *client, who *person, first, second time.Time) {
	now := m.w.clock()
	s := &modelSession{who: who, first: first, second: second, started: now, seen: now}
	m.sessions = append(m.sessions, s)
	c.in, c.at = s, nil
	m.rotated(c)
	a, err := m.w.rules.Account(context.Background(), who.email)
	if err != nil {
		m.t.Fatal(err)
	}
	all, err := m.w.store.FindSessions(context.Background(), a.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, one := range all {
		if !slices.ContainsFunc(m.sessions, func(s *modelSession) bool { return s.id == string(one.ID) }) {
			s.id = string(one.ID)
		}
	}
}

// rotated notes that a client's session has another handle from now on.
func (m *model) rotated(c *client) { c.old, c.oldToken = m.was, c.token }

func (m *model) signIn(c *client, email, password string) {
	p, since := m.person(email), len(m.w.sent)
	right := p != nil && !p.disabled && p.password == password && password != ""
	if !m.atDoor(c, "/sign-in", action("continue", "email", email, "password", password), right) {
		return
	}
	now := m.w.clock()
	if !p.on() {
		m.begun(c, p, now, time.Time{})
		return
	}
	m.begin(c, modelAttempt{purpose: "sign in", who: p, email: email, proved: now})
	if phone := p.phone(c.at.method()); phone != nil {
		c.at.code = m.sent(since, phone.number)
	}
}

func (m *model) signUp(c *client, email, password string) {
	since := len(m.w.sent)
	if m.atDoor(c, "/sign-up", action("continue", "email", email, "password", password), true) {
		m.begin(c, modelAttempt{purpose: "sign up", email: email, password: password, code: m.sent(since, email)})
	}
}

func (m *model) forgot(c *client, email string) {
	p, since := m.person(email), len(m.w.sent)
	if !m.atDoor(c, "/forgot-password", action("continue", "email", email), true) {
		return
	}
	for _, other := range m.clients {
		if a := other.at; a != nil && p != nil && a.who == p && a.purpose == "reset" {
			a.over = true // a newer request kills older ones
		}
	}
	m.begin(c, modelAttempt{purpose: "reset", who: p, email: email, code: m.sent(since, email)})
}

func (m *model) setPassword(c *client, password string) {
	a := m.attempt(c)
	right := a != nil && a.purpose == "reset" && !a.proved.IsZero() && a.who != nil && a.who.password != password
	if m.atDoor(c, "/forgot-password", action("set_password", "password", password), right) {
		a.who.password, a.who.must = password, false
		m.endSessions(a.who, nil)
		c.at = nil
	}
}

// reply answers what an attempt asks, on any page that takes answers.
func (m *model) reply(c *client, path, typed string, ticked bool) {
	form := action("verify", "code", typed)
	if ticked {
		form.Set("backupcode", "1")
	}
	a, right, spend := m.attempt(c), false, func() {}
	if a != nil && a.session == nil {
		right, spend = m.takes(a, typed, ticked)
	}
	taken := a != nil && a.purpose == "sign up" && m.person(a.email) != nil
	done := m.atDoor(c, path, form, right && !taken)
	if m.session(c) != nil || outcome(m.answer) == "later" {
		return
	}
	if spend(); !done {
		return
	}
	now := m.w.clock()
	switch a.purpose {
	case "sign up":
		p := &person{email: a.email, password: a.password}
		m.people = append(m.people, p)
		m.begun(c, p, now, time.Time{})
	case "reset":
		a.proved, a.code = now, nil
	default:
		m.begun(c, a.who, a.proved, now)
	}
}

// sent is the code in a letter that came to somebody since there were so many.
func (m *model) sent(since int, to string) *sentCode {
	m.w.deliver()
	for _, l := range m.w.sent[since:] {
		if code := sixDigits.FindString(l.body); code != "" && l.to == to {
			m.codes = append(m.codes, code)
			return &sentCode{text: code, to: to, expires: m.w.clock().Add(10 * time.Minute)}
		}
	}
	return nil
}

func (m *model) signOut(c *client) {
	s := m.session(c)
	if m.post(c, "/sign-out", url.Values{}, "done") {
		if s != nil { // one past its limits was nobody's any more
			s.ended = true
		}
		c.in, c.at = nil, nil
		m.rotated(c)
	}
}
