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
type user struct {
	email        string
	password     string // empty once the operator has ended it
	disabled     bool
	mustChange   bool // change the password first
	totpKey      string
	lastStep     int64 // the last one spent; older ones are dead
	phones       []*modelPhone
	backupCodes  map[string]bool // backup codes left
	unsavedSince time.Time       // when a new set was made that nobody has said to have saved
	emailChange  *emailChange
}

type modelPhone struct {
	id, number string
	addedAt    time.Time
	reservedAt time.Time // zero for not
	isDefault  bool      // somebody made it the default
}

// A moving is a change of address that waits for its code.
type emailChange struct {
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

func (u *user) reservedPhones() (phones []*modelPhone) {
	for _, phone := range u.phones {
		if !phone.reservedAt.IsZero() {
			phones = append(phones, phone)
		}
	}
	slices.SortStableFunc(phones, func(a, b *modelPhone) int {
		if a.isDefault != b.isDefault {
			return map[bool]int{true: -1, false: 1}[a.isDefault]
		}
		return cmp.Or(a.reservedAt.Compare(b.reservedAt), a.addedAt.Compare(b.addedAt))
	})
	return phones
}

func (u *user) hasMFA() bool { return u.totpKey != "" || len(u.reservedPhones()) > 0 }

func (u *user) phone(id string) *modelPhone {
	for _, phone := range u.phones {
		if phone.id == id {
			return phone
		}
	}
	return nil
}

// A modelSession is somebody signed in with one browser.
type modelSession struct {
	id                  string
	user                *user
	passwordAt, mfaAt   time.Time // when each factor was proved; zero for never
	startedAt, lastSeen time.Time
	ended               bool
	setup               *totpSetup
	newNumber           string // being added
	code                *sentCode
	numberExpires       time.Time
}

// An enrolment is the set-up of an app in a session.
type totpSetup struct {
	key               string
	scanned, verified bool
	madeCodes         bool // backup codes came with it
	expires           time.Time
}

// A modelAttempt is a way through a door, as far as it has come.
type modelAttempt struct {
	purpose    string // sign in, sign up, reset, reverify
	user       *user  // nil for nobody
	email      string
	password   string // of the account to be
	verifiedAt time.Time
	chosen     string // "app" or the id of a phone; empty for the first there is
	code       *sentCode
	session    *modelSession
	expires    time.Time
	ended      bool
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
	if a.user.totpKey != "" {
		all = append(all, "app")
	}
	for _, phone := range a.user.reservedPhones() {
		all = append(all, phone.id)
	}
	return all
}

// asks is what an attempt owes: password, email, second, new password, or nothing.
func (a *modelAttempt) owes() string {
	switch {
	case a.purpose == "reset" && !a.verifiedAt.IsZero():
		return "new password"
	case a.purpose == "reset" || a.purpose == "sign up":
		return "email"
	case a.user.hasMFA():
		return "second"
	}
	return "password" // of a re-verification: a sign-in has proved it before there is an attempt
}

// A client is a browser and what the model believes of it.
type client struct {
	*browser
	session     *modelSession
	attempt     *modelAttempt
	token       string   // of its forms
	tokenCookie string   // the cookie that the token belongs to
	previous    *browser // as it was before its cookie changed

	previousToken string // and the token of its forms then
}

// session is the client's, if it is alive.
func (m *model) session(c *client) *modelSession {
	now := m.site.clock()
	if s := c.session; s == nil || s.ended || now.Sub(s.lastSeen) > m.sessionIdle || now.Sub(s.startedAt) > 24*time.Hour {
		return nil
	}
	return c.session
}

// attempt is the client's, if it is open.
func (m *model) attempt(c *client) *modelAttempt {
	if c.attempt == nil || c.attempt.ended || !m.site.clock().Before(c.attempt.expires) || c.attempt.session != nil && c.attempt.session != m.session(c) {
		return nil
	}
	return c.attempt
}

func (m *model) recentlyAuthenticated(s *modelSession) bool {
	at := s.passwordAt
	if s.user.hasMFA() {
		at = s.mfaAt
	}
	return !at.IsZero() && m.site.clock().Sub(at) <= 10*time.Minute
}

// guard is where a page sends a client that may not come in: "signed in" pages
// ask for a session, "password" for a fresh one, "fresh" for one that owes
// nothing besides.
func (m *model) guard(c *client, page string) string {
	s := m.session(c)
	switch {
	case s == nil:
		return "sign in first"
	case s.user.mustChange && page != "password" && page != "verify":
		return "password first"
	case page != "signed in" && page != "verify" && !m.recentlyAuthenticated(s):
		return "verify first"
	}
	return ""
}

// endAttempts ends all that is under way to come in to an account.
func (m *model) endAttempts(u *user) {
	for _, c := range m.clients {
		if c.attempt != nil && c.attempt.user == u {
			c.attempt.ended = true
		}
	}
}

// endSessions ends an account's sessions but one, and every way to begin one.
func (m *model) endSessions(u *user, but *modelSession) {
	m.endAttempts(u)
	for _, s := range m.sessions {
		if s.user == u && s != but {
			s.ended = true
		}
	}
}

// factorAdded is what the first factor brings; it answers whether it was that.
func (m *model) factorAdded(s *modelSession, wasOn bool) (first bool) {
	if wasOn {
		return false
	}
	m.endSessions(s.user, s)
	s.mfaAt = m.site.clock()
	return true
}

// factorRemoved is what goes with a factor.
func (m *model) factorRemoved(u *user, but *modelSession) {
	m.endSessions(u, but)
	if !u.hasMFA() {
		u.backupCodes, u.unsavedSince = nil, time.Time{}
	}
}

// forget is the end of an account.
func (m *model) removeUser(u *user) {
	m.endSessions(u, nil)
	m.users = slices.DeleteFunc(m.users, func(other *user) bool { return other == u })
}
