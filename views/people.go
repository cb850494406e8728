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
	auth.PeoplePage
}

// next is the URL of the next page of the list.
func (p PeoplePage) next() string {
	values := url.Values{"after": {string(p.Next)}}
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
	return "/admin/people?" + values.Encode()
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

func roleOptions() (all []option) {
	for _, role := range []auth.Role{auth.RoleAdmin, auth.RoleSupport, auth.RoleViewer} {
		all = append(all, option{role.String(), role.String()})
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

// PersonPage is an account as administrators see it.
type PersonPage struct {
	Page
	Person auth.Account
	Mine   bool // whether it is the user's own
	Audit  []auth.AuditEntry

	RecoveryDelay time.Duration // zero if accounts cannot be recovered
}

// An Act is what an administrator does to an account, on a page of its own.
type Act struct {
	Path   string // also the value of its button
	Label  string
	About  string
	Action auth.OperatorAction
	Danger bool
}

// SaveGroups is the act that has a field.
var SaveGroups = Act{Path: "groups", Label: "Save groups", About: "Apps and access rules ask for groups."}

// Acts are the acts that only need a reason. Each is the command of the same kind.
var Acts = []Act{
	{"unlock", "Unlock", "All waits and locks after failed attempts end.", auth.Unlock, false},
	{"sign-out", "Sign out everywhere", "All devices are signed out, and the access of apps ends.", auth.SignOutEverywhere, false},
	{"reset-mfa", "Reset MFA", "All second factors are removed and all devices signed out. Find out who is asking first: afterwards the password is enough to sign in.", auth.ResetMFA, true},
	{"delayed-reset", "Reset MFA", "After a delay, in which the user can stop it, all second factors are removed and all devices signed out. The user signs in with the password and a code by email, and sets up a second factor again.", auth.DelayedReset, true},
	{"refuse-recovery", "Refuse", "The pending recovery stops, and the second factors stay.", auth.RefuseRecovery, false},
	{"require-password", "Require new password", "The password can be used once more, to change it.", auth.MustChangePassword, false},
	{"reset-password", "Reset password", "The password stops working and all devices are signed out. The user sets a new one by email.", auth.EndPassword, true},
	{"disable", "Disable", "All devices are signed out, and nobody can sign in until you enable the account again.", auth.Disable, true},
	{"enable", "Enable", "The user can sign in again.", auth.Enable, false},
	{"delete", "Delete account", "The account and everything in it are deleted. The audit log stays, without the email address.", auth.Delete, true},
}

// May reports whether the user may do this to the account: never to their own, nor to one
// with a higher role (OP-07).
func (p PersonPage) May(act Act) bool {
	if p.Mine || p.Person.Role > p.Role {
		return false
	}
	if act.Path == SaveGroups.Path {
		return p.Role == auth.RoleAdmin
	}
	return p.Role.May(act.Action) && (act.Action != auth.DelayedReset || p.RecoveryDelay > 0 && p.Person.Role == auth.NoRole)
}

// fits reports whether the act would do something.
func (p PersonPage) fits(act Act) bool {
	switch act.Action {
	case auth.Unlock:
		return len(p.Person.Waits) > 0
	case auth.SignOutEverywhere:
		return p.Person.Sessions > 0
	case auth.ResetMFA:
		return p.hasMFA()
	case auth.DelayedReset:
		return p.hasMFA() && !p.Person.Recovery.Pending() && !p.Role.May(auth.ResetMFA) // who may reset at once need not wait
	case auth.RefuseRecovery:
		return p.Person.Recovery.Pending()
	case auth.MustChangePassword:
		return !p.Person.MustChange && !p.Person.Invited
	case auth.EndPassword:
		return !p.Person.Invited
	case auth.Disable:
		return !p.Person.Disabled
	case auth.Enable:
		return p.Person.Disabled
	}
	return true
}

func (p PersonPage) hasMFA() bool {
	return p.Person.TOTP || p.Person.Passkeys > 0 || p.Person.Phones > 0
}

// acts returns those to show.
func (p PersonPage) acts() (all []Act) {
	for _, act := range append([]Act{SaveGroups}, Acts...) {
		if p.May(act) && p.fits(act) {
			all = append(all, act)
		}
	}
	return all
}

// ActPage asks for the reason of an act.
type ActPage struct {
	PersonPage
	Act    Act
	Reason string // as entered
	Groups string // separated by spaces
}

func (p ActPage) fields() (all []field) {
	if p.Act.Path == SaveGroups.Path {
		all = append(all, field{Name: "groups", Label: "Groups", Type: "text", Value: p.Groups, Autocomplete: "off", Hint: "Separated by spaces", Focus: true, More: true})
	}
	return append(all, field{
		Name: "reason", Label: "Reason", Type: "text", Value: p.Reason, Autocomplete: "off", Capitalize: "sentences", Hint: "It is kept in the audit log.", Focus: len(all) == 0,
	})
}

func (p ActPage) choice() choice {
	class := primary
	if p.Act.Danger {
		class = danger
	}
	return choice{p.Act.Path, p.Act.Label, class}
}

// AuditPage is the audit log of all accounts and of the site.
type AuditPage struct {
	Page
	Query auth.AuditQuery
	auth.AuditPage
}

// until is the last day of the query.
func (p AuditPage) until() string {
	if p.Query.Until.IsZero() {
		return ""
	}
	return day10(p.Query.Until.AddDate(0, 0, -1))
}

func (p AuditPage) network() string {
	if !p.Query.Network.IsValid() {
		return ""
	}
	return p.Query.Network.String()
}

// next is the URL of the next page of the log.
func (p AuditPage) next() string {
	values := url.Values{"before": {p.Next}}
	for name, value := range map[string]string{
		"event": string(p.Query.Type), "account": string(p.Query.User), "actor": p.Query.Actor, "from": day10(p.Query.From), "until": p.until(), "network": p.network(),
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return "/admin/audit?" + values.Encode()
}

func eventOptions() (all []option) {
	for _, event := range auth.EventTypes {
		all = append(all, option{string(event), strings.ReplaceAll(string(event), "_", " ")})
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

// actorText says who did it, unless the user did.
func actorText(e auth.AuditEntry) string {
	switch e.Actor {
	case "":
		return ""
	case auth.CommandActor:
		return "By a command"
	}
	return "By " + cmp.Or(e.ActorEmail, e.Actor)
}

// SettingsPage shows what can be changed while the site runs.
type SettingsPage struct {
	Page
	Settings []auth.SettingValue
}

var settingNames = map[auth.Setting]string{
	auth.SettingTOTP: "Authenticator application", auth.SettingSMS: "SMS code", auth.SettingBackupCodes: "Backup codes", auth.SettingPasskeys: "Passkeys",
	auth.SettingRequireMFA: "Require MFA", auth.SettingSignUp: "Sign-up open", auth.SettingReverify: "Re-authentication",
}

var reverifyNames = map[string]string{
	"strict_mfa": "Both factors within 10 minutes", "strict": "Second factor within 10 minutes", "moderate": "Second factor within an hour", "lax": "Second factor within a day",
}

func reverifyOptions(s auth.SettingValue) (all []option) {
	for _, value := range s.Values {
		all = append(all, option{value, reverifyNames[value]})
	}
	return all
}
