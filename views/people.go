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
	set("since", isoDay(p.Query.NotSeenSince))
	if p.Query.Role != auth.NoRole {
		set("role", p.Query.Role.String())
	}
	if p.Query.Newest {
		set("order", OrderNewest)
	}
	return values
}

// filtered reports whether more is set than the text to search for.
func (p PeoplePage) filtered() bool {
	values := p.values()
	values.Del("q")
	return len(values) > 0
}

// isoDay is a day as fields of type date have it; empty for none.
func isoDay(t time.Time) string {
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
