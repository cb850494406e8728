package views

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"twostep/auth"
)

// PersonPage is an account as administrators see it.
type PersonPage struct {
	Page
	Person auth.Account
	Mine   bool // whether it is the user's own
	Audit  auth.AuditPage

	Approvals []auth.Approval // requests about the account

	RecoveryDelay time.Duration // zero if accounts cannot be recovered
}

// sessionsShown is the number of sessions of an account that its page lists, the last
// seen ones.
const sessionsShown = 25

func (p PersonPage) sessions() []auth.Session {
	return p.Person.OpenSessions[:min(len(p.Person.OpenSessions), sessionsShown)]
}

// A personFactor is an app, a passkey or a phone of an account.
type personFactor struct {
	Icon                icon
	ID                  auth.FactorID // empty for a phone that is no second factor
	Name                string
	AddedAt, LastUsedAt time.Time
	UseRecorded         bool // whether LastUsedAt is recorded
}

// factors lists what the account has. A viewer does not read what users have typed: they
// may have named a passkey by their email address (OP-09).
func (p PersonPage) factors() (all []personFactor) {
	has := p.Person.Factors
	passkeys := slices.Clone(has.Passkeys)
	if p.Role < auth.RoleSupport {
		for i := range passkeys {
			passkeys[i].Name = ""
		}
	}
	for i, name := range passkeyNames(passkeys) {
		all = append(all, personFactor{iconKey, passkeys[i].Factor(), name, passkeys[i].AddedAt, passkeys[i].LastUsedAt, true})
	}
	if has.TOTP != nil {
		all = append(all, personFactor{iconApp, auth.AppFactor, "Authenticator app", has.TOTP.AddedAt, has.TOTP.LastUsedAt, true})
	}
	for _, phone := range has.Phones {
		f := personFactor{Icon: iconPhone, ID: phone.Factor(), Name: formatPhone(phone.Number), AddedAt: phone.VerifiedAt}
		if p.Role < auth.RoleSupport {
			f.Name = maskPhone(phone.Number)
		}
		if !phone.Reserved() {
			f.ID, f.Name = "", f.Name+" (not used for MFA)"
		}
		all = append(all, f)
	}
	return all
}

// Target names the factor or session that an act is about; it is empty if the account does not
// have it.
func (p PersonPage) Target(action auth.OperatorAction, target string) string {
	switch action {
	case auth.RemoveFactor:
		for _, f := range p.factors() {
			if f.ID != "" && string(f.ID) == target {
				return f.Name
			}
		}
	case auth.EndOneSession:
		for _, s := range p.Person.OpenSessions {
			if string(s.ID) == target {
				return browser(s.UserAgent) + ", signed in " + ago(p.Now, s.CreatedAt)
			}
		}
	}
	return ""
}

// A personFailure says how often one factor has failed in a row, and what that leads to.
type personFailure struct{ Name, Text string }

func (p PersonPage) failures() (all []personFailure) {
	for _, f := range p.Person.Failures {
		shown := personFailure{asSentence(counterName(f.Factor)), strconv.Itoa(f.N)}
		if f.KnownDevices {
			shown.Text += " on known devices"
		}
		for _, w := range p.Person.Waits {
			switch {
			case w.Factor != f.Factor || w.KnownDevices != f.KnownDevices:
			case w.Until.IsZero():
				shown.Text += ", locked"
			default:
				shown.Text += ", next attempt after " + dateTime(w.Until)
			}
		}
		all = append(all, shown)
	}
	return all
}

func (p PersonPage) actURL(act Act, target string) string {
	return PersonURL(p.Person.ID) + "/" + act.Path + "/" + url.PathEscape(target)
}

// older is the URL of the next page of the account's audit log.
func (p PersonPage) older() string {
	return PersonURL(p.Person.ID) + "?before=" + url.QueryEscape(p.Audit.Next)
}

// An Act is what an administrator does to an account or an app, on a page that asks for a
// reason.
type Act struct {
	Path   string // also the value of its button
	Label  string
	About  string
	Action auth.OperatorAction // empty for an act that is not one
	Danger bool
}

func (act Act) choice() choice { return choice{act.Path, act.Label, actClass(act.Danger)} }

