package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Answers to what is asked, at a way in or anew, and what must come of them.

// takes says whether an answer to an attempt is right, and what becomes of it
// once it was looked at.
func (m *model) checkResponse(a *modelAttempt, typed string, ticked bool) (right bool, spend func()) {
	plain := strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(typed))
	switch step := a.owes(); {
	case step == "password":
		return typed == a.user.password, func() {}
	case step == "email":
		return m.checkSentCode(a.code, a.email, plain)
	case step != "second" || plain == "":
		return false, func() {}
	case len(a.user.backupCodes) > 0 && (ticked || len(plain) == 16):
		return a.user.backupCodes[plain], func() { delete(a.user.backupCodes, plain) }
	case a.method() == "app":
		step := m.totpStep(a.user.totpKey, plain)
		return step > a.user.lastStep, func() { a.user.lastStep = max(a.user.lastStep, step) }
	}
	return m.checkSentCode(a.code, a.user.phone(a.method()).number, plain)
}

// takesSent is takes for a code that was sent somewhere: it has five tries.
func (m *model) checkSentCode(c *sentCode, to, typed string) (right bool, spend func()) {
	if c == nil || typed == "" {
		return false, func() {}
	}
	right = c.tries < 5 && c.to == to && m.site.clock().Before(c.expires) && c.text == typed
	return right, func() {
		if c.tries++; right {
			c.tries = 5
		}
	}
}

// appStep is the newest step near now whose code was typed, or zero.
func (m *model) totpStep(key, typed string) int64 {
	for _, away := range []int64{1, 0, -1} {
		at := m.site.clock().Add(time.Duration(away) * 30 * time.Second)
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
	right := a != nil && a.owes() == "second" && slices.Contains(a.methods(), method)
	if m.postChallenge(c, path, a, form, right) {
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

// atDoorOrVerifying is atDoor, or the same on the page that asks anew who it is.
func (m *model) postChallenge(c *client, path string, a *modelAttempt, form url.Values, right bool) (done bool) {
	if path != reauthPath {
		return m.postEntry(c, path, form, right)
	}
	if guard := m.guard(c, "verify"); guard != "" {
		return m.post(c, path, form, guard)
	}
	done = m.post(c, path, form, outcomeIf(right && a != nil && a.session != nil))
	m.beginReauth(c, done)
	return done
}

const reauthPath = "/account/verify"

// begunAnew notes that the page that asks anew has begun a way through it,
// where it is shown and there is none.
func (m *model) beginReauth(c *client, left bool) {
	s, a := m.session(c), m.attempt(c)
	if !left && s != nil && (a == nil || a.session != s) {
		m.beginAttempt(c, modelAttempt{purpose: "reauthentication", user: s.user, session: s})
	}
}

// askedAnew opens the page that asks anew who it is.
func (m *model) openReauth(c *client) {
	page := m.open(c, reauthPath, m.guard(c, "verify"))
	m.beginReauth(c, page.status != http.StatusOK)
}

// replyAnew answers there, a password or a code.
func (m *model) respondReauth(c *client, typed string, ticked, password bool) {
	form := actionForm("verify", "code", typed)
	if ticked {
		form.Set("backupcode", "1")
	}
	if password {
		form = actionForm("continue", "password", typed)
	}
	a, right, spend := m.attempt(c), false, func() {}
	if a != nil && a.session != nil && (!password || a.owes() == "password") {
		right, spend = m.checkResponse(a, typed, ticked)
	}
	want := m.guard(c, "verify")
	if want == "" {
		want = outcomeIf(right)
	}
	first := a != nil && a.session != nil && a.owes() == "password"
	done := m.post(c, reauthPath, form, want)
	if outcome(m.response) != "later" && m.session(c) != nil {
		spend()
	}
	if m.beginReauth(c, done); !done {
		return
	}
	s, now := a.session, m.site.clock()
	if first {
		s.passwordAt = now
	} else {
		s.mfaAt = now
	}
	s.startedAt, s.lastSeen, c.attempt = now, now, nil
	m.tokenReplaced(c)
}

// open loads a page and compares where it leads; guard is empty where the
// client may see it.
func (m *model) open(c *client, path, guard string) *browser {
	m.t.Helper()
	page := c.fetchRaw(http.MethodGet, path, nil)
	got := outcome(page)
	m.t.Logf("%s opens %s: %s (%s)", c.remoteAddr, path, got, guard)
	if got == "answered 200" || got == "done" || got == "password first" && guard == "" {
		got = ""
	}
	if got != guard && got != "later" {
		m.t.Fatalf("%s: %q (%d), but it must be %q", path, got, page.status, guard)
	}
	if s := m.session(c); s != nil {
		s.lastSeen = m.site.clock()
	}
	return page
}
