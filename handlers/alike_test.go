package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// seen is all that a visitor can tell of an answer: status, headers, which
// cookies are set, and the page.
func (b *browser) seen(typed string) string {
	h := b.header.Clone()
	for i, cookie := range h["Set-Cookie"] {
		h["Set-Cookie"][i], _, _ = strings.Cut(cookie, "=")
	}
	var headers strings.Builder
	h.Write(&headers)
	body := strings.ReplaceAll(b.body, b.token(), "TOKEN")
	return http.StatusText(b.status) + "\n" + headers.String() + strings.ReplaceAll(body, typed, "TYPED")
}

// TestSignIn_AllAlike: an address nobody bears, a wrong password, an account
// that is disabled and one that waits get the same answer to the letter and to
// the header, the right password or not (FF-03). So does one that was never proved.
func TestSignIn_AllAlike(t *testing.T) {
	t.Parallel()
	const disabled, unproved, nobody = "dis@example.org", "unp@example.org", "nob@example.org"
	w := newWorld(t)
	w.browser().signUp("ann@example.org")
	session := w.browser().signUp(disabled)
	w.browser().open("/sign-up").fill("Email address", unproved).fill("Password", password).press("Continue").sees("Verify your email")
	w.disable(disabled)
	session.open("/account").sees("Sign in") // its sessions are over at once (SE-10)

	type answer struct{ email, password string }
	rows := []answer{{nobody, notPassword}, {"ann@example.org", notPassword}, {disabled, notPassword}, {disabled, password}, {unproved, password}, {nobody, password}}
	for _, stage := range []struct {
		tries  int
		status int
	}{{1, 422}, {3, 422}, {7, 429}} {
		want := ""
		for i, row := range rows {
			w.write("DELETE FROM rate_limits")
			b := w.browser()
			for range stage.tries - 1 {
				b.try(row.email, notPassword)
			}
			got := b.try(row.email, row.password).refused(stage.status).seen(row.email)
			if i == 0 {
				want = got
			}
			if got != want {
				t.Errorf("after %d tries %v differs:\n%s\n%s", stage.tries, row, got, want)
			}
		}
	}
	w.write("DELETE FROM rate_limits")
	waits := w.browser()
	for range 5 {
		waits.try(ann, notPassword)
	}
	wrong, right := w.browser().try(ann, notPassword).refused(429).seen(ann), w.browser().try(ann, password).refused(429).seen(ann)
	if wrong != right {
		t.Errorf("an account that waits tells whether the password was right:\n%s\n%s", wrong, right)
	}
}

// TestSignUp_AllAlike: a taken address, a disabled account's and a free one get
// the same answers all the way to the code, and so does a reset (FF-03, RC-01).
func TestSignUp_AllAlike(t *testing.T) {
	const disabled, free = "dis@example.org", "fre@example.org"
	w := newWorld(t)
	w.browser().signUp(ann)
	w.browser().signUp(disabled)
	w.disable(disabled)
	for _, page := range []string{"/sign-up", "/forgot-password"} {
		w.wait(time.Hour)
		want := map[string]string{}
		for _, email := range []string{free, ann, disabled} {
			b := w.browser().open(page).fill("Email address", email)
			if page == "/sign-up" {
				b.fill("Password", "another fine sentence")
			}
			b.press("Continue")
			steps := map[string]string{"asked": b.seen(email)}
			b.fill("Code", "000000").press("Verify").refused(422)
			steps["wrong code"] = b.seen(email)
			b.press("Send a new code").refused(429)
			steps["too soon"] = b.seen(email)
			for step, got := range steps {
				if want[step] == "" {
					want[step] = got
				}
				if got != want[step] {
					t.Errorf("%s, %s, %s differs:\n%s\n%s", page, step, email, got, want[step])
				}
			}
		}
	}
}
