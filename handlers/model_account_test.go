package handlers_test

import "time"

// Actions on the account, with the expected outcome.

func (m *model) changePassword(c *client, current, fresh string, endOthers bool) {
	form := actionForm("change", "current", current, "password", fresh)
	if endOthers {
		form.Set("end_others", "1")
	}
	s := m.session(c)
	_, done := m.postGuarded(c, "/account/password", "password", form, s != nil && current == s.user.password && fresh != current)
	if !done {
		return
	}
	s.user.password, s.user.mustChange = fresh, false
	m.endAttempts(s.user)
	if endOthers {
		m.endSessions(s.user, s)
	}
	s.passwordAt, s.startedAt, s.lastSeen, s.bothInOne = m.site.clock(), m.site.clock(), m.site.clock(), false
	m.tokenReplaced(c)
}

func (m *model) changeEmail(c *client, email string) {
	s, since := m.session(c), len(m.site.delivered)
	if _, done := m.postGuarded(c, "/account/email", "fresh", actionForm("change", "email", email), s != nil && s.user.email != email); done {
		s.user.emailChange = &emailChange{to: email, code: m.sent(since, email), expires: m.site.clock().Add(24 * time.Hour)}
	}
}

// pendingEmail returns the pending change of email address, or nil.
func (m *model) pendingEmail(s *modelSession) *emailChange {
	if s == nil || s.user.emailChange == nil || !m.site.clock().Before(s.user.emailChange.expires) {
		return nil
	}
	return s.user.emailChange
}

func (m *model) verifyEmail(c *client, typed string) {
	s, valid, spend := m.session(c), false, func() {}
	if move := m.pendingEmail(s); move != nil {
		valid, spend = m.checkSentCode(move.code, move.to, typed)
		valid = valid && m.user(move.to) == nil
	}
	if s != nil && m.pendingEmail(s) == nil && m.postedTwice(s.user.emailAt) {
		m.postGuarded(c, "/account/email", "fresh", actionForm("verify", "code", typed), true)
		return
	}
	_, done := m.postGuarded(c, "/account/email", "fresh", actionForm("verify", "code", typed), valid)
	if got := outcome(m.response); got == "done" || got == "refused" {
		spend()
	}
	if done {
		s.user.email, s.user.emailChange, s.user.emailAt = s.user.emailChange.to, nil, m.site.clock()
		m.endSessions(s.user, s)
	}
}

func (m *model) cancelEmailChange(c *client) {
	s := m.session(c)
	if _, done := m.postGuarded(c, "/account/email", "fresh", actionForm("stop"), m.pendingEmail(s) != nil); done {
		s.user.emailChange = nil
	}
}

// endSession ends one session. Another user's session is not found.
func (m *model) endSession(c *client, other *modelSession) {
	want, s := m.guard(c, "fresh"), m.session(c)
	if want == "" && (other.user != s.user || other.ended) {
		want = "not found"
	} else if want == "" {
		want = "done"
	}
	if m.post(c, "/account/sessions", actionForm("end:"+other.id), want) {
		other.ended = true
	}
}

func (m *model) endOthers(c *client) {
	if s, done := m.postGuarded(c, "/account/sessions", "fresh", actionForm("end_others"), true); done {
		m.endSessions(s.user, s)
	}
}

func (m *model) deleteAccount(c *client, confirm string) {
	s := m.session(c)
	valid := s != nil && confirm == s.user.email && !m.isLastAdmin(s.user)
	if _, done := m.postGuarded(c, "/account/delete", "fresh", actionForm("delete", "confirm", confirm), valid); done {
		m.removeUser(s.user)
		c.session, c.attempt = nil, nil
	}
}
