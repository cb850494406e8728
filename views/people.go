package views

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	"twostep/auth"
)

// OrderNewest is the value of "order" for the newest accounts first.
const OrderNewest = "newest"

// PeoplePage is the operator's list of accounts.
type PeoplePage struct {
	Page
	Query auth.PeopleQuery
	Typed string // in the search field

	NoDownload bool // the user may not download the list
	auth.PeoplePage
}

// next is the URL of the next page of the list.
func (p PeoplePage) next() string {
	values := p.values()
	values.Set("after", string(p.Next))
	return withQuery("/admin/people", values.Encode())
}

// export is the URL of the list as a file.
func (p PeoplePage) export() string { return withQuery("/admin/people.csv", p.Filters()) }

// values are the filters.
func (p PeoplePage) values() url.Values {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	set("q", p.Typed)
	set("state", string(p.Query.State))
	set("factors", string(p.Query.Factors))
	set("group", p.Query.Group)
	set("since", day10(p.Query.NotSeenSince))
	if p.Query.Role != auth.NoRole {
		set("role", p.Query.Role.String())
	}
	if p.Query.Newest {
		set("order", OrderNewest)
	}
	return values
}

// day10 is a date as fields of type date have it; empty for none.
func day10(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// PersonURL is the page of an account.
func PersonURL(id auth.UserID) string { return "/admin/people/" + url.PathEscape(string(id)) }

// email is an address as the user may read it (OP-09).
func (p Page) email(address string) string {
	if p.Role < auth.RoleSupport {
		return maskEmail(address)
	}
	return address
}

var stateNames = map[auth.AccountState]string{
	auth.StateActive: "Active", auth.StateDisabled: "Disabled", auth.StateMustChange: "Must change the password", auth.StateInvited: "Has no password", auth.StateLocked: "Locked",
}

var factorFilterNames = map[auth.FactorFilter]string{auth.NoFactor: "None", auth.SMSOnly: "SMS only"}

// An option is one of a list to choose from.
type option struct{ Value, Label string }

func stateOptions() (all []option) {
	for _, s := range auth.AccountStates {
		all = append(all, option{string(s), stateNames[s]})
	}
	return all
}

func factorOptions() (all []option) {
	for _, f := range auth.FactorFilters {
		all = append(all, option{string(f), factorFilterNames[f]})
	}
	return all
}

var roleNames = map[auth.Role]string{auth.NoRole: "None", auth.RoleViewer: "Viewer", auth.RoleSupport: "Support", auth.RoleAdmin: "Admin"}

func roleOptions() (all []option) {
	for _, role := range []auth.Role{auth.RoleAdmin, auth.RoleSupport, auth.RoleViewer} {
		all = append(all, option{role.String(), roleNames[role]})
	}
	return all
}

func roleValue(role auth.Role) string {
	if role == auth.NoRole {
		return ""
	}
	return role.String()
}

// secondFactors lists what an account has.
func secondFactors(a auth.Account) string {
	var all []string
	if a.Passkeys > 0 {
		all = append(all, count(a.Passkeys, "passkey"))
	}
	if a.TOTP {
		all = append(all, "authenticator app")
	}
	if a.Phones > 0 {
		all = append(all, count(a.Phones, "phone"))
	}
	return cmp.Or(strings.Join(all, ", "), "No second factor")
}

// AuditPage is the audit log of all accounts and of the site.
type AuditPage struct {
	Page
	Query   auth.AuditQuery
	Network string // as entered
	auth.AuditPage
}

// until is the last day of the query.
func (p AuditPage) until() string {
	if p.Query.Until.IsZero() {
		return ""
	}
	return day10(p.Query.Until.AddDate(0, 0, -1))
}

// next is the URL of the next page of the log.
func (p AuditPage) next() string {
	values := p.values()
	values.Set("before", p.Next)
	return withQuery("/admin/audit", values.Encode())
}

// export is the URL of the log as a file.
func (p AuditPage) export(f Format) string {
	return withQuery("/admin/audit."+f.Extension, p.values().Encode())
}

// values are the filters.
func (p AuditPage) values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{
		"event": string(p.Query.Type), "account": string(p.Query.User), "actor": p.Query.Actor, "from": day10(p.Query.From), "until": p.until(), "network": p.Network,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

func eventOptions() (all []option) {
	words := strings.NewReplacer("_", " ", "mfa", "MFA", "totp", "TOTP")
	for _, event := range auth.EventTypes {
		all = append(all, option{string(event), asSentence(words.Replace(string(event)))})
	}
	return all
}

// entry is an event as the user may read it (OP-09).
func (p Page) entry(e auth.AuditEntry) auth.AuditEntry {
	if p.Role < auth.RoleSupport {
		e.Email, e.Reason = maskEmail(e.Email), ""
	}
	e.UserEmail, e.ActorEmail = p.email(e.UserEmail), p.email(e.ActorEmail)
	return e
}

// by says who did something, with the email address as the user may read it (OP-09); empty
// for the owner of the account.
func (p Page) by(actor, email string) string {
	switch actor {
	case "":
		return ""
	case auth.CommandActor:
		return "By a command"
	}
	return "By " + cmp.Or(p.email(email), actor)
}
