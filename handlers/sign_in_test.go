package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSignIn_TOTP walks in with the app: once a step (TO-04, TO-05, TO-11).
func TestSignIn_TOTP(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, _ := b.addApp()
	b.press("Sign out").sees("Sign in")

	b.firstStep(ann).sees("Verify your account").reads(ann)
	b.fill("Code", "").press("Verify").refused(422)
	b.fill("Code", "12345").press("Verify").refused(422)
	if b.field("Code").AttrOr("value", "") != "" || b.field("Code").AttrOr("aria-invalid", "") != "true" {
		t.Error("a refused code comes back, or is not marked")
	}
	code := w.app(key)
	b.fill("Code", " "+code[:3]+" "+code[3:]+" ").press("Verify").sees("Account")
	b.press("Sign out")

	b.firstStep(ann).fill("Code", code).press("Verify").refused(422).reads("already used")
	w.wait(30 * time.Second)
	b.fill("Code", w.app(key)).press("Verify").sees("Account")
}

// TestSignIn_SMS: the default phone's code is on its way with the password's
// post; the others are offered, by their last digits alone (SM-10, HT-06).
func TestSignIn_SMS(t *testing.T) {
	w := newWorld(t)
	const other = "+14155559876"
	b := w.browser().signUp(ann)
	b.addPhone(number).press("Use for MFA").sees("Backup codes").press("Done").sees("User MFA Settings")
	b.addPhone(other).press("Use for MFA").sees("User MFA Settings")
	b.press("Sign out")
	w.wait(time.Hour + time.Minute)
	sent := len(w.letters(number))

	b.firstStep(ann).sees("Verify your account").reads("•••• 2671").readsNot(number)
	if strings.Contains(b.body, number) || strings.Contains(b.body, other) {
		t.Error("a whole number stands in the page")
	}
	if got := w.letters(number); len(got) != sent+1 {
		t.Fatalf("%d texts", len(got)-sent)
	} else if last := got[len(got)-1].body; !strings.HasSuffix(last, "@id.example.org #"+w.code(number)) {
		t.Errorf("last line of %q", last)
	}
	toFirst := w.code(number)
	b.press("Send a code to •••• 9876").sees("Verify your account").reads("•••• 9876")
	b.fill("Code", toFirst).press("Verify").refused(422) // a new code cancels the old one
	b.fill("Code", w.code(other)).press("Verify").sees("Account")
	b.press("Sign out")

	w.wait(time.Minute)
	b.firstStep(ann).sees("Verify your account")
	stale := w.code(number)
	w.wait(31 * time.Second)
	b.press("Send a new code").reads("We sent a new code")
	if fresh := w.code(number); fresh != stale {
		b.fill("Code", stale).press("Verify").refused(422)
	}
	thief := w.browser()
	thief.firstStep(ann)
	thief.fill("Code", w.code(number)).press("Verify").refused(422) // bound to the browser that asked (SM-05)
	b.fill("Code", w.code(number)).press("Verify").sees("Account")
}

// TestSignIn_BackupCode: by the checkbox and without it, however it is
// written, each once (BC-02, BC-06).
func TestSignIn_BackupCode(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	_, codes := b.addApp()
	b.press("Sign out")
	for i, typed := range []string{codes[0], strings.ToUpper(codes[1]), strings.ReplaceAll(codes[2], "-", " ")} {
		b.firstStep(ann).sees("Verify your account").fill("Code", typed)
		if i > 0 {
			b.fill("This code is a backup code", "1")
		}
		b.press("Verify").sees("Account").press("Sign out")
	}
	b.firstStep(ann).fill("Code", codes[0]).press("Verify").refused(422)
	b.fill("Code", "aaaa-aaaa-aaaa-aaaa").fill("This code is a backup code", "1").press("Verify").refused(422)
	b.fill("Code", codes[3]).press("Verify").sees("Account")
	b.open("/account/manage-mfa").reads("6 backup codes")
	told := 0
	for _, l := range w.letters(ann) {
		if strings.Contains(l.subject, "ackup code used") {
			told++
		}
	}
	if told != 4 || !strings.Contains(allBodies(w.letters(ann)), "6 backup codes left") {
		t.Errorf("the owner was told %d times", told)
	}
}

func allBodies(letters []letter) string {
	all := ""
	for _, l := range letters {
		all += l.body
	}
	return all
}

