package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// TestReverify: past the limit it is asked anew, this session alone is
// raised, under a new handle, a code that was used is used here too, and the way
// back carries nothing out and leads nowhere else (RV-01, RV-03, RV-05, RV-07,
// SE-02, TO-05, FF-10).
func TestReverify(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, codes := b.addApp()
	other := w.browser().firstStep(ann)
	other.fill("Code", w.app(key)).press("Verify").sees("Account")
	w.wait(10*time.Minute + time.Second)

	b.open("/account/manage-mfa/remove-totp").sees("Verification required")
	if b.url.RequestURI() != "/account/verify?next=%2Faccount%2Fmanage-mfa%2Fremove-totp" {
		t.Errorf("asked at %s", b.url)
	}
	b.fill("Code", "").press("Verify").refused(422).sees("Verification required")
	b.fill("Code", "000000").press("Verify").refused(422)
	stale, before := b.clone(), w.facts()
	b.fill("Code", w.app(key)).press("Verify").sees("Remove two-step verification")
	if before[:strings.Index(before, "totp")] != w.facts()[:strings.Index(w.facts(), "totp")] {
		t.Error("the way back changed something")
	}
	stale.open("/account").sees("Sign in") // the old handle is dead
	other.open("/account/email").sees("Verification required")
	other.fill("Code", w.app(key)).press("Verify").refused(422).reads("already used") // the same one-time rules
	other.fill("Code", codes[0]).press("Verify").sees("Email address")

	b.open("/account/verify?next=//evil.example").sees("Account") // nothing is owed
	w.wait(11 * time.Minute)
	for _, next := range []string{"https://evil.example", "//evil.example", "/sign-out", ""} {
		b.open("/account/verify?next=" + next).reverify(key)
		if b.url.String() != w.origin+"/account" {
			t.Errorf("next=%s leads to %s", next, b.url)
		}
		w.wait(11 * time.Minute)
	}
}

// TestReverify_Methods: any other method of the account will do, and no code
// goes out before it is asked for.
func TestReverify_Methods(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, _ := b.addApp()
	b.addPhone(number).press("Use for MFA").sees("User MFA Settings")
	w.wait(time.Hour / 2)
	sent := len(w.letters(number))
	b.open("/account/password").sees("Verification required").press("Send a code to •••• 2671").sees("Verification required")
	if len(w.letters(number)) != sent+1 {
		t.Error("no code was sent")
	}
	b.press("Use your authentication app").reverify(key).sees("Password")
	w.wait(time.Hour / 2)
	b.open("/account/password").press("Send a code to •••• 2671").fill("Code", w.code(number)).press("Verify").sees("Password")
}

// TestReverify_Password: without a second factor the first is asked.
func TestReverify_Password(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	w.wait(11 * time.Minute)
	b.open("/account/manage-mfa").sees("User MFA Settings") // the list itself is not asked for
	b.follow("Add").sees("Verification required")
	b.fill("Password", "").press("Continue").refused(422)
	b.fill("Password", "not the password").press("Continue").refused(422).sees("Verification required")
	b.fill("Password", password).press("Continue").sees("Add TOTP MFA")
}

// TestReverify_Presets: strict_mfa asks both, so that the password alone will not
// do (RV-01); moderate and lax ask later (RV-03).
func TestReverify_Presets(t *testing.T) {
	for preset, after := range map[string]time.Duration{"strict_mfa": 10 * time.Minute, "strict": 10 * time.Minute, "moderate": time.Hour, "lax": 24 * time.Hour} {
		w := newWorld(t, func(p *auth.Policy) { p.Reauth = auth.ReauthPresets[preset] })
		b := w.browser().signUp(ann)
		key, _ := b.addApp()
		w.wait(30 * time.Second)
		b.press("Sign out").firstStep(ann).fill("Code", w.app(key)).press("Verify").sees("Account")
		for left := after; left > 0; left -= 30 * time.Minute {
			b.open("/account")
			w.wait(min(left, 30*time.Minute))
		}
		b.open("/account/manage-mfa/remove-totp").sees("Remove two-step verification")
		w.wait(time.Second)
		if preset == "lax" { // a day is also the session's limit
			b.open("/account/manage-mfa/remove-totp").sees("Sign in")
			continue
		}
		b.open("/account/manage-mfa/remove-totp").sees("Verification required")
		if preset == "strict_mfa" {
			if b.has("Verify") {
				t.Error("strict_mfa begins with the second factor")
			}
			b.fill("Password", password).press("Continue").sees("Verification required")
		}
		b.reverify(key).sees("Remove two-step verification")
	}
}

// TestReverify_KeepsInput: what was typed into a form is there again, and only
// its button sends it (RV-07).
func TestReverify_KeepsInput(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.open("/account/add-phone")
	w.wait(11 * time.Minute)
	b.fill("Enter phone number", "(415) 555-2671").press("Continue").sees("Verification required")
	b.fill("Password", password).press("Continue").sees("Add phone")
	if got := b.field("Enter phone number").AttrOr("value", ""); got != "(415) 555-2671" {
		t.Errorf("the number typed became %q", got)
	}
	if len(w.letters(number)) != 0 {
		t.Error("the way back sent the form")
	}
	b.press("Continue").sees("Verify phone")
}

// TestReverify_Counter: a wrong answer here counts where a wrong answer at
// sign-in counts (RV-05, RL-03).
func TestReverify_Counter(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, _ := b.addApp()
	w.wait(11 * time.Minute)
	half := w.browser().firstStep(ann) // known, too: both draw on the count of known browsers
	half.fill("Code", w.app(key)).press("Verify").sees("Account").press("Sign out")
	half.firstStep(ann)
	w.wait(30 * time.Second)
	for range 3 {
		half.fill("Code", "000000").press("Verify").refused(422)
	}
	b.open("/account/email").sees("Verification required")
	for range 2 {
		b.fill("Code", "000000").press("Verify").refused(422)
	}
	b.fill("Code", w.app(key)).press("Verify").refused(429)
	half.fill("Code", w.app(key)).press("Verify").refused(429)
	w.wait(31 * time.Second)
	b.fill("Code", w.app(key)).press("Verify").sees("Email address")
}

// TestReverify_Foreign: an attempt of another session raises nothing.
func TestReverify_Foreign(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	w.wait(11 * time.Minute)
	b.open("/account/email").sees("Verification required")
	path, form := b.form(b.button("Continue"))
	form.Set("password", password)
	fresh := b.clone()
	b.load(http.MethodPost, path, form).sees("Email address")
	if response := fresh.request(http.MethodPost, path, form, nil); response.Header.Get("Location") == "/account/email" {
		t.Error("a finished re-verification raised a session again")
	}
}

// TestReverify_SessionOver: what was begun to verify anew ends with its session.
// Once that was idle for too long, or has lasted too long, no code wakes it up
// again, at whatever page it is given (SE-05, SE-06, FF-01).
func TestReverify_SessionOver(t *testing.T) {
	w := newWorld(t, func(p *auth.Policy) { p.SessionIdle = 5 * time.Minute })
	b := w.browser().signUp(ann)
	key, _ := b.addApp()
	for range 4 {
		w.wait(4 * time.Minute)
		b.open("/account")
	}
	b.open("/account/password").sees("Verification required")
	w.wait(6 * time.Minute)
	for _, path := range []string{"/sign-in", "/sign-up", "/forgot-password"} {
		b.open(path)
		b.load(http.MethodPost, path, url.Values{"token": {b.token()}, "action": {"verify"}, "code": {w.app(key)}}).refused(422)
	}
	b.open("/account").sees("Sign in")
}
