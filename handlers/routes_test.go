package handlers_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/handlers"
)

// What a class of pages answers a visitor in each state: a status, and where
// it leads. "=" stands for the page's own address in a query.
var answers = map[string]map[string][2]string{ // class → state → answer to GET, to POST with a button that is none
	"in": {
		"signed out":     {"303 /sign-in?next==", "303 /sign-in?next=="},
		"half signed in": {"303 /sign-in?next==", "303 /sign-in?next=="},
		"owes mfa":       {"303 /account/setup-mfa", "303 /account/setup-mfa"},
		"owes password":  {"303 /account/password", "303 /account/password"},
		"stale":          {"200", "422"}, "fresh": {"200", "422"},
	},
	"fresh": {
		"signed out":     {"303 /sign-in?next==", "303 /sign-in?next=="},
		"half signed in": {"303 /sign-in?next==", "303 /sign-in?next=="},
		"owes mfa":       {"303 /account/setup-mfa", "303 /account/setup-mfa"},
		"owes password":  {"303 /account/password", "303 /account/password"},
		"stale":          {"303 /account/verify?next==", "303 /account/verify?next=="},
		"fresh":          {"200", "422"},
	},
	"enrol": {
		"signed out":     {"303 /sign-in?next==", "303 /sign-in?next=="},
		"half signed in": {"303 /sign-in?next==", "303 /sign-in?next=="},
		"owes mfa":       {"200", "422"},
		"owes password":  {"303 /account/password", "303 /account/password"},
		"stale":          {"303 /account/verify?next==", "303 /account/verify?next=="},
		"fresh":          {"200", "422"},
	},
	"password": {
		"signed out":     {"303 /sign-in?next==", "303 /sign-in?next=="},
		"half signed in": {"303 /sign-in?next==", "303 /sign-in?next=="},
		"owes mfa":       {"303 /account/setup-mfa", "303 /account/setup-mfa"},
		"owes password":  {"200", "422"},
		"stale":          {"303 /account/verify?next==", "303 /account/verify?next=="},
		"fresh":          {"200", "422"},
	},
	"verify": {
		"signed out":     {"303 /sign-in?next==", "303 /sign-in?next=="},
		"half signed in": {"303 /sign-in?next==", "303 /sign-in?next=="},
		"owes mfa":       {"303 /account", "422"},
		"owes password":  {"303 /account", "422"},
		"stale":          {"200", "422"},
		"fresh":          {"303 /account", "422"},
	},
	"setup": {
		"signed out":     {"303 /sign-in?next==", ""},
		"half signed in": {"303 /sign-in?next==", ""},
		"owes mfa":       {"200", ""},
		"owes password":  {"303 /account/password", ""},
		"stale":          {"303 /account", ""}, "fresh": {"303 /account", ""},
	},
	"way in": {
		"signed out": {"200", "422"}, "half signed in": {"200", "422"},
		"owes mfa": {"303 /account", "303 /account"}, "owes password": {"303 /account", "303 /account"},
		"stale": {"303 /account", "303 /account"}, "fresh": {"303 /account", "303 /account"},
	},
}

// classOf says which class each address belongs to. An address that is not
// here, or that no state was stated for, fails the test.
var classOf = map[string]string{
	"/": "own", "/sign-out": "own", "/dashboard": "own", "/add-mfa": "own", "/.well-known/change-password": "own",
	"/account/idle": "own", "/account/email/stop": "own", "/account/manage-mfa/phones/:id/default": "own",
	"/sign-in": "way in", "/sign-up": "way in", "/forgot-password": "way in",
	"/account": "in", "/account/manage-mfa": "in", "/account/activity": "in",
	"/account/verify": "verify", "/account/setup-mfa": "setup",
	"/account/manage-mfa/add": "enrol", "/account/add-phone": "enrol", "/account/manage-mfa/backup-codes": "enrol",
	"/account/manage-mfa/phones/:id/use": "enrol",
	"/account/manage-mfa/remove-totp":    "fresh", "/account/manage-mfa/phones/:id/disable": "fresh",
	"/account/manage-mfa/phones/:id/remove": "fresh", "/account/email": "fresh", "/account/sessions": "fresh",
	"/account/delete": "fresh", "/account/password": "password",
}

