package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

const (
	opsPage   = "https://ops.example.net/x"
	adminPage = "https://ops.example.net/admin/users?sort=name"
)

// A demand for two factors leads an account without a second factor to its set-up, and
// then to the app (FA-16).
func TestForwardAuth_SetUp(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	for range 2 { // also from a second tab
		if b.goTo(opsPage) != nil {
			t.Fatal("the app opens without a second factor")
		}
		b.wantHeading("Set up two-step verification").wantText("ops.example.net requires two-step verification")
	}
	b.addTOTP()
	b.follow("Continue").wantHeading("Continue to ops.example.net")
	b.wantApp(b.goTo(b.continueURL()), opsPage)

	bob := site.browser().signUp("bob@example.org")
	if bob.goTo(adminPage) != nil {
		t.Error("the app opens for another user")
	}
	bob.wantHeading("No access to ops.example.net") // no set-up, which would be for nothing

	owing := newAppSite(t, requireMFA).browser() // pending tasks come before any app
	owing.startSignUp(ann, password)
	owing.enterCode(owing.site.lastCode(ann)).wantHeading("Set up two-step verification")
	if owing.goTo(wikiPage) != nil {
		t.Error("the app opens before the task is done")
	}
	owing.wantHeading("Set up two-step verification").wantText("Acme requires two-step verification")
}

// A demand for a recent second factor leads to re-authentication and back to the same
// page, also if the site's own policy asks for less (FA-15).
func TestForwardAuth_Within(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	site.wait(4 * time.Minute)
	b.wantApp(b.goTo(adminPage), adminPage)
	site.wait(2 * time.Minute)
	b.wantApp(b.goTo(opsPage), opsPage)
	for _, odd := range []string{"https://ops.example.net//", "https://ops.example.net/x%2Fy"} {
		if response := b.check("POST", odd, notNavigating); response.StatusCode != 401 {
			t.Errorf("%s: %d", odd, response.StatusCode)
		}
	}
	if response := b.check("GET", adminPage, notNavigating); response.StatusCode != 401 || response.Header.Get("Twostep-Sign-In") != adminPage {
		t.Errorf("%d, %q", response.StatusCode, response.Header.Get("Twostep-Sign-In"))
	}
	if b.goTo(adminPage) != nil {
		t.Fatal("the app opens with an old second factor")
	}
	b.reauthenticate(key).wantHeading("Continue to ops.example.net")
	b.wantApp(b.goTo(b.continueURL()), adminPage)
	site.wait(-20 * time.Minute) // the session is dated in the future (SE-06)
	if response := b.check("POST", adminPage); response.StatusCode == 200 {
		t.Error("a second factor verified in the future counts")
	}
}

func notNavigating(h http.Header) { h.Set("Sec-Fetch-Mode", "cors"); h.Set("Sec-Fetch-Dest", "empty") }

// FA-14: whatever ends the session ends the access to apps, at once.
func TestForwardAuth_SessionEnds(t *testing.T) {
	for name, end := range map[string]func(site *testSite, b, other *browser, key string){
		"signed out": func(_ *testSite, b, _ *browser, _ string) { b.open(b.site.origin + "/account").press("Sign out") },
		"signed out by another session": func(_ *testSite, _, other *browser, _ string) {
			other.open("/account/sessions").press("Sign out all other devices")
		},
		"password changed": func(_ *testSite, _, other *browser, _ string) { other.changePassword(password, newPassword) },
		"password reset": func(site *testSite, _, _ *browser, _ string) {
			b := site.browser().startReset(ann)
			b.enterCode(site.lastCode(ann)).setPassword(newPassword).wantHeading("Sign in")
		},
		"factor removed": func(_ *testSite, _, other *browser, _ string) {
			other.open("/account/manage-mfa/remove-totp").press("Remove")
		},
		"factor replaced": func(_ *testSite, _, other *browser, _ string) { other.addTOTPAgain() },
		"deleted": func(_ *testSite, _, other *browser, _ string) {
			other.open("/account/delete").fill("Type your email address to confirm", ann).press("Delete account")
		},
		"disabled":    operate(auth.Disable),
		"reset MFA":   operate(auth.ResetMFA),
		"ended":       operate(auth.SignOutEverywhere),
		"no password": operate(auth.EndPassword),
		"idle":        func(site *testSite, _, _ *browser, _ string) { site.wait(time.Hour + time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newAppSite(t)
			b := site.browser().signUp(ann)
			key, _ := b.addTOTP()
			other := site.browser().signIn(ann)
			other.enterCode(site.totpCode(key)).wantHeading("Account")
			b.wantApp(b.goTo(wikiPage), wikiPage)
			end(site, b, other, key)
			if response := b.check("GET", wikiPage, notNavigating); response.StatusCode != 401 {
				t.Errorf("check: %d", response.StatusCode)
			}
			if n := site.queryInt(`SELECT count(*) FROM host_tokens WHERE session_id NOT IN (SELECT id FROM sessions)`); n != 0 {
				t.Errorf("%d tokens without a session", n)
			}
		})
	}
}

