package handlers_test

import (
	"context"
	"net/url"
	"slices"
	"time"

	"twostep/auth"
)

// Sign-in, sign-up, reset and sign-out, valid or not, with the expected outcome.

var (
	emails     = []string{"ann@example.org", "ben@example.org", "eve@example.org", "new@example.org"}
	passwords  = []string{"seven purple turtles", "eleven quiet lanterns", "nine wooden bicycles"}
	numbers    = []string{"+14155552671", "+14155559876", "+442079460958"}
	roles      = []auth.Role{auth.NoRole, auth.RoleViewer, auth.RoleSupport, auth.RoleAdmin}
	groupLists = [][]string{nil, {"dev"}, {"ops"}, {"dev", "ops"}}
	entryPages = []string{"/sign-in", "/sign-up", "/forgot-password"}
)

func actionForm(name string, more ...string) url.Values {
	form := url.Values{"action": {name}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// outcomeIf returns the expected outcome of a valid or invalid form.
func outcomeIf(valid bool) string {
	if valid {
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

// postEntry posts a form of an entry page, which redirects signed-in users to the account.
func (m *model) postEntry(c *client, path string, form url.Values, valid bool) (done bool) {
	if m.session(c) != nil {
		last := m.lastAccepted
		m.post(c, path, form, "done")
		m.lastAccepted = last // the code was not accepted
		return false
	}
	return m.post(c, path, form, outcomeIf(valid))
}

func (m *model) beginAttempt(c *client, a modelAttempt) {
	a.beganAt = m.site.clock()
	a.expires = a.beganAt.Add(30 * time.Minute)
	c.attempt = &a
}

// beginSession records that a client has signed in.
func (m *model) beginSession(c *client, u *user, passwordAt, mfaAt time.Time) {
	now := m.site.clock()
	s := &modelSession{user: u, passwordAt: passwordAt, mfaAt: mfaAt, second: !mfaAt.IsZero(), startedAt: now, lastSeen: now}
	m.sessions = append(m.sessions, s)
	c.session, c.attempt = s, nil
	m.tokenReplaced(c)
	a, err := m.site.rules.Account(context.Background(), u.email)
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

// tokenReplaced records that a client has a new session token.
func (m *model) tokenReplaced(c *client) { c.previous, c.previousToken = m.sender, c.token }

func (m *model) signIn(c *client, email, password string) {
	u, since := m.user(email), len(m.site.delivered)
	valid := u != nil && !u.disabled && u.password == password && password != ""
	if !m.postEntry(c, "/sign-in", actionForm("continue", "email", email, "password", password), valid) {
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
			a.ended = true // a new request replaces older ones
		}
	}
	m.beginAttempt(c, modelAttempt{purpose: "reset", user: u, email: email, code: m.sent(since, email)})
}

func (m *model) setPassword(c *client, password string) {
	a := m.attempt(c)
	valid := a != nil && a.purpose == "reset" && !a.verifiedAt.IsZero() && a.user != nil && a.user.password != password
	if m.postEntry(c, "/forgot-password", actionForm("set_password", "password", password), valid) {
		a.user.password, a.user.mustChange, a.user.emailChange = password, false, nil
		m.endSessions(a.user, nil)
		c.attempt = nil
	}
}

// respond posts a code to an attempt, on any entry page.
func (m *model) respond(c *client, path, typed string, checked bool) {
	form := actionForm("verify", "code", typed)
	if checked {
		form.Set("backupcode", "1")
	}
	a, valid, spend := m.attempt(c), false, func() {}
	if a != nil && a.session == nil {
		valid, spend = m.checkResponse(a, typed, checked)
	}
	if a != nil && a.purpose == "reset" && m.postedTwice(a.verifiedAt) {
		m.postEntry(c, path, form, true)
		return
	}
	taken := a != nil && a.purpose == "sign up" && m.user(a.email) != nil
	done := m.postEntry(c, path, form, valid && !taken)
	if m.session(c) != nil || outcome(m.response) == "limited" {
		return
	}
	if spend(); !done {
		return
	}
	now := m.site.clock()
	switch a.purpose {
	case "sign up":
		u := &user{id: m.site.accountID(a.email), email: a.email, password: a.password, hosts: map[string]bool{}}
		m.users = append(m.users, u)
		m.beginSession(c, u, now, time.Time{})
	case "reset":
		a.verifiedAt, a.code = now, nil
	default:
		m.beginSession(c, a.user, a.verifiedAt, now)
	}
}

// sent returns the code in the messages to a recipient after the first since messages.
func (m *model) sent(since int, to string) *sentCode {
	m.site.deliver()
	for _, message := range m.site.delivered[since:] {
		if code := sixDigits.FindString(message.body); code != "" && message.to == to {
			m.sentCodes = append(m.sentCodes, code)
			return &sentCode{text: code, to: to, expires: m.site.clock().Add(10 * time.Minute)}
		}
	}
	return nil
}

func (m *model) signOut(c *client) {
	s := m.session(c)
	if m.post(c, "/sign-out", url.Values{}, "done") {
		if s != nil { // otherwise it has already ended
			s.ended = true
		}
		c.session, c.attempt = nil, nil
		m.tokenReplaced(c)
	}
}
