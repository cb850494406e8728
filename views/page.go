// Package views holds the pages of the site, one struct and one component
// each, and every text that users read: on pages, in mail and in SMS. It
// decides nothing: handlers fill the structs and render the components.
package views

import (
	"net/url"
	"strings"
	"time"

	"twostep/auth"
)

// A Page holds what all pages have in common.
type Page struct {
	Product  string        // the site's name
	Host     string        // and its host
	Account  string        // the user's email address; empty when signed out
	Token    string        // CSRF token, which every form sends as "token"
	URL      string        // the page's own path and query; forms post there unless they name another
	Problem  *auth.Problem // why the post was refused; nil on a GET
	Notice   Notice        // shown once
	Now      time.Time
	Branding Branding
	Role     auth.Role // of the user, on the administration pages

	MFADay time.Time // from which the user will need a second factor; zero if there is nothing to announce

	Restricted     bool   // whether the user can open no other section, because something must be done first
	Passkeys       bool   // whether the page has the script that asks for passkeys
	PasskeyOptions string // JSON: of the form that asks for a passkey; empty if there is none
	UnknownPasskey string // JSON: a passkey that the browser may forget; empty for none
	AutoRefresh    bool   // whether the page reloads to check if a delayed code has been sent
}

// Branding holds the URLs of the site's own logo and of the stylesheet with
// its accent colour, and the site's links. An empty URL means the default.
type Branding struct {
	Accent, Logo string
	Links
}

// Links are URLs that the operator sets: mailto or https, or empty for none.
type Links struct{ Support, Privacy, Terms, Home string }

// foot returns the links of the page's foot.
func (l Links) foot() (all []link) {
	for _, to := range []link{{l.Home, "Home"}, {l.Support, "Support"}, {l.Privacy, "Privacy"}, {l.Terms, "Terms"}} {
		if to.URL != "" {
			all = append(all, to)
		}
	}
	return all
}

// title is the document's title. After a refused post it starts with the word
// Error, because screen readers announce the title first (WCAG technique G85).
func (p Page) title(h1 string) string {
	title := h1 + " · " + p.Product
	if p.Problem != nil {
		title = "Error: " + title
	}
	return title
}

// keepingNext returns the URL of another page of signing in, which redirects to the same page
// of the account afterwards.
func (p Page) keepingNext(path string) string {
	_, query, _ := strings.Cut(p.URL, "?")
	values, _ := url.ParseQuery(query)
	if next := values.Get("next"); next != "" {
		path += "?next=" + url.QueryEscape(next)
	}
	return path
}

// invalid reports whether the problem is about this field.
func (p Page) invalid(x field) bool { return p.Problem != nil && p.Problem.Field == x.Name }

// focused reports whether a field takes the focus: the one that the problem is about or,
// if it is about none, the page's first.
func (p Page) focused(x field) bool {
	return p.invalid(x) || x.Focus && (p.Problem == nil || p.Problem.Field == "")
}

// invalidField returns the field that the problem is about. It is zero if the page has
// no such field; the error summary then describes the problem itself.
func (p Page) invalidField(fields []field) field {
	for _, x := range fields {
		if p.invalid(x) {
			return x
		}
	}
	return field{}
}

// A field is an input with its label. It has no attributes for client-side
// validation: the server validates and explains.
type field struct {
	Name         string
	ID           string // defaults to Name
	Label        string
	Type         string
	Value        string // never a password or a code
	Autocomplete string // input purpose for password managers and phones (WCAG 1.3.5)
	InputMode    string
	Link         link   // shown at the end of the label's line
	Capitalize   string // for phone keyboards: autocapitalize; defaults to none
	Hint         string // shown below the label and linked by aria-describedby
	Focus        bool   // whether the field takes the focus when the page opens
	More         bool   // whether another field follows in the form
}

func (x field) id() string {
	if x.ID != "" {
		return x.ID
	}
	return x.Name
}

// enterKey returns the name of the phone keyboard's Enter key.
func (x field) enterKey() string {
	if x.More {
		return "next"
	}
	return "go"
}

// describedBy returns the value of the field's aria-describedby attribute.
func (x field) describedBy(page Page) string {
	ids := ""
	if x.Hint != "" {
		ids = x.id() + "-hint"
	}
	if page.invalid(x) {
		if ids != "" {
			ids += " "
		}
		ids += x.id() + "-problem"
	}
	return ids
}

// codeField is a field for a numeric code. It has type text and no maxlength,
// so that a pasted "123 456" fits. The one-time-code autocomplete value lets
// phones offer the code from an SMS.
func codeField(label string) field {
	return field{Name: "code", Label: label, Type: "text", Autocomplete: "one-time-code", InputMode: "numeric", Focus: true}
}

// sentCodeField is a field for a code that was sent. If none was, the user has to ask for one first.
func sentCodeField(label string, sent *auth.SentCode) field {
	code := codeField(label)
	code.Focus = sent != nil
	return code
}

// A choice is a submit button: the value it posts as "action", and its label.
type choice struct {
	Action string
	Label  string
	Class  string // CSS class: primary, danger, quiet or empty
}

const (
	primary = "primary"
	danger  = "danger"
	quiet   = "quiet"
)

// icon is for a choice among the methods of the second step.
func (c choice) icon() icon {
	switch {
	case strings.HasPrefix(c.Action, "use:sms"):
		return iconMessage
	case strings.HasPrefix(c.Action, "use:"):
		return iconApp
	}
	return iconRefresh
}

// A state is how a notice looks.
type state struct {
	Class string
	Icon  icon
}

var (
	info    = state{"info", iconInfo}
	success = state{"success", iconTick}
	warning = state{"warning", iconWarning}
)

var startOver = choice{"start_over", "Start over", quiet}

// A link leads to another page.
type link struct{ URL, Label string }

// administrator is the person who helps where the site cannot.
const administrator = "site administrator"

// Links to parent pages, and the one that cancels.
var (
	account   = link{"/account", "Account"}
	overview  = link{"/admin", "Overview"}
	manageMFA = link{"/account/manage-mfa", "Manage MFA"}
	cancel    = link{"/account", "Cancel"}
	cancelMFA = link{"/account/manage-mfa", "Cancel"}
)
