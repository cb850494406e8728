package handlers_test

import (
	"cmp"
	"slices"
	"time"
)

// What stands here is the model: what an account, a browser and what is under
// way in it are to somebody who knows the site from its pages alone. It shares
// no line with the rules. It knows nothing of limits on tries: what they refuse
// may be refused at any time, and has then changed nothing.

// A person is an account.
type person struct {
	email    string
	password string // empty once the operator has ended it
	disabled bool
	must     bool // change the password first
	app      string
	step     int64 // the last one spent; older ones are dead
	phones   []*modelPhone
	codes    map[string]bool // backup codes left
	unseen   time.Time       // when a new set was made that nobody has said to have saved
	moving   *moving
}

type modelPhone struct {
	id, number string
	added      time.Time
	reserved   time.Time // zero for not
	first      bool      // somebody made it the default
}

// A moving is a change of address that waits for its code.
type moving struct {
	to      string
	code    *sentCode
	expires time.Time
}

// A sentCode is a code as its receiver read it.
type sentCode struct {
	text, to string
	expires  time.Time
	tries    int
}

func (p *person) reserved() (phones []*modelPhone) {
	for _, phone := range p.phones {
		if !phone.reserved.IsZero() {
			phones = append(phones, phone)
		}
	}
	slices.SortStableFunc(phones, func(a, b *modelPhone) int {
		if a.first != b.first {
			return map[bool]int{true: -1, false: 1}[a.first]
		}
		return cmp.Or(a.reserved.Compare(b.reserved), a.added.Compare(b.added))
	})
	return phones
}

func (p *person) on() bool { return p.app != "" || len(p.reserved()) > 0 }

func (p *person) phone(id string) *modelPhone {
	for _, phone := range p.phones {
		if phone.id == id {
			return phone
		}
	}
	return nil
}

// A modelSession is somebody signed in with one browser.
type modelSession struct {
	id            string
	who           *person
	first, second time.Time // when each factor was proved; zero for never
	started, seen time.Time
	ended         bool
	app           *enrolment
	number        string // being added
	code          *sentCode
	numberExpires time.Time
}

// An enrolment is the set-up of an app in a session.
type enrolment struct {
	key               string
	scanned, verified bool
	made              bool // backup codes came with it
	expires           time.Time
}

// A modelAttempt is a way through a door, as far as it has come.
type modelAttempt struct {
	purpose  string  // sign in, sign up, reset, reverify
	who      *person // nil for nobody
	email    string
	password string // of the account to be
	proved   time.Time
	chosen   string // "app" or the id of a phone; empty for the first there is
	code     *sentCode
	session  *modelSession
	expires  time.Time
	over     bool
}

// method is what is asked now: "app", the id of a phone, or nothing.
func (a *modelAttempt) method() string {
	methods := a.methods()
	if slices.Contains(methods, a.chosen) || len(methods) == 0 {
		return a.chosen
	}
	return methods[0]
}

func (a *modelAttempt) methods() (all []string) {
	if a.who.app != "" {
		all = append(all, "app")
	}
	for _, phone := range a.who.reserved() {
		all = append(all, phone.id)
	}
	return all
}

// asks is what an attempt owes: password, email, second, new password, or nothing.
func (a *modelAttempt) asks() string {
	switch {
	case a.purpose == "reset" && !a.proved.IsZero():
		return "new password"
	case a.purpose == "reset" || a.purpose == "sign up":
		return "email"
	case a.who.on():
		return "second"
	}
	return "password" // of a re-verification: a sign-in has proved it before there is an attempt
}

// A client is a browser and what the model believes of it.
type client struct {
	*browser
	in    *modelSession
	at    *modelAttempt
	token string   // of its forms
	held  string   // the cookie that the token belongs to
	old   *browser // as it was before its cookie changed

	oldToken string // and the token of its forms then
}

// session is the client's, if it is alive.
func (m *model) session(c *client) *modelSession {
	now := m.w.clock()
	if s := c.in; s == nil || s.ended || now.Sub(s.seen) > m.idle || now.Sub(s.started) > 24*time.Hour {
		return nil
	}
	return c.in
}

// attempt is the client's, if it is open.
func (m *model) attempt(c *client) *modelAttempt {
	if c.at == nil || c.at.over || !m.w.clock().Before(c.at.expires) || c.at.session != nil && c.at.session != m.session(c) {
		return nil
	}
	return c.at
}

func (m *model) fresh(s *modelSession) bool {
	at := s.first
	if s.who.on() {
		at = s.second
	}
	return !at.IsZero() && m.w.clock().Sub(at) <= 10*time.Minute
}

// guard is where a page sends a client that may not come in: "signed in" pages
// ask for a session, "password" for a fresh one, "fresh" for one that owes
// nothing besides.
func (m *model) guard(c *client, page string) string {
	s := m.session(c)
	switch {
	case s == nil:
		return "sign in first"
	case s.who.must && page != "password" && page != "verify":
		return "password first"
	case page != "signed in" && page != "verify" && !m.fresh(s):
		return "verify first"
	}
	return ""
}

// endAttempts ends all that is under way to come in to an account.
func (m *model) endAttempts(p *person) {
	for _, c := range m.clients {
		if c.at != nil && c.at.who == p {
			c.at.over = true
		}
	}
}

// endSessions ends an account's sessions but one, and every way to begin one.
func (m *model) endSessions(p *person, but *modelSession) {
	m.endAttempts(p)
	for _, s := range m.sessions {
		if s.who == p && s != but {
			s.ended = true
		}
	}
}

// factorAdded is what the first factor brings; it answers whether it was that.
func (m *model) factorAdded(s *modelSession, wasOn bool) (first bool) {
	if wasOn {
		return false
	}
	m.endSessions(s.who, s)
	s.second = m.w.clock()
	return true
}

// factorRemoved is what goes with a factor.
func (m *model) factorRemoved(p *person, but *modelSession) {
	m.endSessions(p, but)
	if !p.on() {
		p.codes, p.unseen = nil, time.Time{}
	}
}

// forget is the end of an account.
func (m *model) forget(p *person) {
	m.endSessions(p, nil)
	m.people = slices.DeleteFunc(m.people, func(other *person) bool { return other == p })
}
