package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"twostep/auth"
	"twostep/handlers"
)

// TestForged_EveryForm: whatever takes a post refuses one without a token, with
// an old one, with another visitor's and from another site, signed in or not,
// and nothing comes of it (CS-02, CS-03).
func TestForged_EveryForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stale := w.browser().signUp(ann)
	old := stale.token()
	stale.press("Sign out")
	in, out := w.browser().firstStep(ann).sees("Account"), w.browser().open("/sign-in")
	other := w.browser().signUp("eve@example.org")
	foreign, anonymous := other.token(), w.browser().open("/sign-in").token()
	own := map[*browser]string{in: in.token(), out: out.token()}
	fields := url.Values{
		"action": {"continue"}, "email": {"x@example.org"}, "password": {newPassword}, "current": {password}, "code": {"000000"},
		"phone": {number}, "confirm": {ann},
	}
	tries, before := w.count("SELECT count(*) FROM rate_limits"), w.facts()
	posted := 0
	for path, has := range handlers.RoutePaths() {
		if !has[1] {
			continue
		}
		path = strings.Replace(path, ":id", "no-such-phone", 1)
		for b, token := range own {
			for name, attack := range map[string]struct {
				token   string
				headers map[string]string
			}{
				"no token":              {"", nil},
				"an old token":          {old, nil},
				"another's token":       {foreign, nil},
				"an anonymous token":    {anonymous, nil},
				"cross-site":            {token, map[string]string{"Sec-Fetch-Site": "cross-site"}},
				"same-site":             {token, map[string]string{"Sec-Fetch-Site": "same-site"}},
				"a foreign origin":      {token, map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}},
				"a null origin":         {token, map[string]string{"Sec-Fetch-Site": "", "Origin": "null"}},
				"our origin over http":  {token, map[string]string{"Sec-Fetch-Site": "", "Origin": "http://id.example.net"}},
				"as JSON":               {token, map[string]string{"Content-Type": "application/json"}},
				"as plain text":         {token, map[string]string{"Content-Type": "text/plain"}},
				"as multipart":          {token, map[string]string{"Content-Type": "multipart/form-data; boundary=x"}},
				"a GET in a POST's way": {"", map[string]string{"X-Http-Method-Override": "POST", "X-Csrf-Token": token}},
			} {
				form := maps.Clone(fields)
				form.Set("token", attack.token)
				if response := b.request(http.MethodPost, path, form, attack.headers); response.StatusCode != http.StatusForbidden {
					t.Errorf("%s, %s: %d", path, name, response.StatusCode)
				}
				posted++
			}
		}
	}
	if posted < 26*15 {
		t.Errorf("only %d posts", posted)
	}
	if w.facts() != before || w.count("SELECT count(*) FROM rate_limits") != tries {
		t.Error("something changed")
	}
	in.open("/account").sees("Account")
}

// TestExtraFields: what a form does not ask for means nothing, and neither does
// what stands in the query; of a field that comes twice the first counts, and
// it is one try (CS-10).
func TestExtraFields(t *testing.T) {
	w := newWorld(t)
	w.browser().signUp("eve@example.org")
	extras := url.Values{
		"email_verified": {"1"}, "user_id": {"2"}, "user": {"2"}, "id": {"1"}, "disabled": {"0"}, "admin": {"true"}, "role": {"admin"}, "must_change": {"0"},
		"purpose": {"reset_password"}, "step": {"done"}, "second_factor": {"0"}, "session": {"x"}, "next": {"https://evil.example"}, "email[]": {"eve@example.org"},
	}
	post := func(b *browser, button, query string, change func(url.Values)) *browser {
		path, form := b.form(b.button(button))
		maps.Copy(form, extras)
		if change != nil {
			change(form)
		}
		return b.load(http.MethodPost, path+query, form)
	}
	query := "?" + extras.Encode() + "&email=eve%40example.org&code=000000&action=start_over&token=x&password=x"
	b := w.browser().open("/sign-up").fill("Email address", ann).fill("Password", password)
	post(b, "Continue", query, nil).sees("Verify your email").reads(ann)
	w.browser().firstStep(ann).refused(422) // it does not exist yet
	post(b.fill("Code", "000000"), "Verify", query, nil).refused(422)
	post(b.fill("Code", w.code(ann)), "Verify", query, nil).sees("Account").reads(ann)
	key, _ := b.addApp()
	b.press("Sign out")

	before := w.facts()
	tries := w.count("SELECT coalesce(sum(count), 0) FROM rate_limits WHERE key LIKE 'failures/password/%'")
	b.open("/sign-in").fill("Email address", ann).fill("Password", notPassword)
	post(b, "Continue", "", func(f url.Values) { f["password"] = []string{notPassword, password, password} }).refused(422)
	b.fill("Email address", ann).fill("Password", notPassword)
	post(b, "Continue", "?password="+url.QueryEscape(password), nil).refused(422)
	if got := w.count("SELECT coalesce(sum(count), 0) FROM rate_limits WHERE key LIKE 'failures/password/%'") - tries; got != 2 {
		t.Errorf("two posts were %d tries", got)
	}
	b.fill("Email address", ann).fill("Password", password)
	post(b, "Continue", "", nil).sees("Verify your account")
	post(b.fill("Code", w.wrong(key)), "Verify", "?code="+w.app(key)+"&backupcode=1", func(f url.Values) { f["code"] = []string{w.wrong(key), w.app(key)} }).refused(422)
	if w.facts() != before {
		t.Error("something changed")
	}
	post(b.fill("Code", w.app(key)), "Verify", "", nil).sees("Account").reads(ann)
}

