package views

import (
	"errors"
	"strings"
	"testing"

	"twostep/auth"
	"twostep/auth/access"
)

// Support reads what users and operators have typed, and a viewer does not (OP-09).
func TestPage_TypedText(t *testing.T) {
	for role, want := range map[auth.Role]bool{auth.RoleViewer: false, auth.RoleSupport: true} {
		p := PersonPage{Page: Page{Role: role}, Person: auth.Account{Factors: auth.Factors{Passkeys: []auth.Passkey{{ID: "x", Name: "typed"}}}}}
		entry := p.entry(auth.AuditEntry{Event: auth.Event{Reason: "typed"}})
		for name, text := range map[string]string{
			"passkey": p.factors()[0].Name, "reason of an act": entry.Reason, "reason of an exemption": p.exemptedBy(auth.MFAExemption{Reason: "typed"}),
			"access rules": AccessPage{Page: p.Page, Rules: &access.InForce{Fault: errors.New("line 3: typed")}}.fault(),
		} {
			if got := strings.Contains(text, "typed"); got != want {
				t.Errorf("%s, %s: %q", role, name, text)
			}
		}
	}
}
