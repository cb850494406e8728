package views

import (
	"time"

	"twostep/auth"
)

// adminSamples are the pages of administration.
func adminSamples() []sample {
	as := func(role auth.Role, url string) Page { p := signedIn(url); p.Role = role; return p }
	account := func(id, email string) auth.Account {
		return auth.Account{
			User: auth.User{ID: auth.UserID(id), Email: auth.Email{Typed: email, Key: email}}, CreatedAt: now.AddDate(-1, 0, 0), SeenAt: now.Add(-time.Hour), TOTP: true, Phones: 1, Sessions: 2,
		}
	}
	ben, eve := account("ben", "ben@example.com"), account("eve", "eve@example.com")
	ben.Groups, ben.BackupCodes, ben.Waits = []string{"ops", "wiki"}, 7, []auth.Wait{{Factor: auth.Password, Until: now.Add(time.Minute)}}
	eve.Disabled, eve.TOTP, eve.Phones, eve.SeenAt = true, false, 0, time.Time{}
	ann := account("ann", "ann@example.com")
	ann.Role = auth.RoleAdmin
	entries := []auth.AuditEntry{
		{Event: auth.Event{ID: "3", User: "eve", At: now, Type: auth.OperatorDisabled, Actor: "ann", Reason: "Left the company", IP: "203.0.113.7", UserAgent: firefox}, UserEmail: "eve@example.com", ActorEmail: "ann@example.com"},
		{Event: auth.Event{ID: "2", At: now, Type: auth.SettingChanged, Name: "sign-up: open → closed", Actor: auth.CommandActor}},
		{Event: auth.Event{ID: "1", User: "old", At: now, Type: auth.SignedIn, Factor: auth.TOTPCode, IP: "203.0.113.9", UserAgent: safari}},
	}
	person := func(role auth.Role) PersonPage {
		return PersonPage{Page: as(role, "/admin/people/ben"), Person: ben, Audit: entries[2:]}
	}
	act := func(page PersonPage, act Act) ActPage {
		page.URL += "/" + act.Path
		return ActPage{PersonPage: page, Act: act}
	}
	refused := act(person(auth.RoleAdmin), Acts[2])
	refused.Page = refusedWith(refused.Page, auth.Problem{Reason: auth.ReasonInvalid, Field: "reason", Limit: auth.ReasonMax})
	list := auth.PeoplePage{Accounts: []auth.Account{ann, ben, eve}, Next: "eve"}
	settings := []auth.SettingValue{
		{Setting: auth.SettingPasskeys, Value: "off", Values: []string{"on", "off"}},
		{Setting: auth.SettingTOTP, Value: "on", Values: []string{"on", "off"}},
		{Setting: auth.SettingSMS, Value: "on", Values: []string{"on", "off"}},
		{Setting: auth.SettingBackupCodes, Value: "on", Values: []string{"on", "off"}},
		{Setting: auth.SettingRequireMFA, Value: "on", Values: []string{"on", "off"}, Flag: "--require-mfa"},
		{Setting: auth.SettingSignUp, Value: "open", Values: []string{"open", "closed"}},
		{Setting: auth.SettingReverify, Value: "strict", Values: []string{"strict_mfa", "strict", "moderate", "lax"}, Flag: "--reverify"},
	}
	mine := PersonPage{Page: as(auth.RoleAdmin, "/admin/people/ann"), Person: ann, Mine: true}
	return []sample{
		{"admin", "Overview", Overview(as(auth.RoleAdmin, "/admin"))},
		{"admin_viewer", "Overview", Overview(as(auth.RoleViewer, "/admin"))},
		{"admin_people", "People", People(PeoplePage{Page: as(auth.RoleAdmin, "/admin/people"), PeoplePage: list})},
		{"admin_people_viewer", "People", People(PeoplePage{Page: as(auth.RoleViewer, "/admin/people"), PeoplePage: list})},
		{"admin_people_none", "People", People(PeoplePage{Page: as(auth.RoleAdmin, "/admin/people"), Typed: "x", Query: auth.PeopleQuery{State: auth.StateLocked, Newest: true, Role: auth.RoleViewer}})},
		{"admin_people_partial", "People", People(PeoplePage{Page: as(auth.RoleAdmin, "/admin/people"), PeoplePage: auth.PeoplePage{Partial: true, Next: "eve"}})},
		{"admin_person", "ben@example.com", Person(person(auth.RoleAdmin))},
		{"admin_person_support", "ben@example.com", Person(person(auth.RoleSupport))},
		{"admin_person_viewer", "b•••@example.com", Person(person(auth.RoleViewer))},
		{"admin_person_own", "ann@example.com", Person(mine)},
		{"admin_act", "Sign out everywhere", ShowAct(act(person(auth.RoleAdmin), Acts[1]))},
		{"admin_act_refused", "Reset MFA", ShowAct(refused)},
		{"admin_groups", "Save groups", ShowAct(act(person(auth.RoleAdmin), SaveGroups))},
		{"admin_audit", "Audit log", Audit(AuditPage{Page: as(auth.RoleAdmin, "/admin/audit"), AuditPage: auth.AuditPage{Entries: entries, Next: "1"}})},
		{"admin_audit_none", "Audit log", Audit(AuditPage{Page: as(auth.RoleViewer, "/admin/audit"), AuditPage: auth.AuditPage{Partial: true, Next: "1"}})},
		{"admin_settings", "Settings", Settings(SettingsPage{as(auth.RoleAdmin, "/admin/settings"), settings})},
	}
}
