package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/handlers"
)

// No path carries out a post without a form token, with an old or another user's token, or
// from another site, whether signed in or not (CS-02, CS-03). From another site it is
// refused; of this site, the form is shown again or leads on (OI-14: so are the pages of apps).
func TestForgedForm_EveryPath(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	stale := site.browser().signUp(ann)
	old := stale.formToken()
	stale.press("Sign out")
	in, out := site.browser().signIn(ann).wantHeading("Account"), site.browser().open("/sign-in")
	other := site.browser().signUp("eve@example.org")
	foreign, anonymous := other.formToken(), site.browser().open("/sign-in").formToken()
	own := map[*browser]string{in: in.formToken(), out: out.formToken()}
	fields := url.Values{
		"action": {"continue"}, "email": {"x@example.org"}, "password": {newPassword}, "current": {password}, "code": {"000000"},
		"phone": {number}, "confirm": {ann},
	}
	limitCount := func() int { return site.queryInt("SELECT count(*) FROM rate_limits WHERE key NOT LIKE 'draw_qr/%'") }
	limits, before := limitCount(), site.accountData()
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
				"no token":             {"", nil},
				"an old token":         {old, nil},
				"another user's token": {foreign, nil},
				"an anonymous token":   {anonymous, nil},
				"cross-site":           {token, map[string]string{"Sec-Fetch-Site": "cross-site"}},
				"same-site":            {token, map[string]string{"Sec-Fetch-Site": "same-site"}},
				"a foreign origin":     {token, map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}},
				"a null origin":        {token, map[string]string{"Sec-Fetch-Site": "", "Origin": "null"}},
				"our origin over http": {token, map[string]string{"Sec-Fetch-Site": "", "Origin": "http://id.example.net"}},
				"as JSON":              {token, map[string]string{"Content-Type": "application/json"}},
				"as plain text":        {token, map[string]string{"Content-Type": "text/plain"}},
				"as multipart":         {token, map[string]string{"Content-Type": "multipart/form-data; boundary=x"}},
				"a method override":    {"", map[string]string{"X-Http-Method-Override": "POST", "X-Csrf-Token": token}},
			} {
				form := maps.Clone(fields)
				form.Set("token", attack.token)
				got := b.clone().request(http.MethodPost, path, form, attack.headers).StatusCode
				outdated := attack.token != "" && attack.headers == nil
				refused := got == http.StatusForbidden || got == http.StatusNotFound && strings.HasPrefix(path, "/admin") // users without a role have no such page
				if outdated && got != 422 && got != 303 && got != 404 || !outdated && !refused {
					t.Errorf("%s, %s: %d", path, name, got)
				}
				posted++
			}
		}
	}
	if posted < 26*15 {
		t.Errorf("only %d posts checked", posted)
	}
	if site.accountData() != before || limitCount() != limits {
		t.Error("account data changed")
	}
	in.open("/account").wantHeading("Account")
}

