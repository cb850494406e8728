// Package views is what people see: every page, one struct and one component
// each, and every sentence of the product, on pages, in mails and in SMS. It
// decides nothing; handlers fill the structs and show the components.
package views

import (
	"time"

	"twostep/auth"
)

// A Page holds what all pages have in common.
type Page struct {
	Product  string        // the site's name
	Account  string        // address of whose account it is; empty when signed out
	Token    string        // form token: every form sends it as "token"
	URL      string        // the page's own URL, path and query: forms post there unless said otherwise
	Problem  *auth.Problem // what was refused; nil on a GET
	Notice   Notice        // said once
	Now      time.Time
	Branding Branding

	AutoRefresh bool // whether the page comes again by itself to see whether a code has gone
}

// Looks are the operator's own, beside the name: the addresses of a stylesheet
// with the accent colour and of a logo. Empty for those of the product.
type Branding struct{ Accent, Logo string }

// title is what the browser's tab says. After a refused post it starts with
// the word Error, which is the first thing a screen reader says (G85).
func (f Page) title(h1 string) string {
	title := h1 + " · " + f.Product
	if f.Problem != nil {
		title = "Error: " + title
	}
	return title
}

// refused reports whether the refused post was refused for this field.
func (f Page) refused(x field) bool { return f.Problem != nil && f.Problem.Field == x.Name }

// problemAt is the id of the field that the problem is about, where the page
// has that field; else empty, and the summary is plain text.
func (f Page) problemAt(fields []field) string {
	for _, x := range fields {
		if f.refused(x) {
			return x.id()
		}
	}
	return ""
}

// A field is one labelled input. Nothing in it makes the browser refuse an
// answer: the server checks, and answers with a sentence.
type field struct {
	Name         string
	ID           string // where it is not the name
	Label        string
	Type         string
	Value        string // never a password or a code
	Autocomplete string // what a password manager or phone may fill in (WCAG 1.3.5)
	InputMode    string
	Hint         string // said below the label, and by screen readers with it
	Focus        bool   // where answering it is all there is to do on the page
}

func (x field) id() string {
	if x.ID != "" {
		return x.ID
	}
	return x.Name
}

// describedBy lists the ids of what explains a field.
func (x field) describedBy(f Page) string {
	ids := ""
	if x.Hint != "" {
		ids = x.id() + "-hint"
	}
	if f.refused(x) {
		if ids != "" {
			ids += " "
		}
		ids += x.id() + "-problem"
	}
	return ids
}

// codeField is a field for a code of digits. It is text and has no longest
// length, so that a pasted "123 456" fits; numeric brings up the keys for
// digits, and one-time-code lets phones offer the code of an SMS.
func codeField(label string) field {
	return field{Name: "code", Label: label, Type: "text", Autocomplete: "one-time-code", InputMode: "numeric", Focus: true}
}

// A choice is a submit button: the value it posts as "action", and its label.
type choice struct {
	Action string
	Label  string
	Look   string // CSS classes: the primary action, a danger, or empty for a plain one
}

const (
	primary = "primary"
	danger  = "danger"
)

// A link leads to another page.
type link struct{ URL, Label string }

// The pages that others stand below.
var (
	account   = link{"/account", "Account"}
	manageMFA = link{"/account/manage-mfa", "Manage MFA"}
	cancel    = link{"/account", "Cancel"} // above nothing: it leaves the page undone
)