// markup is typed where it could end a sentence, a tag, a query or a header.
const markup = `"><script>alert(1)</script>'; DROP TABLE users; --{{7*7}}${7*7}` + "\r\nSet-Cookie: forged=1\r\nBcc: eve@example.org\r\n\r\nforged\x00"

// TestEveryField: markup, SQL, headers and control characters in every field
// of every form, in the query and in headers: the page says what is wrong,
// nothing is carried out, and nothing gets into a page, a header or a mail (CS-10).
func TestEveryField(t *testing.T) {
	w := newWorld(t)
	in := w.browser().signUp(ann)
	in.addApp()
	in.addPhone(number).press("Use for MFA").sees("User MFA Settings")
	half := w.browser().firstStep(ann).sees("Verify your account")
	w.wait(time.Minute)
	out, up, reset := w.browser(), w.browser(), w.browser()
	up.open("/sign-up").fill("Email address", "new@example.org").fill("Password", password).press("Continue").sees("Verify your email")
	reset.open("/forgot-password").fill("Email address", ann).press("Continue").sees("Check your email")
	w.deliver()
	before, letters := w.facts(), len(w.sent)
	posted := 0
	for _, row := range []struct {
		b     *browser
		paths []string
	}{
		{out, []string{"/sign-in", "/sign-up", "/forgot-password"}},
		{half, []string{"/sign-in"}},
		{up, []string{"/sign-up"}},
		{reset, []string{"/forgot-password"}},
		{in, []string{"/account/email", "/account/password", "/account/delete", "/account/add-phone", "/account/manage-mfa/add", "/account/sessions"}},
	} {
		for _, path := range row.paths {
			row.b.headers["User-Agent"], row.b.headers["Referer"] = markup, markup
			row.b.open(path + "?next=" + url.QueryEscape(markup) + "&format=" + url.QueryEscape(markup) + "&typed-email=" + url.QueryEscape(markup))
			if path == "/account/manage-mfa/add" && row.b.has("Verify") {
				row.b.press("Verify")
			}
			if strings.Contains(row.b.body, "<script") {
				t.Errorf("%s takes markup from its address", path)
			}
			path, page := row.b.url.RequestURI(), *row.b
			for _, name := range inputs(&page) {
				_, form := page.form(page.page.Find("main button").First())
				form.Set(name, markup)
				answer := page.alone(http.MethodPost, path, form)
				posted++
				if answer.status != 422 && answer.status != 429 && !(name == "token" && answer.status == 403) {
					t.Errorf("%s, %s: %d", path, name, answer.status)
				}
				if strings.Contains(answer.body, "<script") || strings.Contains(answer.header.Get("Set-Cookie")+answer.header.Get("Location"), "forged") || answer.header.Get("Bcc") != "" {
					t.Errorf("%s, %s: it got into the answer", path, name)
				}
			}
		}
	}
	if posted < 20 {
		t.Errorf("only %d fields", posted)
	}
	if got := w.facts(); got != before {
		t.Errorf("something changed:\n%s\n%s", before, got)
	}
	w.deliver()
	for _, l := range w.sent[letters:] {
		if l.to == "eve@example.org" || strings.ContainsAny(l.subject+l.to, "\r\n") || strings.Contains(l.body, "<script") {
			t.Errorf("a letter: %+v", l)
		}
	}
}