// Fields that a form does not have, and the query, are ignored. Of a repeated field the
// first value counts, as one attempt (CS-10).
func TestForm_ExtraFields(t *testing.T) {
	site := newSite(t)
	site.browser().signUp("eve@example.org")
	extras := url.Values{
		"email_verified": {"1"}, "user_id": {"2"}, "user": {"2"}, "id": {"1"}, "disabled": {"0"}, "admin": {"true"}, "role": {"admin"}, "must_change": {"0"},
		"purpose": {"reset_password"}, "step": {"done"}, "second_factor": {"0"}, "session": {"x"}, "next": {"https://evil.example"}, "email[]": {"eve@example.org"},
	}
	failures := func() int {
		return site.queryInt("SELECT coalesce(sum(count), 0) FROM rate_limits WHERE key LIKE 'failures/password/%'")
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
	b := site.browser().open("/sign-up").fill("Email address", ann).fill("Password", password)
	post(b, "Continue", query, nil).wantHeading("Verify your email").wantText(ann)
	site.browser().signIn(ann).wantError(422) // no account yet
	post(b.fill("Code", "000000"), "Verify", query, nil).wantError(422)
	post(b.fill("Code", site.lastCode(ann)), "Verify", query, nil).wantHeading("Account").wantText(ann)
	key, _ := b.addTOTP()
	b.press("Sign out")

	before, failed := site.accountData(), failures()
	b.open("/sign-in").fill("Email address", ann).fill("Password", wrongPassword)
	post(b, "Continue", "", func(f url.Values) { f["password"] = []string{wrongPassword, password, password} }).wantError(422)
	b.fill("Email address", ann).fill("Password", wrongPassword)
	post(b, "Continue", "?password="+url.QueryEscape(password), nil).wantError(422)
	if got := failures() - failed; got != 2 {
		t.Errorf("%d failures counted, want 2", got)
	}
	b.fill("Email address", ann).fill("Password", password)
	post(b, "Continue", "", nil).wantHeading("Verify your account")
	post(b.fill("Code", site.wrongTOTPCode(key)), "Verify", "?code="+site.totpCode(key)+"&backupcode=1", func(f url.Values) { f["code"] = []string{site.wrongTOTPCode(key), site.totpCode(key)} }).wantError(422)
	site.wantAccountData(before)
	post(b.fill("Code", site.totpCode(key)), "Verify", "", nil).wantHeading("Account").wantText(ann)
}

// markup attempts to inject HTML, SQL, templates and headers.
const markup = `"><script>alert(1)</script>'; DROP TABLE users; --{{7*7}}${7*7}` + "\r\nSet-Cookie: forged=1\r\nBcc: eve@example.org\r\n\r\nforged\x00"

// HTML, SQL, headers and control characters in every form field, in the query and in
// headers are refused and reach no page, header or mail (CS-10).
func TestForm_InjectionInEveryField(t *testing.T) {
	site := newSite(t)
	in := site.browser().signUp(ann)
	in.addTOTP()
	in.addPhone(number).press("Use for MFA").wantHeading("User MFA Settings")
	halfSignedIn := site.browser().signIn(ann).wantHeading("Verify your account")
	site.wait(time.Minute)
	out, up, reset := site.browser(), site.browser(), site.browser()
	up.startSignUp("new@example.org", password).wantHeading("Verify your email")
	reset.startReset(ann).wantHeading("Check your email")
	site.deliver()
	before, messages := site.accountData(), len(site.delivered)
	posted := 0
	for _, row := range []struct {
		b     *browser
		paths []string
	}{
		{out, []string{"/sign-in", "/sign-up", "/forgot-password"}},
		{halfSignedIn, []string{"/sign-in"}},
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
				t.Errorf("%s: markup from the URL", path)
			}
			path, page := row.b.url.RequestURI(), *row.b
			for _, name := range inputNames(&page) {
				_, form := page.form(page.page.Find("main button").First())
				form.Set(name, markup)
				got := page.fetch(http.MethodPost, path, form)
				posted++
				if got.status != 422 && got.status != 429 && !(name == "token" && got.status == 403) {
					t.Errorf("%s, %s: %d", path, name, got.status)
				}
				if strings.Contains(got.body, "<script") || strings.Contains(got.header.Get("Set-Cookie")+got.header.Get("Location"), "forged") || got.header.Get("Bcc") != "" {
					t.Errorf("%s, %s: injected into the response", path, name)
				}
			}
		}
	}
	if posted < 20 {
		t.Errorf("only %d fields checked", posted)
	}
	site.wantAccountData(before)
	site.deliver()
	for _, m := range site.delivered[messages:] {
		if m.to == "eve@example.org" || strings.ContainsAny(m.subject+m.to, "\r\n") || strings.Contains(m.body, "<script") {
			t.Errorf("injected into a message: %+v", m)
		}
	}
}

