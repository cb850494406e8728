package handlers_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"twostep/auth"
	"twostep/handlers"
)

// What the operator does, and what those try who may not.

// operate does what an operator can do.
func (m *model) operate(email string) {
	p := m.person(email)
	acts := map[string]auth.OperatorAction{
		"unlock": auth.Unlock, "reset-mfa": auth.ResetMFA, "reset-password": auth.EndPassword, "must change": auth.MustChangePassword,
		"sign-out": auth.SignOutEverywhere, "disable": auth.Disable, "enable": auth.Enable, "delete": auth.Delete,
	}
	act := draw(m, "act", slices.Sorted(maps.Keys(acts))...)
	m.t.Logf("the operator: %s %s", act, email)
	done, err := m.w.rules.Operate(context.Background(), acts[act], email)
	if p == nil && err == nil {
		m.t.Fatalf("%s for nobody", act)
	}
	if p == nil {
		return
	}
	want := map[string]bool{
		"unlock": true, "sign-out": true, "delete": true, "reset-mfa": p.on(), "reset-password": !p.disabled,
		"must change": !p.must, "disable": !p.disabled, "enable": p.disabled,
	}[act]
	if err != nil || done != want {
		m.t.Fatalf("%s: %t, %v", act, done, err)
	}
	switch {
	case !done || act == "unlock":
	case act == "enable":
		p.disabled = false
	case act == "must change":
		p.must = true
	case act == "delete":
		m.forget(p)
	default:
		m.endSessions(p, nil)
		switch act {
		case "reset-mfa":
			p.app, p.codes, p.unseen = "", nil, time.Time{}
			for _, phone := range p.phones {
				phone.reserved, phone.first = time.Time{}, false
			}
		case "reset-password":
			p.password, p.must = "", false
		case "disable":
			p.disabled = true
		}
	}
}

// modelPages says what each page of the account asks for; the others ask for a
// fresh session.
var modelPages = map[string]string{
	"/account/verify": "verify", "/account/password": "password", "/account/activity": "signed in", "/account/manage-mfa": "signed in",
	"/account": "signed in", "/account/manage-mfa/phones/:id/default": "signed in",
}

// trespass opens a page, or posts something that would do, where one may not:
// a stranger, somebody halfway in, or one who has not verified lately.
func (m *model) trespass() {
	c := m.client()
	paths := slices.DeleteFunc(slices.Sorted(maps.Keys(handlers.RoutePaths())), func(path string) bool {
		return !strings.HasPrefix(path, "/account") || path == "/account/idle" || path == "/account/email/stop" || path == "/account/setup-mfa"
	})
	path := draw(m, "path", paths...)
	page, has := modelPages[path], handlers.RoutePaths()[path]
	if page == "" {
		page = "fresh"
	}
	guard := m.guard(c, page)
	if guard == "" {
		return
	}
	path = strings.Replace(path, ":id", m.phoneID(), 1)
	if has[0] {
		m.open(c, path, guard)
	}
	if has[1] {
		form := action(draw(m, "action", "generate", "remove", "use", "disable", "verify", "continue", "change", "reset", "end_others", "delete"),
			"code", m.answerOf(c), "current", passwords[0], "password", draw(m, "password", passwords...), "phone", numbers[0],
			"email", draw(m, "email", addresses...), "confirm", draw(m, "confirm", addresses...))
		m.post(c, path, form, guard)
	}
}

// oldForm posts a form that was made for somebody else, or before.
func (m *model) oldForm() {
	c, other := m.client(), m.client()
	if other.token == c.token && c.old == nil {
		return
	}
	form := action("remove", "token", other.token)
	if c.old != nil && other == c {
		form.Set("token", c.oldToken)
	}
	if form.Get("token") != c.token {
		m.post(c, draw(m, "path", "/sign-out", "/account/manage-mfa/remove-totp", "/account/delete", "/sign-in"), form, "forged")
	}
}

// replay sends an answer that was taken once more, with the cookie of then.
func (m *model) replay() {
	if m.used == nil {
		return
	}
	answer := m.used.by.ask(http.MethodPost, m.used.path, maps.Clone(m.used.form))
	if got := outcome(answer); got == "done" || strings.HasPrefix(got, "answered") {
		m.t.Fatalf("%s %v was taken twice: %s", m.used.path, maskToken(m.used.form), answer.header.Get("Location"))
	}
	m.used = nil
}