// inputs are the names of what a page's forms send.
func inputs(b *browser) []string {
	var names []string
	for _, input := range b.page.Find("main form input, main form button").EachIter() {
		if name := input.AttrOr("name", ""); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// TestForgedHost: what a request says of the site's own name gets into no mail
// and no redirect (RC-06, CS-10).
func TestForgedHost(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.host = "evil.example"
	b.headers = map[string]string{
		"X-Forwarded-Host": "evil.example", "X-Forwarded-Server": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "666",
		"X-Forwarded-Prefix": "/evil", "X-Original-Url": "/evil", "X-Rewrite-Url": "/evil", "Forwarded": "host=evil.example", "X-Host": "evil.example",
	}
	for _, path := range []string{"/", "/account", "/dashboard", "/.well-known/change-password", "//evil.example/account", "/account/"} {
		if to := b.request(http.MethodGet, path, nil, nil).Header.Get("Location"); strings.Contains(to, "evil") || strings.HasPrefix(to, "//") || strings.Contains(to, ":") {
			t.Errorf("%s leads to %s", path, to)
		}
	}
	b.signUp(ann)
	b.addApp()
	b.open("/account/email").fill("New email address", "ann.new@example.org").press("Change email address")
	w.wait(time.Hour)
	w.browser().firstStep(ann)
	reset := w.browser()
	reset.host, reset.headers = b.host, b.headers
	reset.open("/forgot-password").fill("Email address", ann).press("Continue").sees("Check your email")
	for _, l := range append(w.letters(ann), w.letters("ann.new@example.org")...) {
		if strings.Contains(l.subject+l.body, "evil") || strings.Contains(l.body, "http://") {
			t.Errorf("a letter says %q", l.body)
		}
	}
	if stopLink.FindString(allBodies(w.letters(ann))) == "" {
		t.Error("no link of ours in the mail")
	}
	if strings.Contains(reset.body+b.body, "evil") {
		t.Error("a page says so")
	}
}

// TestOldCookie: a cookie that was kept opens nothing once its session is over,
// however it ended, neither for a page nor for a form (SE-02, SE-07).
func TestOldCookie(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, b *browser){
		"signed out":       func(_ *world, b *browser) { b.open("/account").press("Sign out") },
		"silent for long":  func(w *world, _ *browser) { w.wait(time.Hour + time.Second) },
		"verified anew":    func(w *world, b *browser) { w.wait(11 * time.Minute); b.open("/account/email").reverify("") },
		"another password": func(_ *world, b *browser) { b.changePassword() },
		"ended from beside": func(w *world, _ *browser) {
			w.browser().firstStep(ann).open("/account/sessions").press("Sign out all other devices")
		},
		"account disabled": func(w *world, _ *browser) { w.disable(ann) },
	} {
		w := newWorld(t)
		b := w.browser().signUp(ann)
		old := b.open("/account/delete").fill("Type your email address to confirm", ann).clone()
		end(w, b)
		before := w.facts()
		path, form := old.form(old.button("Delete account"))
		if response := old.clone().request(http.MethodPost, path, form, nil); response.StatusCode != 303 || !strings.HasPrefix(response.Header.Get("Location"), "/sign-in") {
			t.Errorf("%s: a post is answered %d %s", name, response.StatusCode, response.Header.Get("Location"))
		}
		old.clone().open("/account").sees("Sign in")
		if w.facts() != before {
			t.Errorf("%s: something changed", name)
		}
	}
}

func (b *browser) changePassword() {
	b.t.Helper()
	b.open("/account/password").fill("Current password", password).fill("New password", newPassword).press("Change password").sees("Account")
}

// TestStrangeCookies: a cookie of another key, cut, changed, doubled or of a
// megabyte is no cookie: its bearer is a stranger and gets a page, and the site
// sets one of its own (SE-01, SE-04).
func TestStrangeCookies(t *testing.T) {
	w, elsewhere := newWorld(t), newWorld(t)
	b, foreign := w.browser().signUp(ann), elsewhere.browser().signUp(ann)
	good := b.cookie()
	before := w.facts()
	const name = "__Host-twostep"
	for what, header := range map[string]string{
		"another key":       name + "=" + foreign.cookie(),
		"cut":               name + "=" + good[:len(good)-5],
		"changed":           name + "=" + good[:20] + swapped(good[20]) + good[21:],
		"another name":      "twostep=" + good,
		"empty":             name + "=",
		"a megabyte":        name + "=" + strings.Repeat("x", 1<<20),
		"a megabyte beside": "x=" + strings.Repeat("x", 1<<20),
		"ten thousand":      strings.Repeat(name+"=x; ", 10_000),
		"not a cookie":      "\x00\x01;;;=;=",
		"marker of 1 MB":    name + "-browser=" + strings.Repeat("x", 1<<20),
	} {
		stranger := w.browser()
		stranger.headers["Cookie"] = header
		if response := stranger.request(http.MethodGet, "/account", nil, nil); response.StatusCode != 303 {
			t.Errorf("%s: %d", what, response.StatusCode)
		}
		response := stranger.request(http.MethodGet, "/sign-in", nil, nil)
		if response.StatusCode != 200 || len(response.Cookies()) != 1 {
			t.Errorf("%s: %d with %d cookies", what, response.StatusCode, len(response.Cookies()))
		}
		for _, line := range response.Header["Set-Cookie"] {
			if len(line) > 4096 {
				t.Errorf("%s: a cookie of %d bytes", what, len(line))
			}
		}
	}
	if w.facts() != before {
		t.Error("something changed")
	}
	b.open("/account").sees("Account")
}

func swapped(sign byte) string {
	if sign == 'A' {
		return "B"
	}
	return "A"
}

// TestOutOfOrder: every button of the ways in, pressed where its step is not,
// does nothing and leads to where things stand (FF-02).
func TestOutOfOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, _ := b.addApp()
	b.press("Sign out")
	w.wait(time.Minute)
	w.deliver()
	before, letters := w.facts(), len(w.sent)
	states := map[string]func() *browser{
		"new":     func() *browser { return w.browser().open("/sign-in") },
		"half in": func() *browser { return w.browser().firstStep(ann).sees("Verify your account") },
		"signed up": func() *browser {
			return w.browser().open("/sign-up").fill("Email address", "eve@example.org").fill("Password", password).press("Continue")
		},
	}
	for state, begin := range states {
		for _, path := range []string{"/sign-in", "/sign-up", "/forgot-password"} {
			for _, action := range []string{"verify", "resend", "set_password", "use:totp:", "use:sms:x", "use:password:", "done", "finish", ""} {
				w.wait(2 * time.Hour) // no brake in the way
				visitor := begin()
				form := url.Values{"token": {visitor.token()}, "action": {action}, "code": {w.wrong(key)}, "password": {newPassword}, "email": {ann}}
				visitor.load(http.MethodPost, path, form)
				ok := visitor.status == 422 || state == "half in" && action == "use:totp:" || state == "signed up" && action == "resend"
				if !ok {
					t.Errorf("%s, %s at %s: %d\n%s", state, action, path, visitor.status, visitor.text())
				}
				visitor.open("/account")
				if visitor.url.Path != "/sign-in" {
					t.Errorf("%s, %s at %s leads to %s", state, action, path, visitor.url)
				}
			}
		}
	}
	if w.facts() != before {
		t.Error("something changed")
	}
	for _, l := range w.sent[letters:] {
		if l.to == ann && sixDigits.MatchString(l.body) {
			t.Errorf("a code was sent: %q", l.body)
		}
	}
}

