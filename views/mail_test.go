package views

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"twostep/auth"
)

// A mailSample is a mail with a name.
type mailSample struct {
	name string
	mail MessageText
}

// acme is a site with an accent colour and links.
var acme = NewRenderer("Acme", origin, "#0a7d5a", Links{
	Support: "mailto:help@acme.example", Privacy: "https://acme.example/privacy", Terms: "https://acme.example/terms", Home: "https://acme.example/",
})

// mailSamples are mails with every part that a mail can have.
func mailSamples() []mailSample {
	code := message(auth.MessageSignUpCode, auth.ByEmail)
	code.Code = "123456"
	reset := message(auth.MessageKind(auth.PasswordReset), auth.ByEmail)
	reset.Added = &auth.Added{TOTP: true, Passkeys: 2, Numbers: []string{"+14155554242"}, Email: "other@example.com"}
	locked := message(auth.MessageKind(auth.SignInLocked), auth.ByEmail)
	locked.Summary = true
	long := message(auth.MessageKind(auth.EmailChangeRequested), auth.ByEmail)
	long.Email = strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 3) + "example"
	long.IP = "2001:db8:4a2f:91c0:5d3e:77ab:10f2:cc41"
	long.Token = auth.Token(strings.Repeat("t", 43))
	plain := NewRenderer("Twostep", origin, "", Links{})
	return append(recoveryMailSamples(plain), []mailSample{
		{"code", plain.Message(code)},
		{"code_links", acme.Message(code)},
		{"new_device", acme.Message(message(auth.MessageKind(auth.SignedInNewDevice), auth.ByEmail))},
		{"totp_added", plain.Message(message(auth.MessageKind(auth.TOTPAdded), auth.ByEmail))},
		{"password_reset", acme.Message(reset)},
		{"sign_in_locked", plain.Message(locked)},
		{"email_taken", plain.Message(message(auth.MessageEmailTaken, auth.ByEmail))},
		{"invitation", acme.Message(message(auth.MessageInvitation, auth.ByEmail))},
		{"mfa_removed", acme.Message(message(auth.MessageKind(auth.OperatorResetMFA), auth.ByEmail))},
		{"long", NewRenderer(strings.Repeat("W", 64), origin, "#ffcc00", Links{}).Message(long)},
		{"test", NewRenderer("Twostep", "", "", Links{}).Test(auth.ByEmail)},
	}...)
}

// mailStyles are left out of golden files, so that these show the content and do not change
// with the colours of the pages.
var mailStyles = regexp.MustCompile(`<style>.*?</style>| style="[^"]*"`)

func TestMail_Golden(t *testing.T) {
	golden := map[string]bool{}
	for _, s := range mailSamples() {
		files := map[string]string{
			s.name + ".txt":  "Subject: " + s.mail.Subject + "\n\n" + s.mail.Text,
			s.name + ".html": strings.ReplaceAll(mailStyles.ReplaceAllString(s.mail.HTML, ""), "><", ">\n<") + "\n",
		}
		for name, got := range files {
			path := filepath.Join("testdata", "mail", name)
			golden[path] = true
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(path); err != nil || got != string(want) {
				t.Errorf("the mail differs from %s (%v); look at it, then run go test ./views -update", path, err)
			}
		}
	}
	files, _ := filepath.Glob(filepath.Join("testdata", "mail", "*"))
	for _, path := range files {
		if !golden[path] {
			t.Errorf("%s belongs to no mail", path)
		}
	}
}

// TestMail_Style checks that each class that a mail has is in mail.css and the other way
// round, and that every colour has its counterpart in the dark theme.
func TestMail_Style(t *testing.T) {
	used := map[string]bool{}
	for _, s := range mailSamples() {
		parse(t, s.mail.HTML).Find("[class]").Each(func(_ int, e *goquery.Selection) {
			class := e.AttrOr("class", "")
			used[class] = true
			style := e.AttrOr("style", "")
			if style == "" || strings.Contains(style, "var(") {
				t.Errorf("%s: .%s has the style %q", s.name, class, style)
			}
			if strings.Contains(style, "#") && !strings.Contains(s.mail.HTML, " ."+class+" { ") {
				t.Errorf("%s: .%s has no dark colours", s.name, class)
			}
		})
	}
	for class := range newMailStyle("").inline {
		if !used[class] {
			t.Errorf("no mail has the class %s", class)
		}
	}
}

// TestMail_SameContent checks that the text part has all that the HTML part has, and that
// what comes first in both, and in lists of mails, is the code or the fact.
func TestMail_SameContent(t *testing.T) {
	for _, s := range mailSamples() {
		doc := parse(t, s.mail.HTML)
		text := strings.Join(strings.Fields(s.mail.Text), " ")
		doc.Find("p:not(:has(a)), li, th, td:not(:has(*)), a[href^=https]:not([role])").Each(func(_ int, e *goquery.Selection) {
			part := strings.Join(strings.Fields(e.Text()), " ")
			if e.Is("a") {
				part = e.AttrOr("href", "")
			}
			if !strings.Contains(text, part) {
				t.Errorf("%s: the text lacks %q:\n%s", s.name, part, s.mail.Text)
			}
		})
		preview := doc.Find(".preview").Text()
		if body := strings.TrimSpace(doc.Find("body").Text()); !strings.HasPrefix(body, preview) || !strings.HasPrefix(s.mail.Text, strings.SplitAfter(preview, ".")[0]) {
			t.Errorf("%s: the preview is %q, the text\n%s", s.name, preview, s.mail.Text)
		}
		if code := doc.Find(".code").Text(); code != "" && (!strings.HasPrefix(preview, code) || !strings.HasPrefix(s.mail.Subject, code)) {
			t.Errorf("%s: %q, %q: the code does not come first", s.name, s.mail.Subject, preview)
		}
	}
}

