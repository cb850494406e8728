package handlers_test

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"twostep/auth"
	"twostep/auth/passkeytest"
)

// Actions on passkeys, with the expected outcome.

const passkeyOrigin = "https://id.example.org"

// A modelPasskey is one passkey with its device, which keeps it after the site has removed it.
type modelPasskey struct {
	id     string
	device *passkeytest.Device
}

func (u *user) passkey(id string) *modelPasskey {
	for _, p := range u.passkeys {
		if p.id == id {
			return p
		}
	}
	return nil
}

// passkeyID returns the id of any user's passkey, or of none.
func (m *model) passkeyID() string {
	ids := []string{"nopasskey"}
	for _, p := range m.passkeys {
		ids = append(ids, p.id)
	}
	return draw(m, "passkey", ids...)
}

// owner returns the user who has a passkey, or nil if it was removed.
func (m *model) owner(p *modelPasskey) *user {
	for _, u := range m.users {
		if slices.Contains(u.passkeys, p) {
			return u
		}
	}
	return nil
}

// passkeyForm returns the options of a form on a page; empty if the page has no such form.
func (m *model) passkeyForm(page *browser, button string) string {
	if page.status != http.StatusOK || !page.parse().has(button) {
		return ""
	}
	return page.button(button).Closest("form").AttrOr("data-options", "")
}

// addPasskey adds a passkey by one of the two forms, with or without user verification. The
// options may be of another browser's page: then the response is refused.
func (m *model) addPasskey(c, from *client, verifies, securityKey bool) {
	button, action := "Create a passkey", "create"
	if securityKey {
		button, action = "Add a security key without a PIN", "security_key"
	}
	const path = "/account/passkeys/add"
	options := m.passkeyForm(m.open(from, path, m.guard(from, "fresh")), button)
	if options == "" {
		return
	}
	d := &passkeytest.Device{Verifies: true, Synced: verifies, Counts: !verifies}
	if !verifies {
		d.Tamper = func(r *passkeytest.Response) { r.Flags &^= passkeytest.UserVerified }
	}
	posted, err := d.Create(options, passkeyOrigin)
	if err != nil {
		m.t.Fatal(err)
	}
	valid := m.session(c) == m.session(from) && (verifies || securityKey)
	s, done := m.postGuarded(c, path, "fresh", actionForm(action, "credential", posted), valid)
	if !done {
		return
	}
	p, hadMFA := &modelPasskey{device: d}, s.user.hasMFA()
	for _, one := range m.factors(s.user).Passkeys {
		if s.user.passkey(string(one.ID)) == nil {
			p.id = string(one.ID)
		}
	}
	s.user.passkeys, m.passkeys = append(s.user.passkeys, p), append(m.passkeys, p)
	if m.factorAdded(s, hadMFA, true) {
		m.readNewCodes(c, codesPath)
	}
}

// renamePasskey renames one. Another user's passkey cannot be renamed.
func (m *model) renamePasskey(c *client, id string) {
	s := m.session(c)
	m.postGuarded(c, "/account/passkeys", "signed in", actionForm("rename:"+id, "name", "Mine"), s != nil && s.user.passkey(id) != nil)
}

// removePasskey removes one. Another user's passkey is not found.
func (m *model) removePasskey(c *client, id string) {
	want, s := m.guard(c, "fresh"), m.session(c)
	if want == "" {
		if want = "not found"; s.user.passkey(id) != nil {
			want = "done"
		}
	}
	if m.post(c, "/account/passkeys/"+id+"/remove", actionForm("remove"), want) {
		s.user.passkeys = slices.DeleteFunc(s.user.passkeys, func(p *modelPasskey) bool { return p.id == id })
		m.factorRemoved(s.user, s)
	}
}

// getPasskey returns the response of a passkey to options, also if they ask for others: a
// stolen device does what its thief wants. It is empty if the device cannot respond.
func (m *model) getPasskey(p *modelPasskey, options string) string {
	posted, err := p.device.Get(options, passkeyOrigin)
	if at := strings.Index(options, `,"allowCredentials"`); err != nil && at >= 0 {
		posted, _ = p.device.Get(options[:at]+"}", passkeyOrigin)
	}
	return posted
}

// signInWithPasskey uses any passkey, also one that was removed, on the sign-in page. The
// options may be of another browser.
func (m *model) signInWithPasskey(c, from *client, p *modelPasskey) {
	if m.session(c) != nil || m.session(from) != nil {
		return
	}
	options := m.passkeyForm(from.fetchRaw(http.MethodGet, "/sign-in", nil), "Sign in with a passkey")
	if options == "" {
		return
	}
	u := m.owner(p)
	valid := u != nil && !u.disabled && p.device.Tamper == nil && c == from
	if m.postEntry(c, "/sign-in", actionForm("passkey_sign_in", "credential", m.getPasskey(p, options)), valid) {
		now := m.site.clock()
		m.beginSession(c, u, now, now)
		c.session.bothInOne = true
	}
}

// respondWithPasskey uses any passkey at the second step of a sign-in or in
// re-authentication, for which the password is enough if the account has no second factor.
func (m *model) respondWithPasskey(c *client, path string, p *modelPasskey) {
	if path == reauthPath {
		m.openReauth(c)
	}
	a := m.attempt(c)
	if a == nil || a.owes() != "second" || (a.session != nil) != (path == reauthPath) || a.session == nil && m.session(c) != nil {
		return
	}
	page := c.fetchRaw(http.MethodGet, path, nil)
	if page.status != http.StatusOK { // limited, or the session was verified recently
		return
	}
	options := m.passkeyForm(page, "Use a passkey")
	if (options == "") != (len(a.user.passkeys) == 0) {
		m.t.Fatalf("%s: the form's options are %q", path, options)
	}
	if options == "" {
		return
	}
	posted := m.getPasskey(p, options)
	if !m.post(c, path, actionForm("passkey", "credential", posted), outcomeIf(posted != "" && slices.Contains(a.user.passkeys, p))) {
		return
	}
	now := m.site.clock()
	if a.session == nil {
		m.beginSession(c, a.user, a.verifiedAt, now)
	} else {
		m.reauthenticated(c, "second")
	}
	if p.device.Tamper == nil { // it is both factors
		c.session.passwordAt, c.session.bothInOne = now, true
	}
}

// factors returns an account's factors on the site.
func (m *model) factors(u *user) (f auth.Factors) {
	a, err := m.site.rules.Account(context.Background(), u.email)
	if err != nil {
		m.t.Fatal(err)
	}
	if f, err = m.site.rules.Factors(context.Background(), a.ID); err != nil {
		m.t.Fatal(err)
	}
	return f
}
