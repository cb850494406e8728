package views

import "testing"

// TestSections checks which section is marked as current, and that a user who must do something
// first is shown none.
func TestSections(t *testing.T) {
	for url, want := range map[string]string{
		"/account": "page Account", "/account/email": "true Account", "/account/passwordless": "true Account",
		"/account/manage-mfa": "page Security", "/account/manage-mfa/phones/home/use": "true Security", "/account/add-phone": "true Security",
		"/account/sessions": "page Devices", "/account/activity?before=1": "page Activity",
		"/account/verify?next=%2Faccount%2Fpassword": " ", "/account/continue/request": " ", "/oauth/logout": " ",
	} {
		p := signedIn(url)
		current := parse(t, render(t, ShowError(ErrorPage{Page: p}))).Find("nav [aria-current]")
		if got := current.AttrOr("aria-current", "") + " " + current.Text(); current.Length() > 1 || got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
		p.Restricted = true
		if parse(t, render(t, ShowError(ErrorPage{Page: p}))).Find("nav").Length() != 0 {
			t.Errorf("%s: sections are shown", url)
		}
	}
}
