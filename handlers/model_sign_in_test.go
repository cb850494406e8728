package handlers_test

import (
	"context"
	"net/url"
	"slices"
	"time"
)

// The ways in and out, right or wrong, and what must come of each.

var (
	emails     = []string{"ann@example.org", "ben@example.org", "eve@example.org", "new@example.org"}
	passwords  = []string{"seven purple turtles", "eleven quiet lanterns", "nine wooden bicycles"}
	numbers    = []string{"+14155552671", "+14155559876", "+442079460958"}
	entryPages = []string{"/sign-in", "/sign-up", "/forgot-password"}
)

func actionForm(name string, more ...string) url.Values {
	form := url.Values{"action": {name}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// wanted is what a form must come to that is right or not.
func outcomeIf(right bool) string {
	if right {
		return "done"
	}
	return "refused"
}

func (m *model) user(email string) *user {
	for _, u := range m.users {
		if u.email == email {
			return u
		}
	}
	return nil
}

// atDoor posts a form to a way in. Who is signed in is only led to the account.
func (m *model) postEntry(c *client, path string, form url.Values, right bool) (done bool) {
	if m.session(c) != nil {
		used := m.lastAccepted
		m.post(c, path, form, "done")
		m.lastAccepted = used // nothing was
		return false
	}
	return m.post(c, path, form, outcomeIf(right))
}

func (m *model) beginAttempt(c *client, a modelAttempt) {
	a.expires = m.site.clock().Add(30 * time.Minute)
	c.attempt = &a
}

// begun notes that a client is signed in from now on.
func (m *model) beginSession(c *client, who *user, first, second time.Time) {
	now := m.site.clock()
	s := &modelSession{user: who, passwordAt: first, mfaAt: second, startedAt: now, lastSeen: now}
	m.sessions = append(m.sessions, s)
	c.session, c.attempt = s, nil
	m.tokenReplaced(c)
	a, err := m.site.rules.Account(context.Background(), who.email)
	if err != nil {
		m.t.Fatal(err)
	}
	all, err := m.site.store.FindSessions(context.Background(), a.ID)
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
func (m *model) tokenReplaced(c *client) { c.previous, c.previousToken = m.sender, c.token }

func (m *model) signIn(c *client, email, password string) {
	u, since := m.user(email), len(m.site.delivered)
	right := u != nil && !u.disabled && u.password == password && password != ""
	if !m.postEntry(c, "/sign-in", actionForm("continue", "email", email, "password", password), right) {
		return
	}
	now := m.site.clock()
	if !u.hasMFA() {
		m.beginSession(c, u, now, time.Time{})
		return
	}
	m.beginAttempt(c, modelAttempt{purpose: "sign in", user: u, email: email, verifiedAt: now})
	if phone := u.phone(c.attempt.method()); phone != nil {
		c.attempt.code = m.sent(since, phone.number)
	}
}

func (m *model) signUp(c *client, email, password string) {
	since := len(m.site.delivered)
	if m.postEntry(c, "/sign-up", actionForm("continue", "email", email, "password", password), true) {
		m.beginAttempt(c, modelAttempt{purpose: "sign up", email: email, password: password, code: m.sent(since, email)})
	}
}

func (m *model) startReset(c *client, email string) {
	u, since := m.user(email), len(m.site.delivered)
	if !m.postEntry(c, "/forgot-password", actionForm("continue", "email", email), true) {
		return
	}
	for _, other := range m.clients {
		if a := other.attempt; a != nil && u != nil && a.user == u && a.purpose == "reset" {
			a.ended = true // a newer request kills older ones
		}
	}
	m.beginAttempt(c, modelAttempt{purpose: "reset", user: u, email: email, code: m.sent(since, email)})
}

func (m *model) setPassword(c *client, password string) {
	a := m.attempt(c)
	right := a != nil && a.purpose == "reset" && !a.verifiedAt.IsZero() && a.user != nil && a.user.password != password
	if m.postEntry(c, "/forgot-password", actionForm("set_password", "password", password), right) {
		a.user.password, a.user.mustChange = password, false
		m.endSessions(a.user, nil)
		c.attempt = nil
	}
}

// reply answers what an attempt asks, on any page that takes answers.
func (m *model) respond(c *client, path, typed string, ticked bool) {
	form := actionForm("verify", "code", typed)
	if ticked {
		form.Set("backupcode", "1")
	}
	a, right, spend := m.attempt(c), false, func() {}
	if a != nil && a.session == nil {
		right, spend = m.checkResponse(a, typed, ticked)
	}
	taken := a != nil && a.purpose == "sign up" && m.user(a.email) != nil
	done := m.postEntry(c, path, form, right && !taken)
	if m.session(c) != nil || outcome(m.response) == "later" {
		return
	}
	if spend(); !done {
		return
	}
	now := m.site.clock()
	switch a.purpose {
	case "sign up":
		u := &user{email: a.email, password: a.password}
		m.users = append(m.users, u)
		m.beginSession(c, u, now, time.Time{})
	case "reset":
		a.verifiedAt, a.code = now, nil
	default:
		m.beginSession(c, a.user, a.verifiedAt, now)
	}
}

// sent is the code in a letter that came to somebody since there were so many.
func (m *model) sent(since int, to string) *sentCode {
	m.site.deliver()
	for _, l := range m.site.delivered[since:] {
		if code := sixDigits.FindString(l.body); code != "" && l.to == to {
			m.sentCodes = append(m.sentCodes, code)
			return &sentCode{text: code, to: to, expires: m.site.clock().Add(10 * time.Minute)}
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
		c.session, c.attempt = nil, nil
		m.tokenReplaced(c)
	}
}
