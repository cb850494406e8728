package handlers_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"twostep/auth"
	"twostep/handlers"
)

// Actions that must be refused.

// pageGuards lists the guards of the account's pages that are not "fresh".
var pageGuards = map[string]string{
	"/account/verify": "verify", "/account/password": "password", "/account/activity": "signed in", "/account/manage-mfa": "signed in", "/account/profile": "signed in",
	"/account": "signed in", "/account/passkeys": "signed in", "/account/manage-mfa/phones/:id/default": "signed in",
}

// unauthorized opens a page, or posts a form that could be valid, without access: signed out,
// half signed in or without a recent authentication.
func (m *model) unauthorized() {
	c := m.client()
	paths := slices.DeleteFunc(slices.Sorted(maps.Keys(handlers.RoutePaths())), func(path string) bool {
		return !strings.HasPrefix(path, "/account") || path == "/account/idle" || path == "/account/email/stop" || path == "/account/setup-mfa" ||
			path == "/account/continue/:id" || path == "/account/handover"
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

// staleForm posts a form with another client's or an earlier form token.
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
		m.post(c, draw(m, "path", "/sign-out", "/account/manage-mfa/remove-totp", "/account/delete", "/sign-in"), form, "forbidden")
	}
}

// replay posts an accepted form again, with the cookies of that time. For a short time it
// leads to the same page; the invariant is that nothing else happens.
func (m *model) replay() {
	if m.lastAccepted == nil {
		return
	}
	sessions := m.site.queryInt("SELECT count(*) FROM sessions")
	response := m.lastAccepted.sender.clone().fetchRaw(http.MethodPost, m.lastAccepted.path, maps.Clone(m.lastAccepted.form))
	to, again := response.header.Get("Location"), m.site.clock().Sub(m.lastAccepted.at) < 2*auth.RepeatWindow
	if got := outcome(response); got == "done" && (!again || to != m.lastAccepted.to) || strings.HasPrefix(got, "status") || m.site.queryInt("SELECT count(*) FROM sessions") > sessions {
		m.t.Fatalf("%s %v was accepted twice: %s", m.lastAccepted.path, maskToken(m.lastAccepted.form), response.header.Get("Location"))
	}
	m.lastAccepted = nil
}
