package handlers_test

import (
	"net/url"
	"time"
)

// Phones, and what must come of what is done with them.

func (m *model) hasNumber(s *modelSession, number string) bool {
	for _, phone := range s.user.phones {
		if phone.number == number {
			return true
		}
	}
	return false
}

func (m *model) addPhone(c *client, number string) {
	s, since := m.session(c), len(m.site.delivered)
	if _, done := m.postGuarded(c, phonePath, "fresh", actionForm("continue", "phone", number), s != nil && !m.hasNumber(s, number)); done {
		s.newNumber, s.numberExpires, s.code = number, m.site.clock().Add(30*time.Minute), m.sent(since, number)
	}
}

// adding says whether a number is being added in a session.
func (m *model) addingPhone(s *modelSession) bool {
	return s != nil && s.newNumber != "" && m.site.clock().Before(s.numberExpires)
}

func (m *model) resendPhone(c *client) {
	s, since := m.session(c), len(m.site.delivered)
	if _, done := m.postGuarded(c, phonePath, "fresh", actionForm("resend"), m.addingPhone(s)); done {
		s.code = m.sent(since, s.newNumber)
	}
}

func (m *model) anotherPhone(c *client) {
	if s, done := m.postGuarded(c, phonePath, "fresh", actionForm("another"), true); done {
		s.newNumber = ""
	}
}

func (m *model) verifyPhone(c *client, typed string) {
	s, right, spend := m.session(c), false, func() {}
	if m.addingPhone(s) {
		right, spend = m.checkSentCode(s.code, s.newNumber, typed)
	}
	_, done := m.postGuarded(c, phonePath, "fresh", actionForm("verify", "code", typed), right && !m.hasNumber(s, s.newNumber))
	if got := outcome(m.response); got == "done" || got == "refused" {
		spend()
	}
	if done {
		to, _ := url.Parse(m.response.header.Get("Location"))
		s.user.phones = append(s.user.phones, &modelPhone{id: to.Query().Get("added"), number: s.newNumber, addedAt: m.site.clock()})
		s.newNumber = ""
	}
}

// withPhone does with a phone of somebody what its pages offer. Another
// person's phone is not there.
func (m *model) pressPhone(c *client, act, id string) {
	page, form, s := "fresh", actionForm(act), m.session(c)
	if act == "default" {
		page = "signed in"
	}
	want := m.guard(c, page)
	var phone *modelPhone
	if s != nil {
		phone = s.user.phone(id)
	}
	switch {
	case want != "":
	case phone == nil:
		want = "not found"
	default:
		want = outcomeIf(act == "remove" || (act == "use") == phone.reservedAt.IsZero())
	}
	if !m.post(c, "/account/manage-mfa/phones/"+id+"/"+act, form, want) {
		return
	}
	u, on, reserved := s.user, s.user.hasMFA(), !phone.reservedAt.IsZero()
	switch act {
	case "use":
		phone.reservedAt = m.site.clock()
		if m.factorAdded(s, on) {
			m.readNewCodes(c, codesPath)
		}
		return
	case "default":
		for _, other := range u.phones {
			other.isDefault = other == phone
		}
		return
	case "disable":
		phone.reservedAt, phone.isDefault = time.Time{}, false
	case "remove":
		kept := u.phones[:0]
		for _, other := range u.phones {
			if other != phone {
				kept = append(kept, other)
			}
		}
		u.phones = kept
	}
	if reserved {
		m.factorRemoved(u, s)
	}
}
