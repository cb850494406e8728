package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Apps and backup codes, and what must come of what is done with them.

const (
	addPath   = "/account/manage-mfa/add"
	codesPath = "/account/manage-mfa/backup-codes"
	phonePath = "/account/add-phone"
)

// change posts a form that changes something, where the guard lets it.
func (m *model) change(c *client, path, page string, form url.Values, right bool) (s *modelSession, done bool) {
	want := m.guard(c, page)
	if want == "" {
		want = wanted(right)
	}
	s = m.session(c)
	return s, m.post(c, path, form, want)
}

// enrolment is the set-up of an app under way in a session.
func (m *model) enrolment(s *modelSession) *enrolment {
	if s == nil || s.app == nil || !m.w.clock().Before(s.app.expires) {
		return nil
	}
	return s.app
}

// step is where a set-up stands.
func (m *model) step(s *modelSession) string {
	e := m.enrolment(s)
	switch {
	case e == nil:
		return ""
	case e.verified && e.made && !s.who.unseen.IsZero() && m.w.clock().Sub(s.who.unseen) < time.Hour:
		return "codes"
	case e.verified:
		return "success"
	case e.scanned:
		return "verify"
	}
	return "add"
}

// openApp opens the set-up of an app, which begins one.
func (m *model) openApp(c *client) {
	if page := m.open(c, addPath, m.guard(c, "fresh")); page.status == http.StatusOK {
		m.seesApp(m.session(c), page)
	}
}

// seesApp notes the set-up that its page shows, or began to show it.
func (m *model) seesApp(s *modelSession, page *browser) {
	if m.enrolment(s) == nil {
		s.app = &enrolment{expires: m.w.clock().Add(30 * time.Minute)}
	}
	if key := keyText.FindString(page.body); key != "" && m.step(s) == "add" {
		s.app.key = key
		m.keys = append(m.keys, key)
	}
}

// moveApp presses a button of the set-up.
func (m *model) moveApp(c *client, event, typed string) {
	at := m.step(m.session(c))
	right := map[string]bool{
		"reset": at == "" || at == "add" || at == "verify" || at == "success", "verify": at == "add", "finish": at == "codes",
		"verify_code": at == "verify" && m.appStep(m.session(c).app.key, typed) > 0,
	}[event]
	step := int64(0)
	if event == "verify_code" && right {
		step = m.appStep(m.session(c).app.key, typed)
	}
	form := action(event)
	if event == "verify_code" {
		form.Set("code", typed)
	}
	s, done := m.change(c, addPath, "fresh", form, right)
	if got := outcome(m.answer); got == "refused" || got == "later" {
		m.seesApp(s, m.answer)
	}
	if !done {
		return
	}
	switch event {
	case "reset":
		s.app = nil
		m.openApp(c)
	case "verify":
		s.app.scanned = true
	case "finish":
		s.who.unseen = time.Time{}
	case "verify_code":
		on := s.who.on()
		s.who.app, s.who.step, s.app.verified = s.app.key, step, true
		if s.app.made = m.factorAdded(s, on); s.app.made {
			m.newCodes(c, addPath)
		}
	}
}

// newCodes reads a new set of backup codes from the page that shows it.
func (m *model) newCodes(c *client, path string) {
	page, p := m.open(c, path, ""), m.session(c).who
	p.codes, p.unseen = map[string]bool{}, m.w.clock()
	for _, code := range page.read().codes() {
		p.codes[strings.ReplaceAll(code, "-", "")] = true
		m.codes = append(m.codes, code)
	}
}

func (m *model) generateCodes(c *client) {
	s := m.session(c)
	if _, done := m.change(c, codesPath, "fresh", action("generate"), s != nil && s.who.on()); done {
		m.newCodes(c, codesPath)
	}
}

func (m *model) seenCodes(c *client) {
	s := m.session(c)
	if _, done := m.change(c, codesPath, "fresh", action("done"), s != nil && !s.who.unseen.IsZero()); done {
		s.who.unseen = time.Time{}
	}
}

func (m *model) removeApp(c *client) {
	s := m.session(c)
	if _, done := m.change(c, "/account/manage-mfa/remove-totp", "fresh", action("remove"), s != nil && s.who.app != ""); done {
		s.who.app = ""
		m.forgetApps(s.who)
		m.factorRemoved(s.who, s)
	}
}

func (m *model) forgetApps(p *person) {
	for _, s := range m.sessions {
		if s.who == p {
			s.app = nil
		}
	}
}
