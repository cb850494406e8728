package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/handlers"
)

// TestEverySetCookie looks at each cookie of a whole journey: all are locked to
// this host, to https and away from scripts; the session's is gone with the
// browser, and only the browser's marker stays (SE-03, SE-04). Over plain http
// there is no prefix to give, and the rest is the same.
func TestEverySetCookie(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"https://id.example.org", "http://localhost:8080"} {
		w := newWorld(t)
		w.origin = origin
		w.restart()
		b := w.browser()
		set := map[string]int{}
		b.seenCookie = func(line string) {
			name, value, _ := strings.Cut(line, "=")
			set[name]++
			secure := strings.HasPrefix(origin, "https:")
			if strings.HasPrefix(name, "__Host-") != secure || strings.Contains(line, "; Secure") != secure {
				t.Errorf("%s: %s", origin, line)
			}
			for _, want := range []string{"; Path=/", "; HttpOnly", "; SameSite=Lax"} {
				if !strings.Contains(line, want) {
					t.Errorf("%s lacks %q", line, want)
				}
			}
			stays, over := strings.Contains(line, "Max-Age") || strings.Contains(line, "Expires"), strings.Contains(line, "Max-Age=0")
			if stays && !over && !strings.HasSuffix(name, "-browser") {
				t.Errorf("it stays: %s", line)
			}
			if strings.Contains(line, "Domain") || len(line) > 4096 || strings.Contains(value, "ann") {
				t.Errorf("%s: %s", origin, line)
			}
		}
		b.signUp(ann)
		key, _ := b.addApp()
		b.addPhone(number).press("Use for MFA")
		b.press("Sign out").firstStep(ann).fill("Code", w.app(key)).press("Verify").sees("Account")
		w.wait(11 * time.Minute)
		b.open("/account/email").reverify(key).sees("Email address")
		b.open("/nowhere")
		b.open("/account").press("Sign out")
		if len(set) != 2 {
			t.Errorf("cookies %v", set)
		}
		for name, n := range set {
			if strings.HasSuffix(name, "-browser") && n != 1 {
				t.Errorf("%s was set %d times", name, n)
			}
		}
	}
}

// TestPlantedCookie: a cookie that an attacker holds and puts into somebody's
// browser is worth nothing to him once that person has signed in, after the
// first step and after the second (SE-01, SE-02).
func TestPlantedCookie(t *testing.T) {
	w := newWorld(t)
	owner := w.browser().signUp(ann)
	key, _ := owner.addApp()
	attacker := w.browser().open("/sign-in")
	victim := attacker.clone()
	victim.firstStep(ann).sees("Verify your account")
	attacker.open("/sign-in").sees("Sign in")
	half := victim.clone()
	victim.fill("Code", w.app(key)).press("Verify").sees("Account")
	attacker.open("/account").sees("Sign in")
	half.open("/account").sees("Sign in")
	w.wait(30 * time.Second)
	half.open("/sign-in").sees("Sign in")
}

// TestReverify_Renews: to verify anew begins the session's day anew, and its
// hour too (SE-05, SE-06).
func TestReverify_Renews(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	for range 23 {
		w.wait(time.Hour)
		b.open("/account").sees("Account")
	}
	b.open("/account/email").reverify("").sees("Email address")
	for range 24 {
		w.wait(time.Hour)
		b.open("/account").sees("Account")
	}
	w.wait(time.Second)
	b.open("/account").sees("Sign in")
}

