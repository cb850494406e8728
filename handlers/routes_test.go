package handlers_test

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/handlers"
)

// The responses to a GET, and to a POST with an unknown button. PATH is the escaped path
// of the page.
var (
	shown      = [2]string{"200", "422"}
	toSignIn   = both("303 /sign-in?next=PATH")
	toVerify   = both("303 /account/verify?next=PATH")
	toSetup    = both("303 /account/setup-mfa")
	toPassword = both("303 /account/password")
	toAccount  = both("303 /account")
)

func both(response string) [2]string { return [2]string{response, response} }

func onlyGET(response [2]string) [2]string { return [2]string{response[0], "405"} }

// wantByClass says how each class of pages responds in each state of a browser.
var wantByClass = map[string]map[string][2]string{
	"signed in": {
		"signed out": toSignIn, "half signed in": toSignIn, "owes mfa": toSetup, "owes password": toPassword,
		"stale": shown, "fresh": shown,
	},
	"fresh": {
		"signed out": toSignIn, "half signed in": toSignIn, "owes mfa": toSetup, "owes password": toPassword,
		"stale": toVerify, "fresh": shown,
	},
	"enrolling": {
		"signed out": toSignIn, "half signed in": toSignIn, "owes mfa": shown, "owes password": toPassword,
		"stale": toVerify, "fresh": shown,
	},
	"password": {
		"signed out": toSignIn, "half signed in": toSignIn, "owes mfa": toSetup, "owes password": shown,
		"stale": toVerify, "fresh": shown,
	},
	"verify": {
		"signed out": toSignIn, "half signed in": toSignIn, "owes mfa": {"303 /account", "422"}, "owes password": {"303 /account", "422"},
		"stale": shown, "fresh": {"303 /account", "422"},
	},
	"setup": {
		"signed out": onlyGET(toSignIn), "half signed in": onlyGET(toSignIn), "owes mfa": onlyGET(shown), "owes password": onlyGET(toPassword),
		"stale": onlyGET(toAccount), "fresh": onlyGET(toAccount),
	},
	"entry": {
		"signed out": shown, "half signed in": shown, "owes mfa": toAccount, "owes password": toAccount,
		"stale": toAccount, "fresh": toAccount,
	},
}

// classOf lists the class of every path; a path without one fails the test. The paths of
// class "other" have tests of their own.
var classOf = map[string]string{
	"/": "other", "/oauth/logout": "other", "/oauth/authorize": "other", "/sign-out": "other", "/dashboard": "other", "/add-mfa": "other", "/.well-known/change-password": "other",
	"/recovery": "other", "/recovery/stop": "other", "/invitation": "other", "/account/idle": "other", "/account/handover": "other", "/account/email/stop": "other", "/account/continue/:id": "other", "/account/manage-mfa/phones/:id/default": "other",
	"/sign-in": "entry", "/sign-up": "entry", "/forgot-password": "entry",
	"/account": "signed in", "/account/manage-mfa": "signed in", "/account/activity": "signed in", "/account/profile": "signed in",
	"/account/passkeys": "signed in", "/account/passkeys/add": "enrolling", "/account/passkeys/:id/remove": "fresh",
	"/account/verify": "verify", "/account/setup-mfa": "setup",
	"/account/manage-mfa/add": "enrolling", "/account/add-phone": "enrolling", "/account/manage-mfa/backup-codes": "enrolling",
	"/account/manage-mfa/phones/:id/use": "enrolling",
	"/account/manage-mfa/remove-totp":    "fresh", "/account/manage-mfa/phones/:id/disable": "fresh",
	"/account/manage-mfa/phones/:id/remove": "fresh", "/account/email": "fresh", "/account/sessions": "fresh", "/account/apps": "fresh",
	"/account/delete": "fresh", "/account/password": "password",
	"/admin/mfa": "other", "/admin/people/:id/exempt": "other",
	"/admin/people.csv": "other", "/admin/audit.csv": "other", "/admin/invitations": "other", "/admin/audit.ndjson": "other",
	"/admin": "other", "/admin/people": "other", "/admin/people/:id": "other", "/admin/people/download": "other", "/admin/people/:id/groups": "other", "/admin/people/:id/:act": "other", "/admin/people/:id/:act/:target": "other",
	"/admin/approvals/:id": "other", "/admin/audit": "other", "/admin/settings": "other", "/admin/*": "other",
	"/admin/access": "other", "/admin/apps": "other", "/admin/apps/add": "other", "/admin/apps/:id": "other", "/admin/apps/:id/edit": "other",
	"/admin/apps/:id/check": "other", "/admin/apps/:id/:act": "other",
}

