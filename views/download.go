package views

import (
	"net/url"
	"strings"
)

// DownloadURL is the page that requests approval for a download of accounts.
const DownloadURL = "/admin/people/download"

// Filters are the filters of the list as its URL has them. A request for approval names
// them so.
func (p PeoplePage) Filters() string { return p.values().Encode() }

// A DownloadPage asks for the reason of a download that needs approval.
type DownloadPage struct {
	Page
	Filters    string
	Reason     string // as entered
	NoApprover bool   // there is no other admin
}

func withQuery(path, query string) string { return (&url.URL{Path: path, RawQuery: query}).String() }

func (p DownloadPage) field() field { return reasonField(p.Reason, true) }

func reasonField(value string, focus bool) field {
	return field{
		Name: "reason", Label: "Reason", Type: "text", Value: value, Autocomplete: "off", Capitalize: "sentences", Hint: "It is kept in the audit log.", Focus: focus,
	}
}

var filterNames = []option{
	{"q", "email address, ID or phone number"},
	{"state", "state"},
	{"factors", "second factor"},
	{"role", "role"},
	{"group", "group"},
	{"since", "not seen since"},
}

// filterText describes the filters of a download.
func filterText(filters string) string {
	values, err := url.ParseQuery(filters)
	if err != nil {
		return ""
	}
	var all []string
	for _, f := range filterNames {
		if value := values.Get(f.Value); value != "" {
			all = append(all, f.Label+": "+oneLine(value))
		}
	}
	if len(all) == 0 {
		return "All accounts"
	}
	return "Accounts filtered by " + strings.Join(all, ", ")
}