// TestSignIn_Alike: unknown address and wrong password get the same answer,
// to the letter and to the header (FF-03).
func TestSignIn_Alike(t *testing.T) {
	w := newWorld(t)
	w.browser().signUp(ann)
	answers := map[string]string{}
	for _, email := range []string{ann, "nobody@example.org"} {
		b := w.browser().open("/sign-in")
		for try := 1; try <= 7; try++ {
			b.fill("Email address", email).fill("Password", "wrong wrong wrong").press("Continue")
			b.header.Del("Set-Cookie")
			answer := b.page.Find("title").Text() + b.text() + b.header.Get("Retry-After") + http.StatusText(b.status)
			answers[email] += strings.ReplaceAll(answer, email, "…") + "\n"
		}
		if b.status != 429 || b.header.Get("Retry-After") != "30" {
			t.Errorf("%s after seven tries: %d, Retry-After %s", email, b.status, b.header.Get("Retry-After"))
		}
	}
	if answers[ann] != answers["nobody@example.org"] {
		t.Errorf("a known address differs:\n%s\n%s", answers[ann], answers["nobody@example.org"])
	}
	b := w.browser().firstStep(ann).refused(429) // a waiting account does not say that the password was right
	w.wait(31 * time.Second)
	b.firstStep(ann).sees("Account")
}

// TestSignIn_Steps: no step is skipped, mixed or taken from another person (FF-01, FF-02).
func TestSignIn_Steps(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, _ := b.addApp()
	b.press("Sign out")

	fresh := w.browser().open("/sign-in")
	path, form := fresh.form(fresh.button("Continue"))
	form.Set("action", "verify")
	form.Set("code", w.app(key))
	fresh.load(http.MethodPost, path, form).refused(422).sees("Sign in")

	b.firstStep(ann).sees("Verify your account")
	eve := w.browser()
	eve.signUp("eve@example.org")
	eveKey, _ := eve.addApp()
	eve.press("Sign out")
	eve.firstStep("eve@example.org").sees("Verify your account")
	b.fill("Code", w.app(eveKey)).press("Verify").refused(422)

	old := b.clone()
	w.wait(30 * time.Second)
	b.fill("Code", w.app(key)).press("Verify").sees("Account")
	w.wait(30 * time.Second)
	old.fill("Code", w.app(key)).press("Verify") // the attempt is over, whatever its code is worth
	if old.page.Find("h1").Text() == "Account" {
		t.Error("a finished attempt let somebody in")
	}
	w.wait(30 * time.Second)
	b.press("Sign out").firstStep(ann).press("Start over").sees("Sign in")
	b.open("/sign-in").sees("Sign in")
	w.wait(30 * time.Second)
	b.firstStep(ann)
	w.wait(31 * time.Minute)
	b.fill("Code", w.app(key)).press("Verify").refused(422).sees("Sign in") // the attempt has expired
}

// TestSignIn_TwentyAtOnce: of twenty posts of one right code one is let in (TO-06, BC-02).
func TestSignIn_TwentyAtOnce(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, codes := b.addApp()
	b.press("Sign out")
	for name, code := range map[string]func() string{
		"app": func() string { return w.app(key) }, "backup code": func() string { return codes[0] },
	} {
		b.firstStep(ann).sees("Verify your account").fill("Code", code())
		var wait sync.WaitGroup
		var mu sync.Mutex
		in := 0
		for range 20 {
			racer := b.clone()
			path, form := racer.form(racer.button("Verify"))
			wait.Go(func() {
				response := racer.request(http.MethodPost, path, form, nil)
				mu.Lock()
				defer mu.Unlock()
				if response.Header.Get("Location") == "/account" {
					in++
				}
			})
		}
		wait.Wait()
		if in != 1 {
			t.Errorf("%s: %d of twenty were let in", name, in)
		}
		w.wait(2 * time.Hour)
	}
}

// TestSignIn_Next: a visitor comes back to the page he asked for, and to
// nowhere else (FF-10).
func TestSignIn_Next(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.press("Sign out")
	b.open("/account/manage-mfa/add?format=uri").sees("Sign in").reads("You must be signed in to access this page")
	b.fill("Email address", ann).fill("Password", password).press("Continue").sees("Add TOTP MFA")
	if b.url.RequestURI() != "/account/manage-mfa/add?format=uri" {
		t.Errorf("came back to %s", b.url)
	}
	for _, next := range []string{
		"https://evil.example/account", "//evil.example/account", `/\evil.example`, `\\evil.example`, "javascript:alert(1)", "/account/../../x",
		"//account", "/sign-out", "account", "/account\r\nX: y", "/accounts", "/%2f/evil.example", "http:/account", "/account//x",
	} {
		b.open("/account").press("Sign out")
		b.open("/sign-in?next=" + url.QueryEscape(next)).sees("Sign in")
		b.fill("Email address", ann).fill("Password", password).press("Continue").sees("Account")
		if b.url.String() != w.origin+"/account" {
			t.Errorf("next=%q leads to %s", next, b.url)
		}
		if b.open("/sign-in?next=" + url.QueryEscape(next)); b.url.String() != w.origin+"/account" {
			t.Errorf("signed in, next=%q leads to %s", next, b.url)
		}
	}
}

// TestSignOut ends the session on the server (SE-07).
func TestSignOut(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	old := b.clone()
	b.press("Sign out").sees("Sign in")
	old.open("/account").sees("Sign in")
	if response := b.request(http.MethodGet, "/sign-out", nil, nil); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET /sign-out: %d", response.StatusCode)
	}
}
