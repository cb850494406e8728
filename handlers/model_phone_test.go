package handlers_test

import (
	"net/url"
	"time"
)

// Phones, and what must come of what is done with them.

func (m *model) hasNumber(s *modelSession, number string) bool {
	for _, phone := range s.who.phones {
		if phone.number == number {
			return true
		}
	}
	return false
}

func (m *model) addPhone(c *client, number string) {
	s, since := m.session(c), len(m.w.sent)
	if _, done := m.change(c, phonePath, "fresh", action("continue", "phone", number), s != nil && !m.hasNumber(s, number)); done {
		s.number, s.numberExpires, s.code = number, m.w.clock().Add(30*time.Minute), m.sent(since, number)
	}
}

// adding says whether a number is being added in a session.
func (m *model) adding(s *modelSession) bool {
	return s != nil && s.number != "" && m.w.clock().Before(s.numberExpires)
}

func (m *model) resendPhone(c *client) {
	s, since := m.session(c), len(m.w.sent)
	if _, done := m.change(c, phonePath, "fresh", action("resend"), m.adding(s)); done {
		s.code = m.sent(since, s.number)
	}
}

func (m *model) anotherPhone(c *client) {
	if s, done := m.change(c, phonePath, "fresh", action("another"), true); done {
		s.number = ""
	}
}

func (m *model) verifyPhone(c *client, typed string) {
	s, right, spend := m.session(c), false, func() {}
	if m.adding(s) {
		right, spend = m.takesSent(s.code, s.number, typed)
	}
	_, done := m.change(c, phonePath, "fresh", action("verify", "code", typed), right && !m.hasNumber(s, s.number))
	if got := outcome(m.answer); got == "done" || got == "refused" {
		spend()
	}
	if done {
		to, _ := url.Parse(m.answer.header.Get("Location"))
		s.who.phones = append(s.who.phones, &modelPhone{id: to.Query().Get("added"), number: s.number, added: m.w.clock()})
		s.number = ""
	}
}

// withPhone does with a phone of somebody what its pages offer. Another
// person's phone is not there.
func (m *model) withPhone(c *client, act, id string) {
	page, form, s := "fresh", action(act), m.session(c)
	if act == "default" {
		page = "signed in"
	}
	want := m.guard(c, page)
	var phone *modelPhone
	if s != nil {
		phone = s.who.phone(id)
	}
	switch {
	case want != "":
	case phone == nil:
		want = "not found"
	default:
		want = wanted(act == "remove" || (act == "use") == phone.reserved.IsZero())
	}
	if !m.post(c, "/account/manage-mfa/phones/"+id+"/"+act, form, want) {
		return
	}
	p, on, reserved := s.who, s.who.on(), !phone.reserved.IsZero()
	switch act {
	case "use":
		phone.reserved = m.w.clock()
		if m.factorAdded(s, on) {
			m.newCodes(c, codesPath)
		}
		return
	case "default":
		for _, other := range p.phones {
			other.first = other == phone
		}
		return
	case "disable":
		phone.reserved, phone.first = time.Time{}, false
	case "remove":
		kept := p.phones[:0]
		for _, other := range p.phones {
			if other != phone {
				kept = append(kept, other)
			}
		}
		p.phones = kept
	}
	if reserved {
		m.factorRemoved(p, s)
	}
}
