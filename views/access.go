package views

import (
	"fmt"
	"slices"
	"strings"

	"twostep/auth"
	"twostep/auth/access"
)

// AccessPage shows the rules of forward auth and explains what they decide.
type AccessPage struct {
	Page
	Rules              *access.InForce // nil without forward auth
	URL, Method, Email string          // as entered
	Result             *AccessResult   // nil unless one was asked for
}

// An AccessResult is what the rules say about a request and, if one was named, an account.
type AccessResult struct {
	Decision    access.Decision
	OtherScheme bool // the URL has http although the site has https, or the reverse
	Account     string
	Groups      []string
	Verdict     access.Verdict
}

// AccessText says what is decided about a request, and why. The text of a rule that decides
// is to follow it.
func AccessText(rules *access.Rules, d access.Decision) string {
	switch {
	case d.Host == "":
		return "denied: no rule has this host; the rules have " + strings.Join(rules.Hosts(), ", ")
	case d.Odd != "" && d.Line == 0:
		return fmt.Sprintf("denied: %s, so all rules of %s decide, and none covers the whole host with * and /", d.Odd, d.Host)
	case d.Line == 0:
		return fmt.Sprintf("denied: no rule of %s matches", d.Host)
	case d.Odd != "":
		return fmt.Sprintf("%s: %s, so every rule of %s must be met; the strictest is", d.Demand, d.Odd, d.Host)
	}
	return fmt.Sprintf("%s: the first rule that matches is", d.Demand)
}

// AccessVerdict says whether an account may use what was asked about.
func AccessVerdict(email string, groups []string, v access.Verdict) string {
	of := "in no group"
	if len(groups) > 0 {
		of = "in " + strings.Join(groups, ", ")
	}
	return fmt.Sprintf("%s (%s) %s", email, of, verdictTexts[v])
}

var verdictTexts = map[access.Verdict]string{
	access.MayUse:           "may use it",
	access.MayUseAfterSetup: "may use it after setting up a second factor",
	access.MayNotUse:        "may not use it",
	access.AccountDisabled:  "is disabled",
}

// rule is a rule as the user may read it (OP-09).
func (p Page) rule(rule access.Rule) string {
	rule.Who = slices.Clone(rule.Who)
	for i, who := range rule.Who {
		if strings.Contains(who, "@") {
			rule.Who[i] = p.email(who)
		}
	}
	return rule.String()
}

func (p AccessPage) fields() []field {
	return []field{
		{Name: "url", Label: "URL", Type: "text", Value: p.URL, Autocomplete: "off", InputMode: "url", Hint: "A page of an app, such as https://wiki.example.org/page", Focus: p.Rules != nil && p.Result == nil, More: true},
		{Name: "method", Label: "Method", Type: "text", Value: p.Method, Autocomplete: "off", More: true},
		{Name: "email", Label: "Email address", Type: "email", Value: p.Email, Autocomplete: "off", Hint: "Optional: also say whether this account may use the app"},
	}
}

// fault is what is wrong with the file. It may quote an email address of a rule.
func (p AccessPage) fault() string {
	if p.Role < auth.RoleSupport {
		return ""
	}
	return asSentence(p.Rules.Fault.Error())
}

func (p AccessPage) state() state {
	if p.Result.Decision.Demand.Level == access.Deny || p.Result.OtherScheme {
		return warning
	}
	return info
}

// decided says how often a rule has decided.
func decided(n int64) string {
	switch n {
	case 0:
		return "Has not decided yet"
	case 1:
		return "Decided once"
	}
	return "Decided " + thousands(int(n)) + " times"
}
