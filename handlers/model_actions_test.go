package handlers_test

import (
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"twostep/auth"
)

// modelActions are the actions of the state machine. Some complete a whole flow, so that the
// others meet accounts in every state.
var modelActions = map[string]func(*model){
	"wait": func(m *model) {
		m.site.wait(draw(m, "for", 29*time.Second, 29*time.Second, 3*time.Minute, 11*time.Minute, 40*time.Minute, 3*time.Hour))
	},
	"sign in": func(m *model) {
		m.signIn(m.client(), draw(m, "email", emails...), draw(m, "password", passwords...))
	},
	"sign up":      func(m *model) { m.signUp(m.client(), draw(m, "email", emails...), passwords[0]) },
	"start reset":  func(m *model) { m.startReset(m.client(), draw(m, "email", emails...)) },
	"set password": func(m *model) { m.setPassword(m.client(), draw(m, "password", passwords...)) },
	"respond": func(m *model) {
		c := m.client()
		m.respond(c, draw(m, "page", entryPages...), m.anyCode(c), draw(m, "checkbox", false, true))
	},
	"resend":     func(m *model) { m.resend(m.client(), draw(m, "page", append(entryPages, reauthPath)...)) },
	"start over": func(m *model) { m.startOver(m.client(), draw(m, "page", append(entryPages, reauthPath)...)) },
	"choose": func(m *model) {
		m.choose(m.client(), draw(m, "page", entryPages[0], reauthPath), draw(m, "method", "app", m.phoneID()))
	},
	"open reauthentication": func(m *model) { m.openReauth(m.client()) },
	"respond to reauthentication": func(m *model) {
		c := m.client()
		m.respondReauth(c, m.anyCode(c), draw(m, "checkbox", false, true), false)
	},
	"password of reauthentication": func(m *model) { m.respondReauth(m.client(), draw(m, "password", passwords...), false, true) },
	"sign out":                     func(m *model) { m.signOut(m.client()) },
	"open TOTP setup":              func(m *model) { m.openTOTPSetup(m.client()) },
	"press in TOTP setup": func(m *model) {
		c := m.client()
		m.pressTOTPSetup(c, draw(m, "button", "reset", "verify", "verify_code", "finish"), m.anyCode(c))
	},
	"remove TOTP":    func(m *model) { m.removeTOTP(m.client()) },
	"generate codes": func(m *model) { m.generateCodes(m.client()) },
	"confirm codes":  func(m *model) { m.confirmCodes(m.client()) },
	"add phone":      func(m *model) { m.addPhone(m.client(), draw(m, "number", numbers...)) },
	"verify phone":   func(m *model) { c := m.client(); m.verifyPhone(c, m.anyCode(c)) },
	"resend phone":   func(m *model) { m.resendPhone(m.client()) },
	"another phone":  func(m *model) { m.anotherPhone(m.client()) },
	"press at phone": func(m *model) {
		m.pressPhone(m.client(), draw(m, "button", "use", "use", "disable", "remove", "default"), m.phoneID())
	},
	"add passkey": func(m *model) {
		c := m.client()
		m.addPasskey(c, draw(m, "page of", c, c, c, m.client()), draw(m, "verifies", true, true, false), draw(m, "form for keys", false, true))
	},
	"rename passkey": func(m *model) { m.renamePasskey(m.client(), m.passkeyID()) },
	"remove passkey": func(m *model) { m.removePasskey(m.client(), m.passkeyID()) },
	"sign in with passkey": func(m *model) {
		if c := m.client(); len(m.passkeys) > 0 {
			m.signInWithPasskey(c, draw(m, "page of", c, c, c, m.client()), draw(m, "passkey", m.passkeys...))
		}
	},
	"respond with passkey": func(m *model) {
		if c := m.client(); len(m.passkeys) > 0 {
			m.respondWithPasskey(c, draw(m, "page", entryPages[0], reauthPath), draw(m, "passkey", m.passkeys...))
		}
	},
	"change password": func(m *model) {
		m.changePassword(m.client(), draw(m, "current", passwords...), draw(m, "password", passwords...), draw(m, "others", false, true))
	},
	"change email":        func(m *model) { m.changeEmail(m.client(), draw(m, "email", emails...)) },
	"verify email":        func(m *model) { c := m.client(); m.verifyEmail(c, m.anyCode(c)) },
	"cancel email change": func(m *model) { m.cancelEmailChange(m.client()) },
	"end session":         func(m *model) { m.endSession(m.client(), draw(m, "session", m.sessions...)) },
	"end others":          func(m *model) { m.endOthers(m.client()) },
	"connect app":         func(m *model) { m.connectApp(m.client(), draw(m, "button", "continue", "cancel")) },
	"complete app": func(m *model) {
		for _, c := range m.clients {
			m.connectApp(c, "continue")
			m.exchangeCode(m.lastGrant())
		}
	},
	"exchange code":  func(m *model) { m.exchangeCode(m.grant()) },
	"refresh tokens": func(m *model) { m.refreshTokens(m.grant(), false) },
	"refresh again":  func(m *model) { m.refreshTokens(m.grant(), true) },
	"disconnect app": func(m *model) { m.disconnectApp(m.client()) },
	"delete":         func(m *model) { m.deleteAccount(m.client(), draw(m, "confirm", emails...)) },
	"operate":        func(m *model) { m.operate(draw(m, "email", emails...), draw(m, "act", commands()...)) },
	"change role":    func(m *model) { m.changeRole(m.anyUser(), draw(m, "role", roles...)) },
	"change groups":  func(m *model) { m.changeGroups(m.anyUser(), draw(m, "groups", groupLists...)) },
	"open administration": func(m *model) {
		m.openAdmin(m.client(), "/admin/people", auth.RoleViewer, time.Hour)
	},
	"open form of administration": func(m *model) { m.openAdmin(m.client(), "/admin/settings", auth.RoleAdmin, adminActAge) },
	"administer":                  func(m *model) { m.anyAct(m.client()) },
	"complete act": func(m *model) {
		m.completeAct(m.client(), draw(m, "role", auth.RoleSupport, auth.RoleAdmin, auth.RoleAdmin))
	},
	"complete act again": func(m *model) { m.completeAct(m.client(), auth.RoleAdmin) },
	"open app":           func(m *model) { m.openApp(m.client(), draw(m, "page", protectedPages...)) },
	"open all apps": func(m *model) {
		p := draw(m, "page", protectedPages...)
		for _, c := range m.clients {
			m.openApp(c, p)
		}
	},
	"begin handover": func(m *model) { m.beginHandover(m.client(), draw(m, "page", protectedPages...)) },
	"complete handover": func(m *model) {
		if len(m.handovers) > 0 {
			m.completeHandover(m.client(), draw(m, "handover", m.handovers...), draw(m, "host", protectedHosts...))
		}
	},
	"lose cookie": func(m *model) { m.loseCookie(m.client(), m.client(), draw(m, "page", protectedPages...)) },
	"steal code":  func(m *model) { m.stealCode(m.client(), m.client(), draw(m, "page", protectedPages...)) },
	"copy cookie": func(m *model) {
		from, p := m.client(), draw(m, "page", protectedPages...)
		if draw(m, "open first", true, false) {
			m.openApp(from, p)
		}
		m.copyCookie(m.client(), from, draw(m, "at", protectedHosts...), p.host())
	},
	"disconnect host":        func(m *model) { m.disconnectHost(m.client(), draw(m, "host", protectedHosts...)) },
	"unauthorized":           (*model).unauthorized,
	"stale form":             (*model).staleForm,
	"replay":                 (*model).replay,
	"complete sign-in":       func(m *model) { m.completeSignIn(m.client()) },
	"complete sign-in again": func(m *model) { m.completeSignIn(m.client()) },
	"complete all sign-ins": func(m *model) {
		for _, c := range m.clients {
			m.completeSignIn(c)
		}
	},
	"complete reauthentication": func(m *model) { m.completeReauth(m.client()) },
	"complete TOTP setup":       func(m *model) { m.completeTOTPSetup(m.client()) },
	"complete phone setup":      func(m *model) { m.completePhoneSetup(m.client(), draw(m, "number", numbers...)) },
}

