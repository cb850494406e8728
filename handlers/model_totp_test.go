package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Actions on TOTP and backup codes, with the expected outcome.

const (
	addPath   = "/account/manage-mfa/add"
	codesPath = "/account/manage-mfa/backup-codes"
	phonePath = "/account/add-phone"
)

// postGuarded posts a form to a page with a guard.
func (m *model) postGuarded(c *client, path, page string, form url.Values, valid bool) (s *modelSession, done bool) {
	want := m.guard(c, page)
	if want == "" {
		want = outcomeIf(valid)
	}
	s = m.session(c)
	return s, m.post(c, path, form, want)
}

// totpSetup returns a session's TOTP setup, or nil if there is none.
func (m *model) totpSetup(s *modelSession) *totpSetup {
	if s == nil || s.setup == nil || !m.site.clock().Before(s.setup.expires) {
		return nil
	}
	return s.setup
}

// setupStep returns the step of a session's TOTP setup.
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

// openTOTPSetup opens the setup's page, which begins a setup.
func (m *model) openTOTPSetup(c *client) {
	if page := m.open(c, addPath, m.guard(c, "fresh")); page.status == http.StatusOK {
		m.noteTOTPSetup(m.session(c), page)
	}
}

// noteTOTPSetup records the setup that its page shows or has begun.
func (m *model) noteTOTPSetup(s *modelSession, page *browser) {
	if m.totpSetup(s) == nil {
		s.setup = &totpSetup{expires: m.site.clock().Add(30 * time.Minute)}
	}
	if key := totpKeyPattern.FindString(page.body); key != "" && m.setupStep(s) == "add" {
		s.setup.key = key
		m.totpKeys = append(m.totpKeys, key)
	}
}

// pressTOTPSetup presses a button of the setup.
func (m *model) pressTOTPSetup(c *client, button, typed string) {
	at := m.setupStep(m.session(c))
	valid := map[string]bool{
		"reset": at == "" || at == "add" || at == "verify" || at == "success", "verify": at == "add", "finish": at == "codes",
		"verify_code": at == "verify" && m.totpStep(m.session(c).setup.key, typed) > 0,
	}[button]
	if e := m.totpSetup(m.session(c)); button == "verify_code" && e != nil && m.postedTwice(e.verifiedAt) {
		m.postGuarded(c, addPath, "fresh", actionForm(button, "code", typed), true)
		return
	}
	step := int64(0)
	if button == "verify_code" && valid {
		step = m.totpStep(m.session(c).setup.key, typed)
	}
	form := actionForm(button)
	if button == "verify_code" {
		form.Set("code", typed)
	}
	s, done := m.postGuarded(c, addPath, "fresh", form, valid)
	if got := outcome(m.response); got == "refused" || got == "limited" {
		m.noteTOTPSetup(s, m.response)
	}
	if !done {
		return
	}
	switch button {
	case "reset":
		s.setup = nil
		m.openTOTPSetup(c)
	case "verify":
		s.setup.scanned = true
	case "finish":
		s.user.unsavedSince = time.Time{}
	case "verify_code":
		hadMFA := s.user.hasMFA()
		if s.user.totpKey != "" { // the replaced app may have signed them in
			m.endSessions(s.user, s)
		}
		s.user.totpKey, s.user.lastStep, s.setup.verified, s.setup.verifiedAt = s.setup.key, step, true, m.site.clock()
		if s.setup.madeCodes = m.factorAdded(s, hadMFA, true); s.setup.madeCodes {
			m.readNewCodes(c, addPath)
		}
	}
}

// readNewCodes reads a new set of backup codes from its page.
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