// inputNames returns the names of the fields and buttons of a page's forms.
func inputNames(b *browser) []string {
	var names []string
	for _, input := range b.page.Find("main form input, main form button").EachIter() {
		if name := input.AttrOr("name", ""); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// The host that a request claims reaches no mail and no redirect (RC-06, CS-10).
func TestForgedHost(t *testing.T) {
	site := newSite(t)
	b := site.browser()
	b.host = "evil.example"
	b.headers = map[string]string{
		"X-Forwarded-Host": "evil.example", "X-Forwarded-Server": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "666",
		"X-Forwarded-Prefix": "/evil", "X-Original-Url": "/evil", "X-Rewrite-Url": "/evil", "Forwarded": "host=evil.example", "X-Host": "evil.example",
	}
	for _, path := range []string{"/", "/account", "/dashboard", "/.well-known/change-password", "//evil.example/account", "/account/"} {
		if to := b.request(http.MethodGet, path, nil, nil).Header.Get("Location"); strings.Contains(to, "evil") || strings.HasPrefix(to, "//") || strings.Contains(to, ":") {
			t.Errorf("%s redirects to %s", path, to)
		}
	}
	b.signUp(ann)
	b.addTOTP()
	b.changeEmail("ann.new@example.org")
	site.wait(time.Hour)
	site.browser().signIn(ann)
	reset := site.browser()
	reset.host, reset.headers = b.host, b.headers
	reset.startReset(ann).wantHeading("Check your email")
	for _, m := range append(site.messages(ann), site.messages("ann.new@example.org")...) {
		if strings.Contains(m.subject+m.body, "evil") || strings.Contains(m.body, "http://") {
			t.Errorf("message with a forged host: %q", m.body)
		}
	}
	if stopLink.FindString(allBodies(site.messages(ann))) == "" {
		t.Error("no link to the site in the mail")
	}
	if strings.Contains(reset.body+b.body, "evil") {
		t.Error("a page contains the forged host")
	}
}

// The cookie of an ended session is not valid, for a page or a form (SE-02, SE-07).
func TestCookie_OfEndedSession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(site *testSite, b *browser){
		"signed out":   func(_ *testSite, b *browser) { b.open("/account").press("Sign out") },
		"idle timeout": func(site *testSite, _ *browser) { site.wait(time.Hour + time.Second) },
		"reauthenticated": func(site *testSite, b *browser) {
			site.wait(11 * time.Minute)
			b.open("/account/email").reauthenticate("")
		},
		"password changed": func(_ *testSite, b *browser) { b.changePassword(password, newPassword).wantHeading("Account") },
		"ended by another session": func(site *testSite, _ *browser) {
			site.browser().signIn(ann).open("/account/sessions").press("Sign out all other devices")
		},
		"account disabled": func(site *testSite, _ *browser) { site.disable(ann) },
	} {
		site := newSite(t)
		b := site.browser().signUp(ann)
		old := b.open("/account/delete").fill("Type your email address to confirm", ann).clone()
		end(site, b)
		before := site.accountData()
		path, form := old.form(old.button("Delete account"))
		if response := old.clone().request(http.MethodPost, path, form, nil); response.StatusCode != 303 || !strings.HasPrefix(response.Header.Get("Location"), "/sign-in") {
			t.Errorf("%s: post: %d %s", name, response.StatusCode, response.Header.Get("Location"))
		}
		old.clone().open("/account").wantHeading("Sign in")
		if site.accountData() != before {
			t.Errorf("%s: account data changed", name)
		}
	}
}

// A cookie of another key, truncated, altered, repeated or of a megabyte counts as none:
// the page is that of a signed-out user, and the site sets a new cookie (SE-01, SE-04).
func TestCookie_Invalid(t *testing.T) {
	site, otherSite := newSite(t), newSite(t)
	b, foreign := site.browser().signUp(ann), otherSite.browser().signUp(ann)
	good := b.cookie()
	before := site.accountData()
	const name = "__Host-twostep"
	for what, header := range map[string]string{
		"another key":      name + "=" + foreign.cookie(),
		"truncated":        name + "=" + good[:len(good)-5],
		"altered":          name + "=" + good[:20] + differentChar(good[20]) + good[21:],
		"another name":     "twostep=" + good,
		"empty":            name + "=",
		"a megabyte":       name + "=" + strings.Repeat("x", 1<<20),
		"another megabyte": "x=" + strings.Repeat("x", 1<<20),
		"ten thousand":     strings.Repeat(name+"=x; ", 10_000),
		"not a cookie":     "\x00\x01;;;=;=",
		"device cookie":    name + "-browser=" + strings.Repeat("x", 1<<20),
	} {
		b := site.browser()
		b.headers["Cookie"] = header
		if response := b.request(http.MethodGet, "/account", nil, nil); response.StatusCode != 303 {
			t.Errorf("%s: %d", what, response.StatusCode)
		}
		response := b.request(http.MethodGet, "/sign-in", nil, nil)
		if response.StatusCode != 200 || len(response.Cookies()) != 1 {
			t.Errorf("%s: %d with %d cookies", what, response.StatusCode, len(response.Cookies()))
		}
		for _, line := range response.Header["Set-Cookie"] {
			if len(line) > 4096 {
				t.Errorf("%s: cookie of %d bytes", what, len(line))
			}
		}
	}
	site.wantAccountData(before)
	b.open("/account").wantHeading("Account")
}

func differentChar(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

// Every button of sign-in, sign-up and reset has no effect outside its step (FF-02).
func TestSignIn_ActionsOutOfOrder(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	b.press("Sign out")
	site.wait(time.Minute)
	site.deliver()
	before, messages := site.accountData(), len(site.delivered)
	states := map[string]func() *browser{
		"new":            func() *browser { return site.browser().open("/sign-in") },
		"half signed in": func() *browser { return site.browser().signIn(ann).wantHeading("Verify your account") },
		"signed up": func() *browser {
			return site.browser().startSignUp("eve@example.org", password)
		},
	}
	for state, begin := range states {
		for _, path := range []string{"/sign-in", "/sign-up", "/forgot-password"} {
			for _, action := range []string{"verify", "resend", "set_password", "use:totp:", "use:sms:x", "use:password:", "done", "finish", ""} {
				site.wait(2 * time.Hour) // past all rate limits
				b := begin()
				form := url.Values{"token": {b.formToken()}, "action": {action}, "code": {site.wrongTOTPCode(key)}, "password": {newPassword}, "email": {ann}}
				b.load(http.MethodPost, path, form)
				ok := b.status == 422 || state == "half signed in" && action == "use:totp:" || state == "signed up" && action == "resend"
				if !ok {
					t.Errorf("%s, %s at %s: %d\n%s", state, action, path, b.status, b.text())
				}
				b.open("/account")
				if b.url.Path != "/sign-in" {
					t.Errorf("%s, %s at %s leads to %s", state, action, path, b.url)
				}
			}
		}
	}
	site.wantAccountData(before)
	for _, m := range site.delivered[messages:] {
		if m.to == ann && sixDigits.MatchString(m.body) {
			t.Errorf("code sent: %q", m.body)
		}
	}
}

// Of twenty concurrent posts of a correct code one succeeds, for every kind of code
// (FF-05, FF-06, SM-04, TO-06, RC-03; sign-in is in [TestSignIn_CodeOnceOnly]).
func TestCodes_OnceOnly(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	race := func(b *browser, button string, succeeded func(*http.Response) bool) {
		t.Helper()
		b.race(button, succeeded)
		site.wait(2 * time.Hour)
	}
	in := func(r *http.Response) bool { return r.Header.Get("Location") == "/account" }
	b := site.browser().startSignUp(ann, password)
	race(b.fill("Code", site.lastCode(ann)), "Verify", in)
	if n := site.queryInt("SELECT count(*) FROM users"); n != 1 {
		t.Errorf("%d accounts", n)
	}
	b = site.browser().signIn(ann).wantHeading("Account")
	b.requestSMS(number).wantHeading("Verify phone")
	race(b.fill("Enter code", site.lastCode(number)), "Verify", func(r *http.Response) bool { return strings.Contains(r.Header.Get("Location"), "added=") })
	if n := site.queryInt("SELECT count(*) FROM phones"); n != 1 {
		t.Errorf("%d phones", n)
	}
	b = site.browser().signIn(ann).wantHeading("Account").open("/account/manage-mfa/add")
	key := b.totpKey()
	b.press("Verify").fill(codeLabel, site.totpCode(key))
	race(b, "Verify code", func(r *http.Response) bool { return r.StatusCode == 303 })
	if n := site.queryInt("SELECT count(*) FROM backup_codes"); n != auth.BackupCodeCount {
		t.Errorf("%d backup codes", n)
	}
	b = site.browser().startReset(ann)
	race(b.fill("Code", site.lastCode(ann)), "Verify", func(r *http.Response) bool { return r.StatusCode == 303 })
}