// Every path has the right response in every state, and changes nothing (FF-01, FF-07,
// RV-02, CS-01, SE-08, SM-02, BC-04, BC-05).
func TestRoutes(t *testing.T) {
	for path, has := range handlers.RoutePaths() {
		class := classOf[path]
		if class == "" {
			t.Errorf("%s has no class", path)
		}
		if strings.HasPrefix(path, "/account") && class == "entry" {
			t.Errorf("%s is accessible when signed out", path)
		}
		if class == "other" || class == "" {
			continue
		}
		for state, want := range wantByClass[class] {
			t.Run(class+" "+path+" "+state, func(t *testing.T) {
				t.Parallel()
				checkRoute(t, path, state, has, want)
			})
		}
	}
}

func checkRoute(t *testing.T, path, state string, has [2]bool, want [2]string) {
	site := newSite(t, withPasskeys, func(p *auth.Policy) { p.RequireMFA = state == "owes mfa" })
	b, phones := site.inState(state)
	if id := phones[map[bool]string{true: "free", false: "reserved"}[strings.HasSuffix(path, "/use")]]; id != "" && !strings.HasPrefix(path, "/account/passkeys") {
		path = strings.Replace(path, ":id", id, 1)
	} else if strings.Contains(path, ":id") {
		path = strings.Replace(path, ":id", "no-such-phone", 1)
		want = [2]string{strings.Replace(want[0], "200", "404", 1), want[1]}
		if want[1] == "422" {
			want[1] = "404"
		}
	}
	if state == "owes mfa" && path == "/account/manage-mfa/backup-codes" {
		want[0] = "303 /account/manage-mfa" // there are none
	}
	before := site.accountData()
	check := func(method, want string, form url.Values) {
		t.Helper()
		response := b.request(method, path, form, nil)
		want = strings.ReplaceAll(want, "PATH", url.QueryEscape(path))
		got := strings.TrimSpace(strconv.Itoa(response.StatusCode) + " " + strings.TrimPrefix(response.Header.Get("Location"), site.origin))
		if got != want && !(strings.HasSuffix(path, "no-such-phone/use") && got == "422") {
			t.Errorf("%s %s: %s, want %s", method, path, got, want)
		}
		body, _ := io.ReadAll(response.Body)
		namesStep := path == "/account/verify" || path == "/account/manage-mfa/add" // in its forms, and this one does not
		outdated := namesStep && strings.Contains(string(body), "This page was out of date")
		if got == "422" && !outdated && !strings.Contains(string(body), "That option is not available") {
			t.Errorf("%s %s has another problem than the button", method, path)
		}
	}
	if has[0] {
		check(http.MethodGet, want[0], nil)
	}
	b.open("/nowhere")
	form := url.Values{"token": {b.formToken()}, "action": {"no-such-button"}}
	if has[1] {
		check(http.MethodPost, want[1], form)
	}
	site.wantAccountData(before)
}

// inState returns a browser in a state, and the ids of the account's phones.
func (site *testSite) inState(state string) (*browser, map[string]string) {
	site.t.Helper()
	b, phones := site.browser(), map[string]string{}
	switch state {
	case "signed out":
		b.open("/sign-in")
	case "half signed in":
		b.signUp(ann)
		b.addTOTP()
		b.press("Sign out").signIn(ann).wantHeading("Verify your account")
	case "owes mfa":
		b.startSignUp(ann, password)
		b.enterCode(site.lastCode(ann)).wantHeading("Set up two-step verification")
	case "owes password":
		b.signUp(ann)
		site.requirePasswordChange(ann)
	case "stale", "fresh":
		b.signUp(ann)
		key, _ := b.addTOTP()
		b.addPhone(otherNumber).press("Use for MFA").wantHeading("User MFA Settings")
		b.addPhone(number).open("/account/manage-mfa")
		phones["free"] = b.phoneID("Use for MFA")
		phones["reserved"] = b.phoneID("Disable for MFA")
		site.wait(11 * time.Minute)
		if state == "fresh" {
			b.open("/account/manage-mfa/remove-totp").reauthenticate(key).wantHeading("Remove two-step verification")
		}
	}
	return b, phones
}

// phoneID returns the id in the path of a phone's link.
func (b *browser) phoneID(link string) string {
	b.t.Helper()
	found := b.link(link)
	parts := strings.Split(found.AttrOr("href", ""), "/")
	return parts[len(parts)-2]
}