// The acts on one factor or session, the target, whose ID is in their URL.
var (
	EndSession   = Act{"sign-out-session", "Sign out one session", "This device is signed out. Apps that it signed in to lose access.", auth.EndOneSession, false}
	RemoveFactor = Act{"remove-factor", "Remove one factor", "This factor stops working, and all devices are signed out. If it is the last one, the backup codes are removed too, and the password is then enough to sign in.", auth.RemoveFactor, true}
)

// TargetActs lists them.
var TargetActs = []Act{EndSession, RemoveFactor}

// SaveGroups is the act with a field for groups.
var SaveGroups = Act{Path: "groups", Label: "Save groups", About: "Apps and access rules can be limited to groups."}

// Acts are the acts that only need a reason. Each does the same as a command.
var Acts = []Act{
	{"unlock", "Unlock", "All waits and locks after failed attempts end.", auth.Unlock, false},
	{"sign-out", "Sign out everywhere", "All devices are signed out, and apps lose access.", auth.SignOutEverywhere, false},
	{"reset-mfa", "Reset MFA", "All second factors are removed and all devices signed out. Verify who is asking first: the password is then enough to sign in.", auth.ResetMFA, true},
	{"delayed-reset", "Reset MFA", "After a delay, in which the user can stop it, all second factors are removed and all devices signed out. The user signs in with the password and a code by email, and sets up a second factor again.", auth.DelayedReset, true},
	{"refuse-recovery", "Refuse", "The pending recovery is stopped, and the second factors stay.", auth.RefuseRecovery, false},
	{"require-password", "Require new password", "The user can sign in with this password once more, and must then change it.", auth.MustChangePassword, false},
	{"reset-password", "Reset password", "The password stops working and all devices are signed out. The user sets a new one by email.", auth.EndPassword, true},
	{"disable", "Disable", "All devices are signed out, and nobody can sign in until you enable the account again.", auth.Disable, true},
	{"enable", "Enable", "The user can sign in again.", auth.Enable, false},
	{"end-exemption", "End exemption", "The MFA policies apply to the account again at once.", auth.EndExemption, false},
	{"delete", "Delete account", "The account and everything in it are deleted. The audit log stays, without the email address.", auth.Delete, true},
}

// May reports whether the user may do this to the account: never to their own, nor to one
// with a higher role (OP-07).
func (p PersonPage) May(act Act) bool {
	if p.Mine || p.Person.Role > p.Role {
		return false
	}
	if act.Action == "" {
		return p.Role == auth.RoleAdmin
	}
	return p.Role.May(act.Action) && (act.Action != auth.DelayedReset || p.RecoveryDelay > 0 && p.Person.Role == auth.NoRole)
}

// fits reports whether the act would change something.
func (p PersonPage) fits(act Act) bool {
	switch act.Action {
	case Exempt.Action:
		return act.Path != Exempt.Path || !p.Person.MFA.Policy.IsZero()
	case auth.EndExemption:
		return p.Person.MFA.Exempt.After(p.Now)
	case auth.Unlock:
		return len(p.Person.Waits) > 0
	case auth.SignOutEverywhere:
		return p.Person.Sessions > 0
	case auth.ResetMFA:
		return p.Person.Factors.HasMFA()
	case auth.DelayedReset:
		return p.Person.Factors.HasMFA() && !p.Person.Recovery.Pending() && !p.Role.May(auth.ResetMFA) // an admin can reset at once
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

// acts returns those to show.
func (p PersonPage) acts() (all []Act) {
	for _, act := range append([]Act{SaveGroups, Exempt}, Acts...) {
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
	Target string // the factor or session that the act is about; empty for the account

	NeedsApproval bool // by another admin
	NoApprover    bool // there is none

	Reason string // as entered
	Groups string // separated by spaces
	Until  string // the day, as entered
}

func (p ActPage) fields() (all []field) {
	if p.Act.Path == SaveGroups.Path {
		all = append(all, field{Name: "groups", Label: "Groups", Type: "text", Value: p.Groups, Autocomplete: "off", Hint: "Separated by spaces", Focus: true, More: true})
	}
	if p.Act.Path == Exempt.Path {
		all = append(all, p.exemptField())
	}
	return append(all, reasonField(p.Reason, len(all) == 0))
}

func (p ActPage) choice() choice {
	if p.NeedsApproval {
		return choice{p.Act.Path, "Request approval", primary}
	}
	return p.Act.choice()
}

// actClass is the class of the button of an act.
func actClass(dangerous bool) string {
	if dangerous {
		return danger
	}
	return primary
}