// TestCrawl loads every page and looks for what no page may have: scripts,
// styles or handlers in its text, anything of another host, a handle or a
// cookie; and for what each signed-in page has: whose account it is, and the
// button to sign out (CS-05, CS-08, CS-11, SE-07, SE-11).
func TestCrawl(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, phones := w.inState("fresh")
	out := w.browser().open("/sign-in")
	half := w.browser().firstStep(ann).sees("Verify your account")
	pages := 0
	look := func(b *browser, path string) {
		b.open(path)
		if b.status != 200 && b.status != 404 {
			t.Errorf("%s: %d", path, b.status)
		}
		pages++
		if b.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q", path, b.header.Get("Cache-Control"))
		}
		if n := b.page.Find("script, style, iframe, object, embed, base, form[action*='//']").Length(); n > 0 {
			t.Errorf("%s has %d of what the policy forbids", path, n)
		}
		for node := range b.page.Nodes[0].Descendants() {
			for _, attribute := range node.Attr {
				name, value := attribute.Key, attribute.Val
				if strings.HasPrefix(name, "on") || name == "style" || strings.HasPrefix(strings.ToLower(value), "javascript:") {
					t.Errorf("%s: <%s %s=%q>", path, node.Data, name, value)
				}
				switch name {
				case "href", "src", "action", "formaction", "srcset", "poster":
					if u, err := url.Parse(value); err != nil || u.Host != "" || u.Scheme != "" {
						t.Errorf("%s: <%s %s=%q> leads away", path, node.Data, name, value)
					}
				}
			}
		}
		for _, cookie := range b.jar.Cookies(b.url) {
			if strings.Contains(b.body, cookie.Value) || strings.Contains(b.url.String(), cookie.Value) {
				t.Errorf("%s shows the cookie %s", path, cookie.Name)
			}
		}
		if b == in {
			form := b.page.Find("form[action='/sign-out']")
			if form.Length() != 1 || form.AttrOr("method", "") != "post" || !strings.Contains(b.text(), ann) {
				t.Errorf("%s: no way to sign out", path)
			}
		}
	}
	for path, has := range handlers.RoutePaths() {
		if !has[0] {
			continue
		}
		id := phones["reserved"]
		if strings.HasSuffix(path, "/use") {
			id = phones["free"]
		}
		path = strings.Replace(path, ":id", id, 1)
		look(in, path)
		look(out, path)
	}
	look(in, "/nowhere")
	look(out, "/nowhere")
	look(out, "/forgot-password")
	look(half, "/sign-in")
	look(in, "/account/manage-mfa/add?format=uri")
	if pages < 50 {
		t.Errorf("only %d pages", pages)
	}
}

// TestSignOut_Clears: the browser is told to forget what it keeps of this site,
// but not by which browser it is known, and Back shows nothing: no page may be
// kept (SE-07, CS-08).
func TestSignOut_Clears(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	path, form := b.form(b.button("Sign out"))
	response := b.request(http.MethodPost, path, form, nil)
	if got := response.Header.Get("Clear-Site-Data"); got != `"cache", "storage"` || response.StatusCode != 303 {
		t.Errorf("%d, Clear-Site-Data: %s", response.StatusCode, got)
	}
	for _, cookie := range response.Cookies() {
		if cookie.Name != "__Host-twostep" {
			t.Errorf("it sets %s", cookie.Name)
		}
	}
	b.open("/account").sees("Sign in")
}

// TestSignOut_MustBePosted: what changes something answers no GET, whatever the
// address says (CS-01).
func TestSignOut_MustBePosted(t *testing.T) {
	w := newWorld(t)
	b, phones := w.inState("fresh")
	before := w.facts()
	for _, path := range []string{
		"/sign-out", "/sign-out?token=" + url.QueryEscape(b.token()), "/account/manage-mfa/phones/" + phones["reserved"] + "/default",
		"/account/manage-mfa/phones/" + phones["reserved"] + "/remove?action=remove", "/account/manage-mfa/remove-totp?action=remove",
		"/account/delete?confirm=" + ann + "&action=delete", "/account/sessions?action=end_others", "/account/manage-mfa/add?action=reset",
		"/account/manage-mfa/backup-codes?action=generate", "/account/email?action=change&email=eve@example.org",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if status := b.request(method, path+"&token="+url.QueryEscape(b.token()), nil, nil).StatusCode; status != 200 && status != 405 && status != 404 {
				t.Errorf("%s %s: %d", method, path, status)
			}
		}
	}
	if w.facts() != before {
		t.Error("something changed")
	}
	b.open("/account").sees("Account")
}

// TestHandle: 256 bits of the system's generator, no two alike. A session hangs
// on it (SE-01), and so does a reset, whose code is right in one browser alone (RC-02).
func TestHandle(t *testing.T) {
	seen := map[auth.Token]bool{}
	for range 1000 {
		h := auth.NewToken()
		if len(h) != 43 || seen[h] { // 32 bytes in base64
			t.Fatalf("%q", h)
		}
		seen[h] = true
	}
}