// TestRoutes walks every address as everybody, and nothing changes by it
// (FF-01, FF-07, RV-02, CS-01, SE-08, SM-02, BC-04, BC-05).
func TestRoutes(t *testing.T) {
	for path, has := range handlers.RoutePaths() {
		class := classOf[path]
		if class == "" {
			t.Errorf("%s is in no class: say who may come there", path)
		}
		if strings.HasPrefix(path, "/account") && class == "way in" {
			t.Errorf("%s is open to everybody", path)
		}
		if class == "own" || class == "" {
			continue
		}
		for state, want := range answers[class] {
			t.Run(class+" "+path+" "+state, func(t *testing.T) {
				t.Parallel()
				oneRoute(t, path, state, has, want)
			})
		}
	}
}

func oneRoute(t *testing.T, path, state string, has [2]bool, want [2]string) {
	w := newWorld(t, func(p *auth.Policy) { p.RequireMFA = state == "owes mfa" })
	b, phones := w.inState(state)
	if id := phones[map[bool]string{true: "free", false: "reserved"}[strings.HasSuffix(path, "/use")]]; id != "" {
		path = strings.Replace(path, ":id", id, 1)
	} else if strings.Contains(path, ":id") {
		path = strings.Replace(path, ":id", "no-such-phone", 1)
		want = [2]string{strings.Replace(want[0], "200", "404", 1), want[1]}
		if want[1] == "422" {
			want[1] = "404"
		}
	}
	if state == "owes mfa" && path == "/account/manage-mfa/backup-codes" {
		want[0] = "303 /account/manage-mfa" // there are none yet
	}
	before := w.facts()
	expect := func(method, want string, form url.Values) {
		t.Helper()
		response := b.request(method, path, form, nil)
		if want == "" {
			want = "405"
		}
		status, to, _ := strings.Cut(strings.ReplaceAll(want, "==", "="+url.QueryEscape(path)), " ")
		got := strings.TrimSpace(strings.Join([]string{strconv.Itoa(response.StatusCode), strings.TrimPrefix(response.Header.Get("Location"), w.origin)}, " "))
		if expected := strings.TrimSpace(status + " " + to); got != expected && !(strings.HasSuffix(path, "no-such-phone/use") && got == "422") {
			t.Errorf("%s %s: %s, want %s", method, path, got, expected)
		}
	}
	if has[0] {
		expect(http.MethodGet, want[0], nil)
	}
	b.open("/nowhere")
	token := url.Values{"token": {b.token()}, "action": {"no-such-button"}}
	if has[1] {
		expect(http.MethodPost, want[1], token)
	}
	if after := w.facts(); after != before {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
}

// token is a form token for this browser, from whatever page has one.
func (b *browser) token() string {
	b.t.Helper()
	if found := b.page.Find("input[name=token]"); found.Length() > 0 {
		return found.First().AttrOr("value", "")
	}
	was := b.url
	b.open("/sign-in")
	b.url = was
	return b.page.Find("input[name=token]").First().AttrOr("value", "")
}

// inState brings a browser into a state. The phones are the account's own.
func (w *world) inState(state string) (*browser, map[string]string) {
	w.t.Helper()
	b, phones := w.browser(), map[string]string{}
	switch state {
	case "signed out":
		b.open("/sign-in")
	case "half signed in":
		b.signUp(ann)
		b.addApp()
		b.press("Sign out").firstStep(ann).sees("Verify your account")
	case "owes mfa":
		b.open("/sign-up").fill("Email address", ann).fill("Password", password).press("Continue")
		b.fill("Code", w.code(ann)).press("Verify").sees("Set up two-step verification")
	case "owes password":
		b.signUp(ann)
		w.mustChange(ann)
	case "stale", "fresh":
		b.signUp(ann)
		key, _ := b.addApp()
		b.addPhone("+14155559876").press("Use for MFA").sees("User MFA Settings")
		b.addPhone(number).open("/account/manage-mfa")
		phones["free"] = b.phoneID("Use for MFA")
		phones["reserved"] = b.phoneID("Disable for MFA")
		w.wait(11 * time.Minute)
		if state == "fresh" {
			b.open("/account/manage-mfa/remove-totp").reverify(key).sees("Remove two-step verification")
		}
	}
	return b, phones
}

// phoneID reads a phone's id from the address of a link on the list.
func (b *browser) phoneID(link string) string {
	b.t.Helper()
	found := b.link(link)
	parts := strings.Split(found.AttrOr("href", ""), "/")
	return parts[len(parts)-2]
}