// TestTwentyAtOnce: of twenty posts of one right code, of whatever kind, one
// counts (FF-05, FF-06, SM-04, TO-06, RC-03; at sign-in see [TestSignIn_TwentyAtOnce]).
func TestTwentyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	race := func(b *browser, button string, right func(*http.Response) bool) {
		t.Helper()
		path, form := b.form(b.button(button))
		var wait sync.WaitGroup
		var mu sync.Mutex
		won := 0
		racers := make([]*browser, 20)
		for i := range racers {
			racers[i] = b.clone()
		}
		for _, racer := range racers {
			wait.Go(func() {
				response := racer.request(http.MethodPost, path, form, nil)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case right(response):
					won++
				case response.StatusCode != 422 && response.StatusCode != 429 && response.StatusCode != 303:
					t.Errorf("%s: %d", button, response.StatusCode)
				}
			})
		}
		wait.Wait()
		if won != 1 {
			t.Errorf("%s: %d of twenty counted", button, won)
		}
		w.wait(2 * time.Hour)
	}
	in := func(r *http.Response) bool { return r.Header.Get("Location") == "/account" }
	b := w.browser().open("/sign-up").fill("Email address", ann).fill("Password", password).press("Continue")
	race(b.fill("Code", w.code(ann)), "Verify", in)
	if n := w.count("SELECT count(*) FROM users"); n != 1 {
		t.Errorf("%d accounts", n)
	}
	b = w.browser().firstStep(ann).sees("Account")
	b.askSMS(number).sees("Verify phone")
	race(b.fill("Enter code", w.code(number)), "Verify", func(r *http.Response) bool { return strings.Contains(r.Header.Get("Location"), "added=") })
	if n := w.count("SELECT count(*) FROM phones"); n != 1 {
		t.Errorf("%d phones", n)
	}
	b = w.browser().firstStep(ann).sees("Account").open("/account/manage-mfa/add")
	key := keyText.FindString(b.text())
	b.press("Verify").fill(codeLabel, w.app(key))
	race(b, "Verify code", func(r *http.Response) bool { return r.StatusCode == 303 })
	if n := w.count("SELECT count(*) FROM backup_codes"); n != auth.BackupCodeCount {
		t.Errorf("%d backup codes", n)
	}
	b = w.browser().open("/forgot-password").fill("Email address", ann).press("Continue")
	race(b.fill("Code", w.code(ann)), "Verify", func(r *http.Response) bool { return r.StatusCode == 303 })
}
