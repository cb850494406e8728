package handlers_test

import (
	"time"
)

// The account itself, and what must come of what is done with it.

func (m *model) changePassword(c *client, current, fresh string, endOthers bool) {
	form := action("change", "current", current, "password", fresh)
	if endOthers {
		form.Set("end_others", "1")
	}
	s := m.session(c)
	_, done := m.change(c, "/account/password", "password", form, s != nil && current == s.who.password && fresh != current)
	if !done {
		return
	}
	s.who.password, s.who.must = fresh, false
	m.endAttempts(s.who)
	if endOthers {
		m.endSessions(s.who, s)
	}
	s.first, s.started, s.seen = m.w.clock(), m.w.clock(), m.w.clock()
	m.rotated(c)
}

func (m *model) moveTo(c *client, email string) {
	s, since := m.session(c), len(m.w.sent)
	if _, done := m.change(c, "/account/email", "fresh", action("change", "email", email), s != nil && s.who.email != email); done {
		s.who.moving = &moving{to: email, code: m.sent(since, email), expires: m.w.clock().Add(24 * time.Hour)}
	}
}

// moves is the change of address that waits, or nil.
func (m *model) moves(s *modelSession) *moving {
	if s == nil || s.who.moving == nil || !m.w.clock().Before(s.who.moving.expires) {
		return nil
	}
	return s.who.moving
}

func (m *model) proveMove(c *client, typed string) {
	s, right, spend := m.session(c), false, func() {}
	if move := m.moves(s); move != nil {
		right, spend = m.takesSent(move.code, move.to, typed)
		right = right && m.person(move.to) == nil
	}
	_, done := m.change(c, "/account/email", "fresh", action("verify", "code", typed), right)
	if got := outcome(m.answer); got == "done" || got == "refused" {
		spend()
	}
	if done {
		s.who.email, s.who.moving = s.who.moving.to, nil
		m.endSessions(s.who, s)
	}
}

func (m *model) stopMove(c *client) {
	s := m.session(c)
	if _, done := m.change(c, "/account/email", "fresh", action("stop"), m.moves(s) != nil); done {
		s.who.moving = nil
	}
}

// endSession ends one session of somebody; of another person it is not there.
func (m *model) endSession(c *client, other *modelSession) {
	want, s := m.guard(c, "fresh"), m.session(c)
	if want == "" && (other.who != s.who || other.ended) {
		want = "not found"
	} else if want == "" {
		want = "done"
	}
	if m.post(c, "/account/sessions", action("end:"+other.id), want) {
		other.ended = true
	}
}

func (m *model) endOthers(c *client) {
	if s, done := m.change(c, "/account/sessions", "fresh", action("end_others"), true); done {
		m.endSessions(s.who, s)
	}
}

func (m *model) deleteAccount(c *client, confirm string) {
	s := m.session(c)
	if _, done := m.change(c, "/account/delete", "fresh", action("delete", "confirm", confirm), s != nil && confirm == s.who.email); done {
		m.forget(s.who)
		c.in, c.at = nil, nil
	}
}
