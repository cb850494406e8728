package handlers_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"twostep/auth"
	"twostep/db"
)

// What operators do to accounts: by commands, and on the administration pages.

// A modelAct is an act by its path, with the lowest role that may do it on the pages.
type modelAct struct {
	role    auth.Role
	command auth.OperatorAction // empty for none
}

var modelActs = map[string]modelAct{
	"unlock": {auth.RoleSupport, auth.Unlock}, "sign-out": {auth.RoleSupport, auth.SignOutEverywhere}, "sign-out-session": {auth.RoleSupport, ""},
	"reset-mfa": {auth.RoleAdmin, auth.ResetMFA}, "remove-factor": {auth.RoleAdmin, ""}, "require-password": {auth.RoleAdmin, auth.MustChangePassword},
	"reset-password": {auth.RoleAdmin, auth.EndPassword}, "disable": {auth.RoleAdmin, auth.Disable}, "enable": {auth.RoleAdmin, auth.Enable},
	"delete": {auth.RoleAdmin, auth.Delete}, "groups": {auth.RoleAdmin, ""},
}

// operate runs a command.
func (m *model) operate(email, act string) {
	u := m.user(email)
	done, err := m.site.operate(modelActs[act].command, email)
	m.t.Logf("command: %s %s: %t, %v", act, email, done, err)
	if u == nil {
		if err == nil {
			m.t.Fatalf("%s without an account", act)
		}
		return
	}
	if m.endsLastAdmin(u, act) {
		if problem := (*auth.Problem)(nil); !errors.As(err, &problem) || problem.Reason != auth.LastAdmin {
			m.t.Fatalf("%s of the last admin: %t, %v", act, done, err)
		}
		return
	}
	if want := m.carryOut(u, act, ""); err != nil || done != want && act != "unlock" {
		m.t.Fatalf("%s: %t, %v", act, done, err)
	}
}

// isLastAdmin reports whether an account is an admin and no other one is enabled.
func (m *model) isLastAdmin(u *user) bool {
	return u.role == auth.RoleAdmin && !slices.ContainsFunc(m.users, func(other *user) bool {
		return other != u && other.role == auth.RoleAdmin && !other.disabled
	})
}

func (m *model) endsLastAdmin(u *user, act string) bool {
	return (act == "delete" || act == "disable" && !u.disabled) && m.isLastAdmin(u)
}

// changes reports whether an act would change something. The model knows no waits, so that
// "unlock" never does.
func (m *model) changes(u *user, act, target string) bool {
	return map[string]bool{
		"sign-out": true, "delete": true, "reset-mfa": u.hasMFA(), "reset-password": !u.disabled, "require-password": !u.mustChange,
		"disable": !u.disabled, "enable": u.disabled, "groups": target != strings.Join(u.groups, " "),
		"sign-out-session": m.hasTarget(u, act, target), "remove-factor": m.hasTarget(u, act, target),
	}[act]
}

// carryOut applies the effects of an act. done is false if there was nothing to do.
func (m *model) carryOut(u *user, act, target string) (done bool) {
	if !m.changes(u, act, target) {
		return false
	}
	switch act {
	case "groups":
		u.groups = strings.Fields(target)
	case "enable":
		u.disabled = false
	case "require-password":
		u.mustChange = true
	case "delete":
		m.removeUser(u)
	case "sign-out-session":
		m.sessionWithID(target).ended = true
	case "remove-factor":
		m.removeFactor(u, target)
	default:
		m.endSessions(u, nil)
	}
	switch act {
	case "reset-mfa":
		u.totpKey, u.passkeys, u.backupCodes, u.unsavedSince = "", nil, nil, time.Time{}
		for _, phone := range u.phones {
			phone.reservedAt, phone.isDefault = time.Time{}, false
		}
	case "reset-password":
		u.password, u.mustChange, u.emailChange = "", false, nil
	case "disable":
		u.disabled = true
	}
	return true
}

// hasTarget reports whether an account has the factor or session that an act is about.
func (m *model) hasTarget(u *user, act, target string) bool {
	switch act {
	case "sign-out-session":
		s := m.sessionWithID(target)
		return s != nil && s.user == u && m.isOpen(s)
	case "remove-factor":
		return slices.Contains(u.factorIDs(), target)
	}
	return true
}

func (m *model) sessionWithID(id string) *modelSession {
	for _, s := range m.sessions {
		if s.id == id {
			return s
		}
	}
	return nil
}

func (u *user) factorIDs() (all []string) {
	if u.totpKey != "" {
		all = append(all, "totp")
	}
	for _, phone := range u.reservedPhones() {
		all = append(all, "sms:"+phone.id)
	}
	for _, p := range u.passkeys {
		all = append(all, "passkey:"+p.id)
	}
	return all
}

func (m *model) removeFactor(u *user, id string) {
	if id == "totp" {
		u.totpKey = ""
		m.endTOTPSetups(u)
	}
	u.phones = slices.DeleteFunc(u.phones, func(phone *modelPhone) bool { return "sms:"+phone.id == id })
	u.passkeys = slices.DeleteFunc(u.passkeys, func(p *modelPasskey) bool { return "passkey:"+p.id == id })
	m.factorRemoved(u, nil)
}

// changeRole gives an account a role, which only commands do.
func (m *model) changeRole(u *user, role auth.Role) {
	if !slices.Contains(m.users, u) {
		return
	}
	changed, err := m.site.rules.ChangeRole(context.Background(), u.id, role)
	m.t.Logf("command: role %s of %s: %t", role, u.email, changed)
	if err != nil || changed != (role != u.role) {
		m.t.Fatalf("role %s: %t, %v", role, changed, err)
	}
	u.role = role
}

// changeGroups runs the command that puts an account into these groups, and no others.
func (m *model) changeGroups(u *user, groups []string) {
	if !slices.Contains(m.users, u) {
		return
	}
	m.t.Logf("command: groups %v of %s", groups, u.email)
	if _, err := m.site.rules.ChangeGroups(context.Background(), auth.Operator{}, u.id, groups, u.groups); err != nil {
		m.t.Fatal(err)
	}
	u.groups = groups
}

// commands are the acts that are commands, too.
func commands() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(modelActs)), func(act string) bool { return modelActs[act].command == "" })
}

// A pausingStore lets something happen between the checks of a request and the transaction
// of an act: just before the act is counted.
type pausingStore struct {
	*db.Store
	meanwhile func() // called once; nil for nothing
}

func (s *pausingStore) Allow(ctx context.Context, now time.Time, limits []auth.RateLimit) (int, auth.Count, error) {
	if happens := s.meanwhile; happens != nil {
		s.meanwhile = nil
		happens()
	}
	return s.Store.Allow(ctx, now, limits)
}
