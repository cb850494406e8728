package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
)

// Control characters in any field appear in no page, message or log line: a terminal or mail
// program would obey them (LG-03). Marks that change how text is displayed are kept only in
// the field itself.
func TestForm_ControlCharacters(t *testing.T) {
	t.Parallel()
	const typed = "a\x1b[2J\x00\u0085\u2028\u202e\x7f\b@example.org"
	control := func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }
	obeyed := func(c rune) bool { return control(c) || c == '\u2028' || c == '\u202e' }
	site := newSite(t)
	in := site.browser().signUp(ann)
	in.addTOTP()
	halfSignedIn := site.browser().signIn(ann).wantHeading("Verify your account")
	site.wait(time.Minute)
	out, up, reset := site.browser(), site.browser(), site.browser()
	up.startSignUp("new@example.org", password).wantHeading("Verify your email")
	reset.startReset(ann).wantHeading("Check your email")
	posted := 0
	for _, row := range []struct {
		b     *browser
		paths []string
	}{
		{out, []string{"/sign-in", "/sign-up", "/forgot-password"}},
		{halfSignedIn, []string{"/sign-in"}},
		{up, []string{"/sign-up"}},
		{reset, []string{"/forgot-password"}},
		{in, []string{"/account/email", "/account/profile", "/account/password", "/account/delete", "/account/add-phone"}},
	} {
		for _, path := range row.paths {
			row.b.headers["User-Agent"] = "x\x1b[2J\u202e"
			row.b.open(path + "?next=" + url.QueryEscape("/account/"+typed) + "&typed-email=" + url.QueryEscape(typed))
			path, page := row.b.url.RequestURI(), *row.b
			for _, name := range inputNames(&page) {
				if name == "token" || name == "action" {
					continue
				}
				_, form := page.form(page.page.Find("main button").First())
				form.Set(name, typed)
				got := page.fetch(http.MethodPost, path, form)
				posted++
				if i := strings.IndexFunc(got.body, control); i >= 0 {
					t.Errorf("%s, %s: %q is in the page", path, name, got.body[max(0, i-20):min(len(got.body), i+20)])
				}
				if strings.ContainsFunc(got.page.Text(), obeyed) {
					t.Errorf("%s, %s: in the text of the page", path, name)
				}
			}
			if strings.ContainsFunc(row.b.body, obeyed) {
				t.Errorf("%s: in the page", path)
			}
		}
	}
	if posted < 12 {
		t.Errorf("only %d fields posted", posted)
	}
	in.open("/account/activity")
	in.open("/account/sessions")
	if strings.ContainsFunc(in.body, obeyed) {
		t.Error("in the list of devices")
	}
	site.deliver()
	for _, m := range site.delivered {
		if strings.ContainsFunc(m.subject+m.to+m.body, obeyed) {
			t.Errorf("in a message: %+q", m)
		}
	}
	if strings.ContainsFunc(site.log.String(), obeyed) {
		t.Error("in the log")
	}
}
