package handlers_test

import (
	"time"

	"twostep/auth"
)

// Complete flows, so that accounts get into every state.

func (m *model) completeSignIn(c *client) {
	if m.session(c) != nil || len(m.users) == 0 {
		return
	}
	m.site.wait(draw(m, "pause", 0, time.Minute)) // otherwise the last TOTP code is used
	u := draw(m, "user", m.users...)
	if u.password == "" {
		m.startReset(c, u.email)
		m.respond(c, "/forgot-password", m.validCode(c), false)
		m.setPassword(c, draw(m, "password", passwords...))
	}
	m.signIn(c, u.email, u.password)
	if m.attempt(c) != nil && m.attempt(c).user == u {
		if m.attempt(c).method() == "passkey" && draw(m, "passkey", true, false) {
			m.respondWithPasskey(c, "/sign-in", draw(m, "of the account", u.passkeys...))
			return
		}
		m.respond(c, "/sign-in", m.validCode(c), false)
	}
}

func (m *model) completeReauth(c *client) {
	m.openReauth(c)
	a := m.attempt(c)
	if a == nil || a.session == nil {
		return
	}
	if a.owes() == "password" {
		m.respondReauth(c, a.user.password, false, true)
		return
	}
	m.site.wait(draw(m, "pause", 0, time.Minute))
	if passkeys := a.user.passkeys; len(passkeys) > 0 && draw(m, "passkey", true, false) {
		m.respondWithPasskey(c, reauthPath, draw(m, "of the account", passkeys...))
		return
	}
	if a.user.phone(a.method()) != nil {
		m.resend(c, reauthPath)
	}
	m.respondReauth(c, m.validCode(c), false, false)
}

func (m *model) completeTOTPSetup(c *client) {
	m.openTOTPSetup(c)
	m.pressTOTPSetup(c, "verify", "")
	if m.setupStep(m.session(c)) == "verify" {
		m.pressTOTPSetup(c, "verify_code", m.site.totpCode(m.session(c).setup.key))
		m.pressTOTPSetup(c, "finish", "")
	}
}

func (m *model) completePhoneSetup(c *client, number string) {
	m.site.wait(time.Minute)
	m.addPhone(c, number)
	if s := m.session(c); m.addingPhone(s) && s.code != nil {
		m.verifyPhone(c, s.code.text)
		if phones := s.user.phones; len(phones) > 0 {
			m.pressPhone(c, "use", phones[len(phones)-1].id)
		}
	}
}

// completeAct makes a client's user an administrator who may act, and acts some times.
func (m *model) completeAct(c *client, role auth.Role) {
	m.completeSignIn(c)
	if s := m.session(c); s != nil && !s.user.mustChange {
		m.changeRole(s.user, role)
		if m.completeReauth(c); !s.user.hasMFA() {
			m.completeTOTPSetup(c)
		}
	}
	for range 3 {
		m.anyAct(c)
		m.site.wait(time.Second)
	}
}

// stealCode lets any client use the code of a handover at any host, also with the cookie of
// the one that began, and then that one.
func (m *model) stealCode(c, thief *client, p protectedPage) {
	if h := m.beginHandover(c, p); h != nil {
		host := draw(m, "host", protectedHosts...)
		if draw(m, "with cookie", false, true) {
			m.copyCookie(thief, c, host, p.host())
		}
		m.completeHandover(thief, h, host)
		m.completeHandover(c, h, p.host())
	}
}

// loseCookie lets a client get a new cookie of an app, while a thief has the earlier one.
func (m *model) loseCookie(c, thief *client, p protectedPage) {
	m.openApp(c, p)
	m.copyCookie(thief, c, p.host(), p.host())
	m.copyCookie(c, &client{browser: m.site.browser()}, p.host(), p.host())
	m.site.wait(2 * time.Minute)
	m.openApp(c, p)
}

// createUser creates an account, with or without second factors.
func (m *model) createUser(c *client, email string) {
	m.signUp(c, email, passwords[0])
	m.respond(c, "/sign-up", m.validCode(c), false)
	u := m.session(c).user
	m.changeRole(u, draw(m, "role", roles...))
	m.changeGroups(u, draw(m, "groups", groupLists...))
	if draw(m, "a passkey", false, true) {
		m.addPasskey(c, c, draw(m, "verifies", true, false), true)
	}
	if draw(m, "app", false, true) {
		m.completeTOTPSetup(c)
	}
	if draw(m, "phone", false, true) {
		m.completePhoneSetup(c, draw(m, "number", numbers...))
	}
}