// draw picks one of the values, reproducibly.
func draw[T any](m *model, name string, from ...T) T {
	return from[rapid.IntRange(0, len(from)-1).Draw(m.t, name)]
}

func (m *model) client() *client { return draw(m, "browser", m.clients...) }

// anyUser returns a user, or one without an account.
func (m *model) anyUser() *user {
	return draw(m, "user", append(slices.Clone(m.users), &user{id: "nobody"})...)
}

// phoneID returns the id of any user's phone, or of none.
func (m *model) phoneID() string {
	ids := []string{"nophone"}
	for _, u := range m.users {
		for _, phone := range u.phones {
			ids = append(ids, phone.id)
		}
	}
	return draw(m, "phone", ids...)
}

// anyCode returns a code: the valid one here, one that is valid for something else or was valid
// before, or a wrong one.
func (m *model) anyCode(c *client) string {
	switch draw(m, "kind", "valid", "valid", "valid", "app", "sent", "sent", "wrong") {
	case "valid":
		return m.validCode(c)
	case "app":
		if len(m.totpKeys) > 0 {
			code, err := totpCodeAt(draw(m, "key", m.totpKeys...), m.site.clock().Add(draw(m, "skew", -time.Minute, -30*time.Second, 0, 30*time.Second)))
			if err != nil {
				m.t.Fatal(err)
			}
			return code
		}
	case "sent":
		if len(m.sentCodes) > 0 {
			return draw(m, "code", m.sentCodes...)
		}
	}
	return "000000"
}

// validCode returns the valid code for what the client is doing.
func (m *model) validCode(c *client) string {
	s, sent := m.session(c), (*sentCode)(nil)
	switch a := m.attempt(c); {
	case a != nil && a.owes() == "second" && len(a.user.backupCodes) > 0 && draw(m, "backup", false, false, true):
		return slices.Sorted(maps.Keys(a.user.backupCodes))[0]
	case a != nil && a.owes() == "second" && a.method() == "app":
		return m.site.totpCode(a.user.totpKey)
	case a != nil:
		sent = a.code
	case m.setupStep(s) == "verify":
		return m.site.totpCode(s.setup.key)
	case m.addingPhone(s):
		sent = s.code
	case m.pendingEmail(s) != nil:
		sent = s.user.emailChange.code
	}
	if sent == nil {
		return "000000"
	}
	return sent.text
}
