package handlers_test

import (
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// The three forms that set a password accept the same passwords and refuse the same
// ones, with the reason, any number in a row (PW-01, PW-04, PW-06, PW-07, PW-08, PW-09).
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
	accepted := []string{"fifteen letters", "onlylowercasele", "a password is only a word", "🐢🦊🐙🦉🐝🐌🦋🐞🦂🕷🐊🐅🐆🦓🦍", strings.Repeat("sixteen letters ", 8)}
	site := newSite(t, func(p *auth.Policy) { p.Breached = func(password string) bool { return password == leaked } })
	const quillbert = "quillbert@example.org"
	owner := site.browser().signUp(quillbert)
	current := password
	for name, form := range map[string]struct {
		open func() *browser
		set  func(b *browser, password string) *browser
		page string // heading of the form
		next string // heading of the page after it
	}{
		"sign-up": {
			func() *browser { return site.browser().open("/sign-up") },
			func(b *browser, password string) *browser {
				return b.enterCredentials(quillbert, password)
			},
			"Sign up", "Verify your email",
		},
		"change": {
			func() *browser { return site.browser().signInWith(quillbert, current).open("/account/password") },
			func(b *browser, password string) *browser {
				return b.submitPasswords(current, password)
			},
			"Password", "Account",
		},
		"reset": {
			func() *browser {
				b := owner.startReset(quillbert)
				return b.enterCode(site.lastCode(quillbert))
			},
			func(b *browser, password string) *browser {
				return b.setPassword(password)
			},
			"Set a new password", "Sign in",
		},
	} {
		owner.open("/account").press("Sign out")
		for _, fine := range accepted {
			site.wait(time.Hour) // past the limits on sending
			b := form.open()
			for bad, why := range refusals {
				form.set(b, bad).wantError(422).wantHeading(form.page).wantText(why)
			}
			form.set(b, fine)
			if got := b.page.Heading(); got != form.next {
				t.Fatalf("%s: %q: heading %q, want %q:\n%s", name, fine, got, form.next, b.text())
			}
			if name != "sign-up" {
				current = fine
			}
		}
		owner = site.browser().signInWith(quillbert, current).wantHeading("Account")
	}
}

// A long password is not truncated, and its case counts (PW-03). Canonically equivalent
// characters match; compatibility characters such as ligatures do not (PW-05).
func TestNewPassword_ComparedExactly(t *testing.T) {
	site := newSite(t)
	long := strings.Repeat("a very long password is one ", 4) + "ﬁn é"
	if n := len([]rune(long)); n < 64 {
		t.Fatalf("%d characters", n)
	}
	b := site.browser().startSignUp(ann, long)
	b.enterCode(site.lastCode(ann)).wantHeading("Account")
	for typed, right := range map[string]bool{
		long: true, strings.TrimSuffix(long, "é") + "e\u0301": true,
		strings.TrimSuffix(long, "é") + "e": false, strings.TrimSuffix(long, " é"): false, strings.ToUpper(long): false,
		long + " ": false, strings.Replace(long, "ﬁ", "fi", 1): false,
	} {
		site.wait(time.Hour)
		if in := site.browser().signInWith(ann, typed).page.Heading() == "Account"; in != right {
			t.Errorf("%q: signed in %v, want %v", typed, in, right)
		}
	}
	site.browser().startSignUp(ann, strings.Repeat("x", auth.PasswordMax+1)).wantError(422).wantText("characters or fewer")
}
