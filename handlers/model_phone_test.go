package handlers_test

import (
	"net/url"
	"slices"
	"time"
)

// Actions on phones, with the expected outcome.

func (m *model) hasNumber(s *modelSession, number string) bool {
	return slices.ContainsFunc(s.user.phones, func(phone *modelPhone) bool { return phone.number == number })
}

func (m *model) addPhone(c *client, number string) {
	s, since := m.session(c), len(m.site.delivered)
	if _, done := m.postGuarded(c, phonePath, "fresh", actionForm("continue", "phone", number), s != nil && !m.hasNumber(s, number)); done {
		s.newNumber, s.numberExpires, s.code = number, m.site.clock().Add(30*time.Minute), m.sent(since, number)
	}
}

// addingPhone reports whether a number is being added in a session.
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
	s, valid, spend := m.session(c), false, func() {}
	if m.addingPhone(s) {
		valid, spend = m.checkSentCode(s.code, s.newNumber, typed)
	}
	if s != nil && !m.addingPhone(s) && slices.ContainsFunc(s.user.phones, func(phone *modelPhone) bool { return m.postedTwice(phone.addedAt) }) {
		m.postGuarded(c, phonePath, "fresh", actionForm("verify", "code", typed), true)
		return
	}
	_, done := m.postGuarded(c, phonePath, "fresh", actionForm("verify", "code", typed), valid && !m.hasNumber(s, s.newNumber))
	if got := outcome(m.response); got == "done" || got == "refused" {
		spend()
	}
	if done {
		to, _ := url.Parse(m.response.header.Get("Location"))
		s.user.phones = append(s.user.phones, &modelPhone{id: to.Query().Get("added"), number: s.newNumber, addedAt: m.site.clock()})
		s.newNumber = ""
	}
}

// pressPhone presses a button of a phone. Another user's phone is not found.
func (m *model) pressPhone(c *client, action, id string) {
	page, form, s := "fresh", actionForm(action), m.session(c)
	if action == "default" {
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
		want = outcomeIf(action == "remove" || (action == "use") == phone.reservedAt.IsZero())
	}
	if !m.post(c, "/account/manage-mfa/phones/"+id+"/"+action, form, want) {
		return
	}
	u, hadMFA, reserved := s.user, s.user.hasMFA(), !phone.reservedAt.IsZero()
	switch action {
	case "use":
		phone.reservedAt = m.site.clock()
		if m.factorAdded(s, hadMFA, !phone.addedAt.Before(s.startedAt)) {
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
		u.phones = slices.DeleteFunc(u.phones, func(other *modelPhone) bool { return other == phone })
	}
	if reserved {
		m.factorRemoved(u, s)
	}
}
