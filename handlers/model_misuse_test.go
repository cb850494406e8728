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
	u := m.user(email)
	acts := map[string]auth.OperatorAction{
		"unlock": auth.Unlock, "reset-mfa": auth.ResetMFA, "reset-password": auth.EndPassword, "must change": auth.MustChangePassword,
		"sign-out": auth.SignOutEverywhere, "disable": auth.Disable, "enable": auth.Enable, "delete": auth.Delete,
	}
	act := draw(m, "act", slices.Sorted(maps.Keys(acts))...)
	m.t.Logf("the operator: %s %s", act, email)
	done, err := m.site.rules.Operate(context.Background(), acts[act], email)
	if u == nil && err == nil {
		m.t.Fatalf("%s for nobody", act)
	}
	if u == nil {
		return
	}
	want := map[string]bool{
		"unlock": true, "sign-out": true, "delete": true, "reset-mfa": u.hasMFA(), "reset-password": !u.disabled,
		"must change": !u.mustChange, "disable": !u.disabled, "enable": u.disabled,
	}[act]
	if err != nil || done != want {
		m.t.Fatalf("%s: %t, %v", act, done, err)
	}
	switch {
	case !done || act == "unlock":
	case act == "enable":
		u.disabled = false
	case act == "must change":
		u.mustChange = true
	case act == "delete":
		m.removeUser(u)
	default:
		m.endSessions(u, nil)
		switch act {
		case "reset-mfa":
			u.totpKey, u.backupCodes, u.unsavedSince = "", nil, time.Time{}
			for _, phone := range u.phones {
				phone.reservedAt, phone.isDefault = time.Time{}, false
			}
		case "reset-password":
			u.password, u.mustChange = "", false
		case "disable":
			u.disabled = true
		}
	}
}

// modelPages says what each page of the account asks for; the others ask for a
// fresh session.
var pageGuards = map[string]string{
	"/account/verify": "verify", "/account/password": "password", "/account/activity": "signed in", "/account/manage-mfa": "signed in",
	"/account": "signed in", "/account/manage-mfa/phones/:id/default": "signed in",
}

// trespass opens a page, or posts something that would do, where one may not:
// a stranger, somebody halfway in, or one who has not verified lately.
func (m *model) unauthorized() {
	c := m.client()
	paths := slices.DeleteFunc(slices.Sorted(maps.Keys(handlers.RoutePaths())), func(path string) bool {
		return !strings.HasPrefix(path, "/account") || path == "/account/idle" || path == "/account/email/stop" || path == "/account/setup-mfa"
	})
	path := draw(m, "path", paths...)
	page, has := pageGuards[path], handlers.RoutePaths()[path]
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
		form := actionForm(draw(m, "action", "generate", "remove", "use", "disable", "verify", "continue", "change", "reset", "end_others", "delete"),
			"code", m.anyCode(c), "current", passwords[0], "password", draw(m, "password", passwords...), "phone", numbers[0],
			"email", draw(m, "email", emails...), "confirm", draw(m, "confirm", emails...))
		m.post(c, path, form, guard)
	}
}

// oldForm posts a form that was made for somebody else, or before.
func (m *model) staleForm() {
	c, other := m.client(), m.client()
	if other.token == c.token && c.previous == nil {
		return
	}
	form := actionForm("remove", "token", other.token)
	if c.previous != nil && other == c {
		form.Set("token", c.previousToken)
	}
	if form.Get("token") != c.token {
		m.post(c, draw(m, "path", "/sign-out", "/account/manage-mfa/remove-totp", "/account/delete", "/sign-in"), form, "forged")
	}
}

// replay sends an answer that was taken once more, with the cookie of then.
func (m *model) replay() {
	if m.lastAccepted == nil {
		return
	}
	answer := m.lastAccepted.sender.fetchRaw(http.MethodPost, m.lastAccepted.path, maps.Clone(m.lastAccepted.form))
	if got := outcome(answer); got == "done" || strings.HasPrefix(got, "answered") {
		m.t.Fatalf("%s %v was taken twice: %s", m.lastAccepted.path, maskToken(m.lastAccepted.form), answer.header.Get("Location"))
	}
	m.lastAccepted = nil
}
