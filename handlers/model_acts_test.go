package handlers_test

import (
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// modelActs is all that can happen. Some go a right way to its end, so that
// the others meet accounts in every state.
var modelActs = map[string]func(*model){
	"wait": func(m *model) {
		m.w.wait(draw(m, "for", 29*time.Second, 29*time.Second, 3*time.Minute, 11*time.Minute, 40*time.Minute, 3*time.Hour))
	},
	"sign in": func(m *model) {
		m.signIn(m.client(), draw(m, "email", addresses...), draw(m, "password", passwords...))
	},
	"sign up":      func(m *model) { m.signUp(m.client(), draw(m, "email", addresses...), passwords[0]) },
	"forgot":       func(m *model) { m.forgot(m.client(), draw(m, "email", addresses...)) },
	"set password": func(m *model) { m.setPassword(m.client(), draw(m, "password", passwords...)) },
	"reply": func(m *model) {
		c := m.client()
		m.reply(c, draw(m, "door", doors...), m.answerOf(c), draw(m, "ticked", false, true))
	},
	"resend":     func(m *model) { m.resend(m.client(), draw(m, "page", append(doors, verifyPath)...)) },
	"start over": func(m *model) { m.startOver(m.client(), draw(m, "page", append(doors, verifyPath)...)) },
	"choose": func(m *model) {
		m.choose(m.client(), draw(m, "page", doors[0], verifyPath), draw(m, "method", "app", m.phoneID()))
	},
	"asked anew": func(m *model) { m.askedAnew(m.client()) },
	"reply anew": func(m *model) {
		c := m.client()
		m.replyAnew(c, m.answerOf(c), draw(m, "ticked", false, true), false)
	},
	"password anew": func(m *model) { m.replyAnew(m.client(), draw(m, "password", passwords...), false, true) },
	"sign out":      func(m *model) { m.signOut(m.client()) },
	"open app":      func(m *model) { m.openApp(m.client()) },
	"move app": func(m *model) {
		c := m.client()
		m.moveApp(c, draw(m, "event", "reset", "verify", "verify_code", "finish"), m.answerOf(c))
	},
	"remove app":     func(m *model) { m.removeApp(m.client()) },
	"generate codes": func(m *model) { m.generateCodes(m.client()) },
	"codes seen":     func(m *model) { m.seenCodes(m.client()) },
	"add phone":      func(m *model) { m.addPhone(m.client(), draw(m, "number", numbers...)) },
	"verify phone":   func(m *model) { c := m.client(); m.verifyPhone(c, m.answerOf(c)) },
	"resend phone":   func(m *model) { m.resendPhone(m.client()) },
	"another phone":  func(m *model) { m.anotherPhone(m.client()) },
	"with phone": func(m *model) {
		m.withPhone(m.client(), draw(m, "act", "use", "use", "disable", "remove", "default"), m.phoneID())
	},
	"change password": func(m *model) {
		m.changePassword(m.client(), draw(m, "current", passwords...), draw(m, "password", passwords...), draw(m, "others", false, true))
	},
	"move":        func(m *model) { m.moveTo(m.client(), draw(m, "email", addresses...)) },
	"prove move":  func(m *model) { c := m.client(); m.proveMove(c, m.answerOf(c)) },
	"stop move":   func(m *model) { m.stopMove(m.client()) },
	"end session": func(m *model) { m.endSession(m.client(), draw(m, "session", m.sessions...)) },
	"end others":  func(m *model) { m.endOthers(m.client()) },
	"delete":      func(m *model) { m.deleteAccount(m.client(), draw(m, "confirm", addresses...)) },
	"operate":     func(m *model) { m.operate(draw(m, "email", addresses...)) },
	"trespass":    (*model).trespass,
	"old form":    (*model).oldForm,
	"replay":      (*model).replay,
	"come in":     func(m *model) { m.comeIn(m.client()) },
	"come in too": func(m *model) { m.comeIn(m.client()) },
	"all come in": func(m *model) {
		for _, c := range m.clients {
			m.comeIn(c)
		}
	},
	"verify anew": func(m *model) { m.verifyAnew(m.client()) },
	"add app":     func(m *model) { m.addApp(m.client()) },
	"reserve":     func(m *model) { m.reserve(m.client(), draw(m, "number", numbers...)) },
}

// draw picks one of some; the same run draws the same.
func draw[T any](m *model, name string, from ...T) T {
	return from[rapid.IntRange(0, len(from)-1).Draw(m.t, name)]
}

func (m *model) client() *client { return draw(m, "browser", m.clients...) }

// phoneID is that of any phone, whoever has it, or of none.
func (m *model) phoneID() string {
	ids := []string{"nophone"}
	for _, p := range m.people {
		for _, phone := range p.phones {
			ids = append(ids, phone.id)
		}
	}
	return draw(m, "phone", ids...)
}

// answerOf is something to type where a code is asked: what is right here, or
// right elsewhere, or was right once.
func (m *model) answerOf(c *client) string {
	switch draw(m, "answer", "right", "right", "right", "app", "sent", "sent", "none") {
	case "right":
		return m.rightAnswer(c)
	case "app":
		if len(m.keys) > 0 {
			code, err := appCode(draw(m, "key", m.keys...), m.w.clock().Add(draw(m, "away", -time.Minute, -30*time.Second, 0, 30*time.Second)))
			if err != nil {
				m.t.Fatal(err)
			}
			return code
		}
	case "sent":
		if len(m.codes) > 0 {
			return draw(m, "code", m.codes...)
		}
	}
	return "000000"
}

// rightAnswer is what would be right for what is under way in a browser.
func (m *model) rightAnswer(c *client) string {
	s, sent := m.session(c), (*sentCode)(nil)
	switch a := m.attempt(c); {
	case a != nil && a.asks() == "second" && len(a.who.codes) > 0 && draw(m, "backup", false, false, true):
		return slices.Sorted(maps.Keys(a.who.codes))[0]
	case a != nil && a.asks() == "second" && a.method() == "app":
		return m.w.app(a.who.app)
	case a != nil:
		sent = a.code
	case m.step(s) == "verify":
		return m.w.app(s.app.key)
	case m.adding(s):
		sent = s.code
	case m.moves(s) != nil:
		sent = s.who.moving.code
	}
	if sent == nil {
		return "000000"
	}
	return sent.text
}
