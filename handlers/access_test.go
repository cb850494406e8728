package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"twostep/auth"
)

const adminRules = `wiki.example.org  GET  /public  public
wiki.example.org  *    /        one-factor  *
ops.example.org   *    /        two-factor  bob@example.org group:ops
`

// Each rule says how often it has decided, and a check says what it would decide, by the
// rules in force. A viewer reads no email address in them (OP-09).
func TestAccessRules(t *testing.T) {
	site := newSite(t)
	site.accessRules = adminRules
	site.restart()
	b, _ := site.administrator(ann, auth.RoleAdmin)
	viewer, _ := site.administrator(carol, auth.RoleViewer)
	site.browser().signUp(bob)
	b.open("/admin").follow("Access rules").wantHeading("Access rules").wantText("From rules").wantText("Has not decided yet")
	for range 3 {
		site.browser().check("GET", "https://wiki.example.org/public/x")
	}
	site.browser().check("GET", "https://wiki.example.org/")
	site.browser().check("GET", "https://wiki.example.org/.twostep/sign-out") // which no rule decides
	site.browser().check("GET", "https://other.example.org/")
	text := b.open("/admin/access").text()
	for _, want := range []string{"/public public Line 1 Decided 3 times", "Line 2 Decided once", "Line 3 Has not decided yet", "No rule matches: denied Decided once"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}

	b.fill("URL", "https://ops.example.org/x?secret").fill("Email address", bob).press("Check").wantHeading("Access rules").
		wantText("Two-factor: the first rule that matches is").wantText("bob@example.org (in no group) may use it after setting up a second factor")
	if got := b.field("URL").AttrOr("value", ""); got != "https://ops.example.org/x?secret" {
		t.Errorf("the URL is %q", got)
	}
	b.fill("Email address", "nobody@example.org").press("Check").wantStatus(422).wantText("No account has this email address")
	b.fill("Email address", "nobody").press("Check").wantStatus(422).wantText("Enter an email address")
	b.fill("Email address", "").fill("Method", "post").press("Check").wantText("Two-factor: the method is not made of capital letters, so every rule of ops.example.org must be met; the strictest is")
	b.fill("URL", "http://wiki.example.org/").fill("Method", "").press("Check").wantText("It is denied anyway")
	b.fill("URL", "http://wiki.example.org/public").press("Check").wantText("Public: the first rule that matches is").wantNoText("denied anyway")
	b.fill("URL", "https://other.example.org/").press("Check").wantText("Denied: no rule has this host; the rules have ops.example.org, wiki.example.org")
	b.fill("URL", "wiki").press("Check").wantStatus(422).wantText(`"wiki" is not a URL with https:// or http://`)
	if strings.Contains(site.log.String(), "secret") {
		t.Error("the URL is in the log")
	}
	if n := site.queryInt(`SELECT count(*) FROM audit_events WHERE type LIKE 'operator%' AND actor <> 'command'`); n != 0 {
		t.Errorf("%d events", n)
	}

	viewer.open("/admin/access").wantText("b•••@example.org group:ops").fill("URL", "https://ops.example.org/").fill("Email address", bob).press("Check").wantText("b•••@example.org (in no group) may use it after")
	if strings.Contains(viewer.text(), bob) {
		t.Error("a viewer reads the email address")
	}
	form := url.Values{"token": {b.formToken()}, "action": {"other"}, "url": {"https://ops.example.org/"}}
	if got := b.fetch("POST", "/admin/access", form).status; got != 422 {
		t.Errorf("an unknown button: %d", got)
	}
}

// Without forward auth the page says how to switch it on.
func TestAccessRules_Off(t *testing.T) {
	site := newSite(t)
	b, _ := site.administrator(ann, auth.RoleViewer)
	b.open("/admin/access").wantText("Forward auth is off").wantText("--forward-auth=127.0.0.1:8081")
	form := url.Values{"token": {b.formToken()}, "action": {"check"}, "url": {"https://ops.example.org/"}}
	if got := b.fetch("POST", "/admin/access", form).status; got != 422 {
		t.Errorf("a check: %d", got)
	}
}
