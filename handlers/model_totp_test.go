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
func (m *model) postGuarded(c *client, path, page string, form url.Values, right bool) (s *modelSession, done bool) {
	want := m.guard(c, page)
	if want == "" {
		want = outcomeIf(right)
	}
	s = m.session(c)
	return s, m.post(c, path, form, want)
}

// enrolment is the set-up of an app under way in a session.
func (m *model) totpSetup(s *modelSession) *totpSetup {
	if s == nil || s.setup == nil || !m.site.clock().Before(s.setup.expires) {
		return nil
	}
	return s.setup
}

// step is where a set-up stands.
func (m *model) setupStep(s *modelSession) string {
	e := m.totpSetup(s)
	switch {
	case e == nil:
		return ""
	case e.verified && e.madeCodes && !s.user.unsavedSince.IsZero() && m.site.clock().Sub(s.user.unsavedSince) < time.Hour:
		return "codes"
	case e.verified:
		return "success"
	case e.scanned:
		return "verify"
	}
	return "add"
}

// openApp opens the set-up of an app, which begins one.
func (m *model) openTOTPSetup(c *client) {
	if page := m.open(c, addPath, m.guard(c, "fresh")); page.status == http.StatusOK {
		m.noteTOTPSetup(m.session(c), page)
	}
}

// seesApp notes the set-up that its page shows, or began to show it.
func (m *model) noteTOTPSetup(s *modelSession, page *browser) {
	if m.totpSetup(s) == nil {
		s.setup = &totpSetup{expires: m.site.clock().Add(30 * time.Minute)}
	}
	if key := totpKeyPattern.FindString(page.body); key != "" && m.setupStep(s) == "add" {
		s.setup.key = key
		m.totpKeys = append(m.totpKeys, key)
	}
}

// moveApp presses a button of the set-up.
func (m *model) pressTOTPSetup(c *client, event, typed string) {
	at := m.setupStep(m.session(c))
	right := map[string]bool{
		"reset": at == "" || at == "add" || at == "verify" || at == "success", "verify": at == "add", "finish": at == "codes",
		"verify_code": at == "verify" && m.totpStep(m.session(c).setup.key, typed) > 0,
	}[event]
	step := int64(0)
	if event == "verify_code" && right {
		step = m.totpStep(m.session(c).setup.key, typed)
	}
	form := actionForm(event)
	if event == "verify_code" {
		form.Set("code", typed)
	}
	s, done := m.postGuarded(c, addPath, "fresh", form, right)
	if got := outcome(m.response); got == "refused" || got == "later" {
		m.noteTOTPSetup(s, m.response)
	}
	if !done {
		return
	}
	switch event {
	case "reset":
		s.setup = nil
		m.openTOTPSetup(c)
	case "verify":
		s.setup.scanned = true
	case "finish":
		s.user.unsavedSince = time.Time{}
	case "verify_code":
		on := s.user.hasMFA()
		s.user.totpKey, s.user.lastStep, s.setup.verified = s.setup.key, step, true
		if s.setup.madeCodes = m.factorAdded(s, on); s.setup.madeCodes {
			m.readNewCodes(c, addPath)
		}
	}
}

// newCodes reads a new set of backup codes from the page that shows it.
func (m *model) readNewCodes(c *client, path string) {
	page, u := m.open(c, path, ""), m.session(c).user
	u.backupCodes, u.unsavedSince = map[string]bool{}, m.site.clock()
	for _, code := range page.parse().backupCodes() {
		u.backupCodes[strings.ReplaceAll(code, "-", "")] = true
		m.sentCodes = append(m.sentCodes, code)
	}
}

func (m *model) generateCodes(c *client) {
	s := m.session(c)
	if _, done := m.postGuarded(c, codesPath, "fresh", actionForm("generate"), s != nil && s.user.hasMFA()); done {
		m.readNewCodes(c, codesPath)
	}
}

func (m *model) confirmCodes(c *client) {
	s := m.session(c)
	if _, done := m.postGuarded(c, codesPath, "fresh", actionForm("done"), s != nil && !s.user.unsavedSince.IsZero()); done {
		s.user.unsavedSince = time.Time{}
	}
}

func (m *model) removeTOTP(c *client) {
	s := m.session(c)
	if _, done := m.postGuarded(c, "/account/manage-mfa/remove-totp", "fresh", actionForm("remove"), s != nil && s.user.totpKey != ""); done {
		s.user.totpKey = ""
		m.endTOTPSetups(s.user)
		m.factorRemoved(s.user, s)
	}
}

func (m *model) endTOTPSetups(u *user) {
	for _, s := range m.sessions {
		if s.user == u {
			s.setup = nil
		}
	}
}
