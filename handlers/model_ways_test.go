package handlers_test

import (
	"time"
)

// Right ways from their beginning to their end, so that accounts come into every state.

// comeIn goes the right way into an account.
func (m *model) comeIn(c *client) {
	if m.session(c) != nil || len(m.people) == 0 {
		return
	}
	m.w.wait(draw(m, "pause", 0, time.Minute)) // without one the last code of an app is spent
	p := draw(m, "person", m.people...)
	if p.password == "" {
		m.forgot(c, p.email)
		m.reply(c, "/forgot-password", m.rightAnswer(c), false)
		m.setPassword(c, draw(m, "password", passwords...))
	}
	m.signIn(c, p.email, p.password)
	if m.attempt(c) != nil && m.attempt(c).who == p {
		m.reply(c, "/sign-in", m.rightAnswer(c), false)
	}
}

// verifyAnew goes the right way of proving again who it is.
func (m *model) verifyAnew(c *client) {
	m.askedAnew(c)
	a := m.attempt(c)
	if a == nil || a.session == nil {
		return
	}
	if a.asks() == "password" {
		m.replyAnew(c, a.who.password, false, true)
		return
	}
	m.w.wait(draw(m, "pause", 0, time.Minute))
	if a.who.phone(a.method()) != nil {
		m.resend(c, verifyPath)
	}
	m.replyAnew(c, m.rightAnswer(c), false, false)
}

func (m *model) addApp(c *client) {
	m.openApp(c)
	m.moveApp(c, "verify", "")
	if m.step(m.session(c)) == "verify" {
		m.moveApp(c, "verify_code", m.w.app(m.session(c).app.key))
		m.moveApp(c, "finish", "")
	}
}

func (m *model) reserve(c *client, number string) {
	m.w.wait(time.Minute)
	m.addPhone(c, number)
	if s := m.session(c); m.adding(s) && s.code != nil {
		m.verifyPhone(c, s.code.text)
		if phones := s.who.phones; len(phones) > 0 {
			m.withPhone(c, "use", phones[len(phones)-1].id)
		}
	}
}

// settle makes an account, with or without second factors.
func (m *model) settle(c *client, email string) {
	m.signUp(c, email, passwords[0])
	m.reply(c, "/sign-up", m.rightAnswer(c), false)
	if draw(m, "app", false, true) {
		m.addApp(c)
	}
	if draw(m, "phone", false, true) {
		m.reserve(c, draw(m, "number", numbers...))
	}
}
