package handlers_test

import (
	"maps"
	"slices"
	"strings"
	"time"

	"twostep/auth"
)

// Acts on the administration pages, with the expected outcome.

// guardAdmin returns the outcome for a client without access to a page of administration, or
// an empty string.
func (m *model) guardAdmin(c *client, role auth.Role, age time.Duration) string {
	s := m.session(c)
	switch {
	case s == nil:
		return "sign in first"
	case s.user.role < role:
		return "not found"
	case s.user.mustChange:
		return "password first"
	case !s.user.hasMFA():
		return "set up first"
	case !m.hasTwoFactors(s, age):
		return "verify first"
	}
	return ""
}

const adminActAge = 10 * time.Minute

// openAdmin opens a page of administration.
func (m *model) openAdmin(c *client, path string, role auth.Role, age time.Duration) {
	want := m.guardAdmin(c, role, age)
	if page := m.open(c, path, want); want == "verify first" {
		m.demandReauth(c, page)
	}
}

// wantAct returns the outcome of an act of a client on an account.
func (m *model) wantAct(c *client, u *user, act, target, reason string) string {
	page := auth.RoleSupport // which acts an administrator may do is looked at later
	if act == "groups" {
		page = auth.RoleAdmin
	}
	if want := m.guardAdmin(c, page, adminActAge); want != "" {
		return want
	}
	by, needsApproval := m.session(c).user, u.role > auth.NoRole && slices.Contains([]string{"reset-mfa", "remove-factor", "delete"}, act)
	switch {
	case !slices.Contains(m.users, u) || u == by || u.role > by.role || by.role < modelActs[act].role:
		return "not found"
	case !m.hasTarget(u, act, target):
		return "nothing to do"
	case needsApproval: // the model does not follow requests
		return "not carried out"
	case len(reason) < 3 || m.endsLastAdmin(u, act):
		return "refused"
	}
	return "done"
}

// administer posts the form of an act. The target is a factor or session, or a list of
// groups. Something may happen between the checks of the page and the transaction, which then
// refuses the act.
func (m *model) administer(c *client, u *user, act, target, reason string, meanwhile func()) {
	want, happened := m.wantAct(c, u, act, target, reason), false
	if meanwhile != nil {
		m.store.meanwhile = func() { meanwhile(); happened = true }
	}
	path, form := "/admin/people/"+string(u.id)+"/"+act, actionForm(act, "reason", reason)
	if act == "groups" {
		form.Set("groups", target)
	} else if target != "" {
		path += "/" + target
	}
	done := m.postWhile(c, path, form, func() string {
		if happened = happened && want != "not carried out"; happened {
			want = m.wantAct(c, u, act, target, reason)
		}
		switch {
		case want == "nothing to do":
			return "done"
		case !happened || want == "done":
			return want
		case !m.changes(u, act, target): // then nothing is checked, either
			return "not carried out"
		case want == "not carried out": // the page now asks for an approval
			return "refused"
		}
		return "not found"
	})
	m.store.meanwhile = nil
	if want == "verify first" {
		m.demandReauth(c, m.response)
	}
	if done && want == "done" {
		m.carryOut(u, act, target)
	}
}

// anyAct posts the form of an act, often a possible one.
func (m *model) anyAct(c *client) {
	acts := slices.Sorted(maps.Keys(modelActs))
	if s := m.session(c); s != nil && s.user.role >= auth.RoleSupport && draw(m, "allowed", true, false) {
		acts = slices.DeleteFunc(acts, func(act string) bool { return modelActs[act].role > s.user.role })
	}
	u, act, target := m.anyUser(), draw(m, "act", acts...), ""
	switch act {
	case "remove-factor", "sign-out-session":
		target = m.actTarget(u, act)
	case "groups":
		target = strings.Join(draw(m, "groups", groupLists...), " ")
	}
	event := draw(m, "meanwhile", "", "", "", "", "role", "disable", "sign-out", "promote")
	meanwhile := func() {
		switch by := c.session.user; event {
		case "role":
			m.changeRole(by, draw(m, "role", roles...))
		case "disable", "sign-out":
			m.operate(by.email, event)
		case "promote":
			m.changeRole(u, auth.RoleAdmin)
		}
	}
	if event == "" {
		meanwhile = nil
	}
	m.administer(c, u, act, target, draw(m, "reason", "as asked", "as asked", "as asked", ""), meanwhile)
}

// actTarget returns a factor or session of the account, of another one, or of none.
func (m *model) actTarget(u *user, act string) string {
	own, all := []string(nil), []string{"nothing"}
	for _, other := range m.users {
		if act == "remove-factor" {
			all = append(all, other.factorIDs()...)
		}
	}
	for _, s := range m.sessions {
		if act == "sign-out-session" {
			all = append(all, s.id)
		}
	}
	for _, target := range all {
		if m.hasTarget(u, act, target) {
			own = append(own, target)
		}
	}
	if len(own) > 0 && draw(m, "own", true, true, false) {
		all = own
	}
	return draw(m, "target", all...)
}