func operate(action auth.OperatorAction) func(*testSite, *browser, *browser, string) {
	return func(site *testSite, _, _ *browser, _ string) {
		if done, err := site.operate(action, ann); err != nil || !done {
			site.t.Errorf("%s: %v, %v", action, done, err)
		}
	}
}

// FA-20: requests to apps keep the session, up to its lifetime, and are written once a
// minute at most.
func TestForwardAuth_Activity(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	b.wantApp(b.goTo(wikiPage), wikiPage)
	seen := func() int { return site.queryInt(`SELECT seen_at FROM sessions`) }
	before := seen()
	site.wait(30 * time.Second)
	b.check("GET", wikiPage, notNavigating)
	if seen() != before {
		t.Error("written within a minute")
	}
	site.wait(59 * time.Minute)
	b.check("GET", wikiPage)
	for range 23 {
		site.wait(time.Hour)
		if response := b.check("GET", wikiPage, notNavigating); response.StatusCode != 200 {
			t.Fatalf("%d", response.StatusCode)
		}
	}
	b.open(site.origin + "/account").wantHeading("Account")
	site.wait(time.Hour)
	if response := b.check("GET", wikiPage, notNavigating); response.StatusCode != 401 {
		t.Errorf("after the lifetime: %d", response.StatusCode)
	}
}

// An app's sign-out path leads to the button of the site, and changes nothing itself.
func TestForwardAuth_SignOut(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	b.wantApp(b.goTo(wikiPage), wikiPage)
	if b.goTo("https://wiki.example.org/.twostep/sign-out") != nil {
		t.Fatal("the app responds")
	}
	b.wantHeading("Account")
	if response := b.check("GET", wikiPage); response.StatusCode != 200 {
		t.Errorf("a link signs out: %d", response.StatusCode)
	}
	b.press("Sign out").wantHeading("Sign in")
	if response := b.check("GET", wikiPage); response.StatusCode != 303 {
		t.Errorf("signed out: %d", response.StatusCode)
	}
	if response := b.check("GET", "https://wiki.example.org/.twostep/other"); response.StatusCode != 403 {
		t.Errorf("another path: %d", response.StatusCode)
	}
}

// FA-23: the log says which rule decided about which user, and contains no query.
func TestForwardAuth_Log(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	b.wantApp(b.goTo(wikiPage), wikiPage)
	user := b.check("GET", wikiPage).Header.Get("Remote-Id")
	if lines := site.log.linesWith("level=INFO", "msg=access", "decision=allowed", "host=wiki.example.org", `path=/page/a%20b`, "rule=3", "user="+user); len(lines) == 0 {
		t.Errorf("log lacks the check:\n%s", strings.Join(site.log.linesWith("msg=access"), "\n"))
	}
	b.check("GET", "https://old.example.org/x?secret=1")
	if len(site.log.linesWith("msg=access", "decision=denied", "rule=7")) != 1 {
		t.Error("log lacks the denied request")
	}
	if lines := append(site.log.linesWith("y=%2F"), site.log.linesWith("code=")...); len(lines) > 0 {
		t.Errorf("log contains a query: %v", lines)
	}
	if lines := site.log.linesWith("odd="); len(lines) > 0 {
		t.Errorf("log calls a usual path odd: %v", lines)
	}
	b.check("GET", "https://wiki.example.org/x%2Fy")
	if len(site.log.linesWith("msg=access", "path=/x%2Fy", "odd=")) != 1 {
		t.Error("log lacks why a path was odd")
	}
}

