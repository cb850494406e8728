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
func (m *model) takes(a *modelAttempt, typed string, ticked bool) (right bool, spend func()) {
	plain := strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(typed))
	switch step := a.asks(); {
	case step == "password":
		return typed == a.who.password, func() {}
	case step == "email":
		return m.takesSent(a.code, a.email, plain)
	case step != "second" || plain == "":
		return false, func() {}
	case len(a.who.codes) > 0 && (ticked || len(plain) == 16):
		return a.who.codes[plain], func() { delete(a.who.codes, plain) }
	case a.method() == "app":
		step := m.appStep(a.who.app, plain)
		return step > a.who.step, func() { a.who.step = max(a.who.step, step) }
	}
	return m.takesSent(a.code, a.who.phone(a.method()).number, plain)
}

// takesSent is takes for a code that was sent somewhere: it has five tries.
func (m *model) takesSent(c *sentCode, to, typed string) (right bool, spend func()) {
	if c == nil || typed == "" {
		return false, func() {}
	}
	right = c.tries < 5 && c.to == to && m.w.clock().Before(c.expires) && c.text == typed
	return right, func() {
		if c.tries++; right {
			c.tries = 5
		}
	}
}

// appStep is the newest step near now whose code was typed, or zero.
func (m *model) appStep(key, typed string) int64 {
	for _, away := range []int64{1, 0, -1} {
		at := m.w.clock().Add(time.Duration(away) * 30 * time.Second)
		if code, err := appCode(key, at); err == nil && code == typed {
			return at.Unix() / 30
		}
	}
	return 0
}

func (m *model) resend(c *client, path string) {
	a, since := m.attempt(c), len(m.w.sent)
	to := ""
	switch {
	case a == nil:
	case a.asks() == "email":
		to = a.email
	case a.asks() == "second" && a.who.phone(a.method()) != nil:
		to = a.who.phone(a.method()).number
	}
	if m.atDoorOrVerifying(c, path, a, action("resend"), to != "") {
		if a.code = m.sent(since, to); a.asks() == "second" {
			a.chosen = a.method()
		}
	}
}

func (m *model) choose(c *client, path, method string) {
	a, since := m.attempt(c), len(m.w.sent)
	form := action("use:sms:" + method)
	if method == "app" {
		form = action("use:totp")
	}
	right := a != nil && a.asks() == "second" && slices.Contains(a.methods(), method)
	if m.atDoorOrVerifying(c, path, a, form, right) {
		a.chosen = method
		if phone := a.who.phone(method); phone != nil {
			a.code = m.sent(since, phone.number)
		}
	}
}

func (m *model) startOver(c *client, path string) {
	a := m.attempt(c)
	if m.atDoorOrVerifying(c, path, a, action("start_over"), true) {
		c.at = nil
	}
}

// atDoorOrVerifying is atDoor, or the same on the page that asks anew who it is.
func (m *model) atDoorOrVerifying(c *client, path string, a *modelAttempt, form url.Values, right bool) (done bool) {
	if path != verifyPath {
		return m.atDoor(c, path, form, right)
	}
	if guard := m.guard(c, "verify"); guard != "" {
		return m.post(c, path, form, guard)
	}
	done = m.post(c, path, form, wanted(right && a != nil && a.session != nil))
	m.begunAnew(c, done)
	return done
}

const verifyPath = "/account/verify"

// begunAnew notes that the page that asks anew has begun a way through it,
// where it is shown and there is none.
func (m *model) begunAnew(c *client, left bool) {
	s, a := m.session(c), m.attempt(c)
	if !left && s != nil && (a == nil || a.session != s) {
		m.begin(c, modelAttempt{purpose: "reauthentication", who: s.who, session: s})
	}
}

// askedAnew opens the page that asks anew who it is.
func (m *model) askedAnew(c *client) {
	page := m.open(c, verifyPath, m.guard(c, "verify"))
	m.begunAnew(c, page.status != http.StatusOK)
}

// replyAnew answers there, a password or a code.
func (m *model) replyAnew(c *client, typed string, ticked, password bool) {
	form := action("verify", "code", typed)
	if ticked {
		form.Set("backupcode", "1")
	}
	if password {
		form = action("continue", "password", typed)
	}
	a, right, spend := m.attempt(c), false, func() {}
	if a != nil && a.session != nil && (!password || a.asks() == "password") {
		right, spend = m.takes(a, typed, ticked)
	}
	want := m.guard(c, "verify")
	if want == "" {
		want = wanted(right)
	}
	first := a != nil && a.session != nil && a.asks() == "password"
	done := m.post(c, verifyPath, form, want)
	if outcome(m.answer) != "later" && m.session(c) != nil {
		spend()
	}
	if m.begunAnew(c, done); !done {
		return
	}
	s, now := a.session, m.w.clock()
	if first {
		s.first = now
	} else {
		s.second = now
	}
	s.started, s.seen, c.at = now, now, nil
	m.rotated(c)
}

// open loads a page and compares where it leads; guard is empty where the
// client may see it.
func (m *model) open(c *client, path, guard string) *browser {
	m.t.Helper()
	page := c.ask(http.MethodGet, path, nil)
	got := outcome(page)
	m.t.Logf("%s opens %s: %s (%s)", c.address, path, got, guard)
	if got == "answered 200" || got == "done" || got == "password first" && guard == "" {
		got = ""
	}
	if got != guard && got != "later" {
		m.t.Fatalf("%s: %q (%d), but it must be %q", path, got, page.status, guard)
	}
	if s := m.session(c); s != nil {
		s.seen = m.w.clock()
	}
	return page
}
