package handlers_test

import (
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// TestNewPassword_EveryForm: the three forms that set a password refuse the same
// ones, each for its own reason and however many in a row, and take the same ones
// (PW-01, PW-04, PW-06, PW-07, PW-08, PW-09).
func TestNewPassword_EveryForm(t *testing.T) {
	t.Parallel()
	const leaked = "leaked last week!"
	refusals := map[string]string{
		"fourteen chars":      "Password must be",
		"passwordpassword":    "too easy to guess",
		"123456789012345":     "too easy to guess",
		leaked:                "appeared in a data breach",
		"acme-----------":     "based on your email address",
		"quillbert-quillbert": "based on your email address",
	}
	taken := []string{"fifteen letters", "onlylowercasele", "a password is only a word", "🐢🦊🐙🦉🐝🐌🦋🐞🦂🕷🐊🐅🐆🦓🦍", strings.Repeat("sixteen letters ", 8)}
	w := newWorld(t, func(p *auth.Policy) { p.Breached = func(password string) bool { return password == leaked } })
	const quillbert = "quillbert@example.org"
	owner := w.browser().signUp(quillbert)
	current := password
	for name, form := range map[string]struct {
		open func() *browser
		set  func(b *browser, password string) *browser
		page string // that refuses
		then string // what follows
	}{
		"sign-up": {
			func() *browser { return w.browser().open("/sign-up") },
			func(b *browser, password string) *browser {
				return b.fill("Email address", quillbert).fill("Password", password).press("Continue")
			},
			"Sign up", "Verify your email",
		},
		"change": {
			func() *browser { return w.browser().try(quillbert, current).open("/account/password") },
			func(b *browser, password string) *browser {
				return b.fill("Current password", current).fill("New password", password).press("Change password")
			},
			"Password", "Account",
		},
		"reset": {
			func() *browser {
				b := owner.open("/forgot-password").fill("Email address", quillbert).press("Continue")
				return b.fill("Code", w.code(quillbert)).press("Verify")
			},
			func(b *browser, password string) *browser {
				return b.fill("New password", password).press("Set password")
			},
			"Set a new password", "Sign in",
		},
	} {
		owner.open("/account").press("Sign out")
		for _, fine := range taken {
			w.wait(time.Hour) // past the limits of sending
			b := form.open()
			for bad, why := range refusals {
				form.set(b, bad).refused(422).sees(form.page).reads(why)
			}
			form.set(b, fine)
			if got := clean(b.page.Find("h1").Text()); got != form.then {
				t.Fatalf("%s: %q leads to %q:\n%s", name, fine, got, b.text())
			}
			if name != "sign-up" {
				current = fine
			}
		}
		owner = w.browser().try(quillbert, current).sees("Account")
	}
}

// TestNewPassword_WholeAndUnchanged: nothing of a long password is cut off, and
// its case counts (PW-03). A letter with its accent apart is the same letter, and
// two letters are not one that looks like them (PW-05).
func TestNewPassword_WholeAndUnchanged(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("a very long password is one ", 4) + "ﬁn é"
	if n := len([]rune(long)); n < 64 {
		t.Fatalf("%d characters", n)
	}
	b := w.browser().open("/sign-up").fill("Email address", ann).fill("Password", long).press("Continue")
	b.fill("Code", w.code(ann)).press("Verify").sees("Account")
	for typed, right := range map[string]bool{
		long: true, strings.TrimSuffix(long, "é") + "e\u0301": true,
		strings.TrimSuffix(long, "é") + "e": false, strings.TrimSuffix(long, " é"): false, strings.ToUpper(long): false,
		long + " ": false, strings.Replace(long, "ﬁ", "fi", 1): false,
	} {
		w.wait(time.Hour)
		if in := clean(w.browser().try(ann, typed).page.Find("h1").Text()) == "Account"; in != right {
			t.Errorf("%q signs in: %v", typed, in)
		}
	}
	w.browser().open("/sign-up").fill("Email address", ann).fill("Password", strings.Repeat("x", auth.PasswordMax+1)).press("Continue").refused(422).reads("characters or fewer")
}
