package views

import (
	"net/url"
	"time"

	"twostep/auth"
)

// MFAPolicyPage shows who must set up a second factor, and from when.
type MFAPolicyPage struct {
	Page
	Required       bool // of everybody already, by the site's setting
	Policies       []auth.MFAPolicy
	Pending        auth.PeoplePage
	Exemptions     []auth.MFAExemption
	NextExemption  auth.UserID // where the list continues; empty at the end
	Group, Date    string      // as entered
	PendingAfter   string      // where the lists begin; empty for the beginning
	ExemptionAfter string

	Recoveries      []auth.PendingRecovery
	RecoveryOffered bool
}

// may reports whether the user may change what the page shows.
func (p MFAPolicyPage) may() bool { return p.Role == auth.RoleAdmin }

// listURL is the page with its lists beginning after these accounts.
func (p MFAPolicyPage) listURL(pending, exemption string) string {
	values := url.Values{}
	for name, after := range map[string]string{"after": pending, "exempt-after": exemption} {
		if after != "" {
			values.Set(name, after)
		}
	}
	return withQuery("/admin/mfa", values.Encode())
}

func (p MFAPolicyPage) fields() []field {
	return []field{
		{Name: "group", Label: "Group", Type: "text", Value: p.Group, Autocomplete: "off", Hint: "Leave it empty for everyone.", More: true},
		{Name: "date", Label: "Date", Type: "date", Value: p.Date, Autocomplete: "off", Hint: "The day begins at midnight UTC."},
	}
}

func mfaPolicyName(p auth.MFAPolicy) string {
	if p.Group == "" {
		return "Everyone"
	}
	return "Group " + p.Group
}

// begun says since when or from when something holds.
func begun(now, day time.Time) string {
	if now.Before(day) {
		return "From " + date(day)
	}
	return "Since " + date(day)
}

// mfaDeadline says from when the policies demand a second factor; empty for never.
func mfaDeadline(now time.Time, d auth.MFADeadline) string {
	switch day := d.Day(); {
	case day.IsZero():
		return ""
	case day.Equal(d.Exempt) && now.Before(day):
		return "Exempt until " + date(day)
	default:
		return begun(now, day)
	}
}

// exemptedBy is who has exempted an account, and why, as the user may read it (OP-09).
func (p Page) exemptedBy(e auth.MFAExemption) string {
	by := p.by(string(e.By), e.ByEmail)
	if p.Role < auth.RoleSupport {
		return by
	}
	return by + ": " + oneLine(e.Reason)
}

// Exempt is the act with a field for a day.
var Exempt = Act{Path: "exempt", Label: "Exempt from MFA until", About: "Until this day the MFA policies do not apply to the account. The setting “Require MFA” still does."}

// exemptField is the field of that act.
func (p ActPage) exemptField() field {
	return field{
		Name: "until", Label: "Date", Type: "date", Value: p.Until, Autocomplete: "off", Focus: true, More: true,
		Hint: "At most " + count(int(auth.MFAExemptionMax/(24*time.Hour)), "day") + " ahead. The day begins at midnight UTC.",
	}
}
