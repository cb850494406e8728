package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Responses to the challenges of an attempt, at an entry page or in re-authentication, with the
// expected outcome.

// checkResponse reports whether a response to an attempt is valid. The caller calls spend once
// the site has checked the response.
func (m *model) checkResponse(a *modelAttempt, typed string, checked bool) (valid bool, spend func()) {
	plain := strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(typed))
	switch step := a.owes(); {
	case step == "password":
		return typed == a.user.password, func() {}
	case step == "email":
		return m.checkSentCode(a.code, a.email, plain)
	case step != "second" || plain == "":
		return false, func() {}
	case len(a.user.backupCodes) > 0 && (checked || len(plain) == 16):
		return a.user.backupCodes[plain], func() { delete(a.user.backupCodes, plain) }
	case a.method() == "passkey":
		return false, func() {}
	case a.method() == "app":
		step := m.totpStep(a.user.totpKey, plain)
		return step > a.user.lastStep, func() { a.user.lastStep = max(a.user.lastStep, step) }
	}
	return m.checkSentCode(a.code, a.user.phone(a.method()).number, plain)
}

// checkSentCode is checkResponse for a sent code, which has five attempts.
func (m *model) checkSentCode(c *sentCode, to, typed string) (valid bool, spend func()) {
	if c == nil || typed == "" {
		return false, func() {}
	}
	valid = c.attempts < 5 && c.to == to && m.site.clock().Before(c.expires) && c.text == typed
	return valid, func() {
		if c.attempts++; valid {
			c.attempts = 5
		}
	}
}

// totpStep returns the newest step near now with that code, or zero.
func (m *model) totpStep(key, typed string) int64 {
	for _, offset := range []int64{1, 0, -1} {
		at := m.site.clock().Add(time.Duration(offset) * 30 * time.Second)
		if code, err := totpCodeAt(key, at); err == nil && code == typed {
			return at.Unix() / 30
		}
	}
	return 0
}

func (m *model) resend(c *client, path string) {
	a, since := m.attempt(c), len(m.site.delivered)
	to := ""
	switch {
	case a == nil:
	case a.owes() == "email":
		to = a.email
	case a.owes() == "second" && a.user.phone(a.method()) != nil:
		to = a.user.phone(a.method()).number
	}
	if m.postChallenge(c, path, a, actionForm("resend"), to != "") {
		if a.code = m.sent(since, to); a.owes() == "second" {
			a.chosen = a.method()
		}
	}
}

func (m *model) choose(c *client, path, method string) {
	a, since := m.attempt(c), len(m.site.delivered)
	form := actionForm("use:sms:" + method)
	if method == "app" {
		form = actionForm("use:totp")
	}
	valid := a != nil && a.owes() == "second" && slices.Contains(a.methods(), method)
	if m.postChallenge(c, path, a, form, valid) {
		a.chosen = method
		if phone := a.user.phone(method); phone != nil {
			a.code = m.sent(since, phone.number)
		}
	}
}

func (m *model) startOver(c *client, path string) {
	a := m.attempt(c)
	if m.postChallenge(c, path, a, actionForm("start_over"), true) {
		c.attempt = nil
	}
}

// postChallenge is postEntry that also accepts the page for re-authentication.
func (m *model) postChallenge(c *client, path string, a *modelAttempt, form url.Values, valid bool) (done bool) {
	if path != reauthPath {
		return m.postEntry(c, path, form, valid)
	}
	if guard := m.guard(c, "verify"); guard != "" {
		return m.post(c, path, form, guard)
	}
	done = m.post(c, path, form, outcomeIf(valid && a != nil && a.session != nil))
	m.beginReauth(c, done)
	return done
}

const reauthPath = "/account/verify"

// beginReauth records that showing the page for re-authentication has begun an attempt, if there
// was none.
func (m *model) beginReauth(c *client, redirected bool) {
	s, a := m.session(c), m.attempt(c)
	if !redirected && s != nil && (a == nil || a.session != s) {
		m.beginAttempt(c, modelAttempt{purpose: "reauthentication", user: s.user, session: s})
	}
}

func (m *model) openReauth(c *client) {
	page := m.open(c, reauthPath, m.guard(c, "verify"))
	m.beginReauth(c, page.status != http.StatusOK)
}

// respondReauth responds to a re-authentication with a password or a code.
func (m *model) respondReauth(c *client, typed string, checked, password bool) {
	form := actionForm("verify", "code", typed)
	if checked {
		form.Set("backupcode", "1")
	}
	if password {
		form = actionForm("continue", "password", typed)
	}
	a, valid, spend := m.attempt(c), false, func() {}
	if a != nil && a.session != nil && (!password || a.owes() == "password") {
		valid, spend = m.checkResponse(a, typed, checked)
	}
	want := m.guard(c, "verify")
	if want == "" {
		want = outcomeIf(valid)
	}
	step := ""
	if a != nil && a.session != nil {
		step = a.owes()
	}
	done := m.post(c, reauthPath, form, want)
	if outcome(m.response) != "limited" && m.session(c) != nil {
		spend()
	}
	if m.beginReauth(c, done); !done {
		return
	}
	m.reauthenticated(c, step)
}

// reauthenticated records that a client has completed a re-authentication by its only step.
func (m *model) reauthenticated(c *client, step string) {
	s, now := c.session, m.site.clock()
	if step == "password" {
		s.passwordAt, s.bothInOne = now, false
	} else {
		s.mfaAt, s.second = now, true
	}
	s.startedAt, s.lastSeen, c.attempt = now, now, nil
	m.tokenReplaced(c)
}

// demandReauth records that a page that demands two factors has redirected to the page for
// re-authentication. That has begun an attempt, or set the demand of the one that was begun in
// the same half hour.
func (m *model) demandReauth(c *client, redirect *browser) {
	const period = 30 * time.Minute
	if a := m.attempt(c); a == nil || !a.beganAt.Truncate(period).Equal(m.site.clock().Truncate(period)) {
		m.beginAttempt(c, modelAttempt{purpose: "reauthentication", user: c.session.user, session: c.session})
	}
	c.attempt.expires, c.attempt.url = m.site.clock().Add(period), redirect.header.Get("Location")
}

// urlOf returns a path with the query that it has for the client.
func (m *model) urlOf(c *client, path string) string {
	if a := m.attempt(c); a != nil && path == reauthPath && a.url != "" {
		return a.url
	}
	return path
}

// open loads a page and compares its outcome with the expected one of the guard, which is empty
// if the client has access.
func (m *model) open(c *client, path, guard string) *browser {
	m.t.Helper()
	page := c.fetchRaw(http.MethodGet, m.urlOf(c, path), nil)
	got := outcome(page)
	m.t.Logf("%s opens %s: %s (%s)", c.remoteAddr, path, got, guard)
	if got == "status 200" || got == "done" || got == "password first" && guard == "" {
		got = ""
	}
	if got != guard && got != "limited" {
		m.t.Fatalf("%s: %q (%d), want %q", path, got, page.status, guard)
	}
	if s := m.session(c); s != nil {
		s.lastSeen = m.site.clock()
	}
	return page
}
