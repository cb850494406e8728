package handlers_test

import (
	"cmp"
	"slices"
	"time"

	"twostep/auth"
)

// This is the model's state. It is written from the site's pages and shares no code with the
// rules. It has no rate limits: they may refuse any action, which then changes nothing.

// A user is an account.
type user struct {
	id           auth.UserID
	role         auth.Role
	groups       []string        // in alphabetical order
	hosts        map[string]bool // of apps behind forward auth that it has used
	email        string
	password     string // empty after the operator has ended it
	disabled     bool
	mustChange   bool // the password
	totpKey      string
	lastStep     int64 // the last TOTP step used; older ones are invalid
	phones       []*modelPhone
	passkeys     []*modelPasskey
	backupCodes  map[string]bool // unused ones
	unsavedSince time.Time       // creation of a set not yet confirmed as saved
	emailChange  *emailChange
	emailAt      time.Time // of the last change
	connected    bool      // to the app
}

type modelPhone struct {
	id, number string
	addedAt    time.Time
	reservedAt time.Time // zero if it is not
	isDefault  bool      // set by the user
}

// An emailChange is a change that waits for its code.
type emailChange struct {
	to      string
	code    *sentCode
	expires time.Time
}

// A sentCode is a code as its recipient reads it.
type sentCode struct {
	text, to string
	expires  time.Time
	attempts int
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

func (u *user) hasMFA() bool {
	return u.totpKey != "" || len(u.reservedPhones()) > 0 || len(u.passkeys) > 0
}

func (u *user) phone(id string) *modelPhone {
	for _, phone := range u.phones {
		if phone.id == id {
			return phone
		}
	}
	return nil
}

// A modelSession is a user signed in with one browser.
type modelSession struct {
	id                  string
	user                *user
	passwordAt, mfaAt   time.Time // zero if never
	second, bothInOne   bool      // whether a second factor was verified in it, and a passkey that is both factors
	startedAt, lastSeen time.Time
	ended               bool
	setup               *totpSetup
	newNumber           string // being added
	code                *sentCode
	numberExpires       time.Time
}

// A totpSetup is the setup of TOTP in a session.
type totpSetup struct {
	key               string
	scanned, verified bool
	verifiedAt        time.Time
	madeCodes         bool // it created backup codes
	expires           time.Time
}

// A modelAttempt is a sign-in, sign-up, reset or re-authentication in progress.
type modelAttempt struct {
	purpose    string // sign in, sign up, reset, reauthentication
	user       *user  // nil if unknown
	email      string
	password   string // of the new account
	verifiedAt time.Time
	chosen     string // "app" or the id of a phone; empty for the default
	code       *sentCode
	session    *modelSession
	url        string // of the page for re-authentication, if another page demanded it
	beganAt    time.Time
	expires    time.Time
	ended      bool
}

// method returns the current second factor: "app", the id of a phone, "passkey", or an empty
// string.
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
	if len(a.user.passkeys) > 0 {
		all = append(all, "passkey")
	}
	return all
}

// owes returns the next step: "password", "email", "second" or "new password".
func (a *modelAttempt) owes() string {
	switch {
	case a.purpose == "reset" && !a.verifiedAt.IsZero():
		return "new password"
	case a.purpose == "reset" || a.purpose == "sign up":
		return "email"
	case a.user.hasMFA():
		return "second"
	}
	return "password" // of a re-authentication; a sign-in attempt starts after the password
}

// A client is a browser and its expected state.
type client struct {
	*browser
	session     *modelSession
	attempt     *modelAttempt
	cookies     map[string]*hostCookie // by host of an app
	token       string                 // form token
	tokenCookie string                 // the cookie that the form token belongs to

	previous      *browser // with the cookie before it was replaced; nil if it was not
	previousToken string   // the form token of that cookie
}

// isOpen reports whether a session has neither ended nor expired.
func (m *model) isOpen(s *modelSession) bool {
	now := m.site.clock()
	return !s.ended && now.Sub(s.lastSeen) <= m.sessionIdle && now.Sub(s.startedAt) <= 24*time.Hour
}

// session returns the client's session, or nil if it has ended.
func (m *model) session(c *client) *modelSession {
	if c.session == nil || !m.isOpen(c.session) {
		return nil
	}
	return c.session
}

// attempt returns the client's attempt, or nil if it has ended.
func (m *model) attempt(c *client) *modelAttempt {
	if c.attempt == nil || c.attempt.ended || !m.site.clock().Before(c.attempt.expires) || c.attempt.session != nil && c.attempt.session != m.session(c) {
		return nil
	}
	return c.attempt
}

// postedTwice reports whether a form that was accepted then may be posted again.
func (m *model) postedTwice(at time.Time) bool {
	return !at.IsZero() && m.site.clock().Sub(at) < auth.RepeatWindow
}

func (m *model) recentlyAuthenticated(s *modelSession) bool {
	at := s.passwordAt
	if s.user.hasMFA() {
		at = s.mfaAt
	}
	return !at.IsZero() && m.site.clock().Sub(at) <= 10*time.Minute
}

// hasTwoFactors reports whether both factors were verified in a session, the second not
// longer ago than within; zero means at any time.
func (m *model) hasTwoFactors(s *modelSession, within time.Duration) bool {
	return s.user.hasMFA() && (s.second || s.bothInOne) && (within == 0 || m.site.clock().Sub(s.mfaAt) <= within)
}

// guard returns the outcome for a client without access to a page, or an empty string. The
// guard "signed in" requires a session, "password" a recent authentication as well, and
// "fresh" also that the password need not be changed.
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

// endAttempts ends all attempts of an account.
func (m *model) endAttempts(u *user) {
	for _, c := range m.clients {
		if c.attempt != nil && c.attempt.user == u {
			c.attempt.ended = true
		}
	}
}

// endSessions ends an account's attempts, and its sessions except one.
func (m *model) endSessions(u *user, but *modelSession) {
	m.endAttempts(u)
	for _, s := range m.sessions {
		if s.user == u && s != but {
			s.ended = true
		}
	}
}

// factorAdded applies the effects of the first factor. It reports whether it is the first.
func (m *model) factorAdded(s *modelSession, hadMFA, verified bool) (first bool) {
	if hadMFA {
		return false
	}
	m.endSessions(s.user, s)
	s.mfaAt, s.second = m.site.clock(), verified
	return true
}

// factorRemoved applies the effects of removing a factor.
func (m *model) factorRemoved(u *user, but *modelSession) {
	m.endSessions(u, but)
	if !u.hasMFA() {
		u.backupCodes, u.unsavedSince = nil, time.Time{}
	}
}

func (m *model) removeUser(u *user) {
	m.endSessions(u, nil)
	m.users = slices.DeleteFunc(m.users, func(other *user) bool { return other == u })
}