// A hanging store refuses within two seconds (FA-22).
func TestForwardAuth_StoreHangs(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	b.wantApp(b.goTo(wikiPage), wikiPage)
	var timeout time.Duration
	site.faulty = &faultyStore{real: site.store, failAt: 1, fault: func(ctx context.Context, do func() error) error {
		deadline, _ := ctx.Deadline()
		timeout = time.Until(deadline)
		return hang(ctx, do)
	}}
	site.requestTimeout = time.Minute // of pages
	site.restart()
	if response := b.check("GET", wikiPage); response.StatusCode != 503 || timeout > 2*time.Second {
		t.Errorf("%d after %s", response.StatusCode, timeout)
	}
	if response := b.check("GET", "https://wiki.example.org/public"); response.StatusCode != 200 {
		t.Errorf("public: %d", response.StatusCode)
	}
}

// FA-24: the first use of an app by an account is in its activity.
func TestForwardAuth_FirstUse(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	b.wantApp(b.goTo(wikiPage), wikiPage)
	other := site.browser().signIn(ann)
	other.wantApp(other.goTo(wikiPage), wikiPage)
	other.open(site.origin + "/account/activity").wantText("Signed in to wiki.example.org")
	if n := strings.Count(other.text(), "Signed in to wiki.example.org"); n != 1 {
		t.Errorf("%d events", n)
	}
	other.wantApp(other.goTo("https://api.example.org/page"), "https://api.example.org/page")
	other.open(site.origin + "/account/activity").wantText("Signed in to api.example.org")
}

// FA-24: users see which apps behind a proxy the account and each device has used, and can
// close one on all devices.
func TestForwardAuth_ConnectedApps(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	b.wantApp(b.goTo(wikiPage), wikiPage)
	other := site.browser().signIn(ann)
	b.open(site.origin + "/account/sessions").wantText("Signed in to wiki.example.org")
	b.follow("Apps").wantHeading("Connected apps").wantText("wiki.example.org")
	b.press("Disconnect").wantText("App disconnected").wantText("You have not signed in to any app")
	if response := b.check("GET", wikiPage, notNavigating); response.StatusCode != 401 {
		t.Errorf("disconnected: %d", response.StatusCode)
	}
	other.open("/account/activity").wantText("wiki.example.org disconnected")
	b.wantApp(b.goTo(wikiPage), wikiPage) // the session is still there
}

// FA-15: what only a POST demands is met, too, after a form as well as after a script's
// request, and the browser returns to a page.
func TestForwardAuth_WithinPOST(t *testing.T) {
	const api = "https://api.example.org"
	for name, link := range map[string]func(b *browser) string{
		"form": func(b *browser) string { return b.check("POST", api+"/save").Header.Get("Location") },
		"script": func(b *browser) string {
			return b.check("POST", api+"/save", notNavigating).Header.Get("Twostep-Sign-In")
		},
	} {
		site := newAppSite(t)
		b := site.browser().signUp(ann)
		key, _ := b.addTOTP()
		b.wantApp(b.goTo(api+"/page"), api+"/page")
		if response := b.check("POST", api+"/save"); response.StatusCode != 200 {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
		site.wait(6 * time.Minute)
		to := link(b)
		if strings.HasPrefix(to, api) {
			to = b.check("GET", to).Header.Get("Location")
		}
		b.url, _ = url.Parse(site.origin)
		b.open(to)
		b.reauthenticate(key).wantHeading("Continue to api.example.org")
		b.wantApp(b.goTo(b.continueURL()), api+"/")
		if response := b.check("POST", api+"/save"); response.StatusCode != 200 {
			t.Errorf("%s: %d after re-authentication", name, response.StatusCode)
		}
		if to := b.check("GET", api+"/.twostep/sign-in?target=%2Fsave").Header.Get("Location"); !strings.HasSuffix(to, "&target="+url.QueryEscape(api+"/")) {
			t.Errorf("%s: a link leads to %s", name, to)
		}
	}
}

// A HEAD request does not use up a code.
func TestForwardAuth_CallbackHEAD(t *testing.T) {
	site := newAppSite(t)
	b := site.browser().signUp(ann)
	b.open(b.check("GET", wikiPage).Header.Get("Location"))
	callback := b.continueURL()
	if response := b.check("HEAD", callback); response.StatusCode != 403 {
		t.Errorf("%d", response.StatusCode)
	}
	b.wantApp(b.goTo(callback), wikiPage)
}