// TestMail_LoadsNothing checks that a mail loads nothing, runs nothing and links only to the
// site and to what the operator has set, and that no link has a code: programs that
// preview or check links would send it to others (RC-06).
func TestMail_LoadsNothing(t *testing.T) {
	for _, s := range mailSamples() {
		doc := parse(t, s.mail.HTML)
		if n := doc.Find("img, script, link, iframe, form, input, object, [src], [background], [onclick]").Length(); n > 0 || strings.Contains(s.mail.HTML, "url(") || strings.Contains(s.mail.HTML, "@import") {
			t.Errorf("%s loads or runs something", s.name)
		}
		doc.Find("a").Each(func(_ int, a *goquery.Selection) {
			href := a.AttrOr("href", "")
			own := slices.ContainsFunc(acme.links.foot(), func(l link) bool { return l.URL == href })
			if !own && !strings.HasPrefix(href, origin+"/") || strings.Contains(href, "123456") {
				t.Errorf("%s links to %s", s.name, href)
			}
		})
	}
}

// TestMail_Injection checks that no value that somebody else can choose adds markup, a line, a
// header or a link: a name that is set by the operator, an email address, a User-Agent
// header. Mail programs make links of what looks like a URL.
func TestMail_Injection(t *testing.T) {
	for _, address := range []string{
		"evil.example/login?x@example.org", "www.evil.example@example.org", "http//evil.example@example.org", "<b>a</b>@example.org", "a\r\nBcc: b@example.org", "\u202e&evil.example#@example.org",
	} {
		for _, kind := range auth.MessageKinds() {
			m := message(kind, auth.ByEmail)
			m.Email, m.UserAgent, m.IP = address, "https://evil.example/ <script>\r\nevil.example", "203.0.113.9"
			m.Added = &auth.Added{Email: address}
			mail := NewRenderer("<i>A\r\ncme</i>", origin, "", Links{}).Message(m)
			if strings.Contains(mail.Text+mail.HTML, "evil.example") || strings.ContainsAny(mail.Subject+mail.Text, "\r\u202e") || strings.Contains(mail.Subject, "\n") || strings.Contains(mail.Text, "\nBcc") {
				t.Fatalf("%s, %q: mail is\n%s\n%s", kind, address, mail.Subject, mail.Text)
			}
			if doc := parse(t, mail.HTML); doc.Find("i, b, script").Length() > 0 || doc.Find("title").Text() != mail.Subject {
				t.Fatalf("%s, %q: mail is\n%s", kind, address, mail.HTML)
			}
		}
	}
	if got := inertEmail("evil.example/login?x@example.org"); got != "evil•example•login•x@example.org" {
		t.Errorf("shown as %s", got)
	}
	for _, usual := range []string{"", "ann.lee+site@example.org", "o_b-c@example.org", "zoë@example.org"} {
		if got := inertEmail(usual); got != usual {
			t.Errorf("%s is shown as %s", usual, got)
		}
	}
}

// TestMail_Support checks that a mail that names the administrator says how to reach them.
func TestMail_Support(t *testing.T) {
	for _, kind := range auth.MessageKinds() {
		mail := acme.Message(message(kind, auth.ByEmail))
		if !strings.Contains(mail.Text, "contact the site administrator") {
			continue
		}
		if !strings.Contains(mail.Text, "contact the site administrator (help@acme.example)") || parse(t, mail.HTML).Find(".card a[href^=mailto]").Text() != "site administrator" {
			t.Errorf("%s: mail is\n%s", kind, mail.Text)
		}
	}
}

// TestMail_Chromium checks contrast and structure with axe, and that nothing overflows on
// a narrow screen, in both themes.
func TestMail_Chromium(t *testing.T) {
	t.Parallel()
	b, site := newTab(t, chromium(t)), serveMails(t)
	b.loadAxe()
	for _, s := range mailSamples() {
		b.theme("light")
		b.size(320, 640)
		b.open(site + "/" + s.name)
		var width int
		if b.eval("() => document.documentElement.scrollWidth", &width); width > 320 {
			t.Errorf("%s is %d wide", s.name, width)
		}
		for _, theme := range themes {
			b.theme(theme)
			for _, finding := range b.axe(`["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]`) {
				t.Errorf("%s, %s: %s", s.name, theme, finding)
			}
		}
	}
}

// TestMail_Pictures takes screenshots of the mails in both themes: make pictures.
func TestMail_Pictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("-pictures is not set")
	}
	if err := os.MkdirAll(*pictures, 0o755); err != nil {
		t.Fatal(err)
	}
	b, site := newTab(t, chromium(t)), serveMails(t)
	for _, s := range mailSamples() {
		for _, theme := range themes {
			b.theme(theme)
			for _, width := range []int{390, 700} {
				name := fmt.Sprintf("mail_%s_%d_%s.png", s.name, width, theme)
				b.check(os.WriteFile(filepath.Join(*pictures, name), b.screenshot(site+"/"+s.name, width, 500), 0o644))
			}
		}
	}
}

// serveMails serves the HTML parts of the samples. The policy permits only inline styles.
func serveMails(t *testing.T) (origin string) {
	t.Helper()
	mails := map[string]string{}
	for _, s := range mailSamples() {
		mails["/"+s.name] = s.mail.HTML
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write([]byte(mails[r.URL.Path]))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
