package views

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"twostep/auth"
	"twostep/static"
)

var update = flag.Bool("update", false, "write testdata/*.html from the pages as they are")

// TestPages_AsKept compares each page with the one kept in testdata. Addresses
// of static files change with every touch of the looks, so they are left out.
func TestPages_AsKept(t *testing.T) {
	plain := strings.NewReplacer(static.URL("style.css"), "/static/style.css", static.URL("icon.svg"), "/static/icon.svg", "><", ">\n<")
	kept := map[string]bool{}
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			got := plain.Replace(render(t, s.page)) + "\n"
			path := filepath.Join("testdata", s.name+".html")
			kept[path] = true
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the page differs from %s; look at it, then run go test ./views -update", path)
			}
		})
	}
	files, _ := filepath.Glob(filepath.Join("testdata", "*.html"))
	for _, path := range files {
		if !kept[path] {
			t.Errorf("%s is of no page", path)
		}
	}
}

// TestPages_Audit walks what sections 13 and 14 of the standards ask of every page.
func TestPages_Audit(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			doc := parse(t, render(t, s.page))
			ids := map[string]int{}
			doc.Find("[id]").Each(func(_ int, e *goquery.Selection) { ids[e.AttrOr("id", "")]++ })
			for id, n := range ids {
				if n > 1 || id == "" {
					t.Errorf("id %q stands %d times", id, n)
				}
			}
			known := func(e *goquery.Selection, attr string) {
				for id := range strings.FieldsSeq(e.AttrOr(attr, "")) {
					if ids[id] == 0 {
						t.Errorf("%s names %q, which is not on the page", attr, id)
					}
				}
			}

			if h1 := doc.Find("h1"); h1.Length() != 1 || h1.Text() != s.h1 {
				t.Errorf("h1 is %q (%d of them), want %q", h1.Text(), h1.Length(), s.h1)
			}
			title, refused := s.h1+" · Twostep", doc.Find("[role=alert]").Length() > 0
			if refused {
				title = "Error: " + title
			}
			if got := doc.Find("title").Text(); got != title {
				t.Errorf("title is %q, want %q", got, title)
			}
			if lang := doc.Find("html").AttrOr("lang", ""); lang != "en" {
				t.Errorf("lang is %q", lang)
			}
			if n := doc.Find("script, style, [style], [onclick], [required], [pattern], [maxlength], img:not([alt])").Length(); n > 0 {
				t.Errorf("%d elements hold a script, a style or a check that is the server's", n)
			}
			if n := doc.Find("input[type=password][value], input[autocomplete=one-time-code][value]").Length(); n > 0 {
				t.Error("a password or a code is echoed")
			}
			doc.Find("a").Each(func(_ int, a *goquery.Selection) {
				if strings.TrimSpace(a.Text()) == "" || a.AttrOr("href", "") == "" || strings.HasPrefix(a.AttrOr("href", ""), "about:") {
					t.Errorf("link %q leads to %q", a.Text(), a.AttrOr("href", ""))
				}
			})
			doc.Find("[aria-describedby]").Each(func(_ int, e *goquery.Selection) { known(e, "aria-describedby") })
			doc.Find("[role=alert] a").Each(func(_ int, a *goquery.Selection) {
				id := strings.TrimPrefix(a.AttrOr("href", ""), "#")
				x := doc.Find("input#" + id)
				if x.Length() != 1 || x.AttrOr("aria-invalid", "") != "true" || !strings.Contains(x.AttrOr("aria-describedby", ""), id+"-problem") {
					t.Errorf("the summary links to %q, which does not say that it is wrong", id)
				}
			})
			doc.Find("form").Each(func(_ int, form *goquery.Selection) {
				if form.AttrOr("method", "") != "post" || form.AttrOr("action", "") == "" {
					t.Error("a form does not post to an address")
				}
				if form.Find("input[type=hidden][name=token]").AttrOr("value", "") != "form-token" {
					t.Error("a form has no token")
				}
				form.Find("input:not([type=hidden])").Each(func(_ int, x *goquery.Selection) {
					if form.Find("label[for="+x.AttrOr("id", "none")+"]").Text() == "" {
						t.Errorf("the field %q has no label", x.AttrOr("name", ""))
					}
				})
				if form.Find("input:not([type=hidden])").Length() > 0 && form.Find("button").Length() != 1 {
					t.Error("a form with fields has one button, so that Enter is the answer")
				}
			})
			if n := doc.Find("form[action='/sign-out'] button").Length(); n != doc.Find("body.signed-in").Length() {
				t.Errorf("%d buttons to sign out", n)
			}
		})
	}
}

// TestPages_FieldsForBrowsers holds what password managers and phones go by.
func TestPages_FieldsForBrowsers(t *testing.T) {
	pages := map[string]string{}
	for _, s := range samples() {
		pages[s.name] = render(t, s.page)
	}
	tests := []struct{ page, name, id, typ, autocomplete, inputMode string }{
		{"sign_in", "email", "email", "email", "username", ""},
		{"sign_in", "password", "password", "password", "current-password", ""},
		{"sign_up", "email", "email", "email", "username", ""},
		{"sign_up", "password", "password", "password", "new-password", ""},
		{"verify_email", "code", "code", "text", "one-time-code", "numeric"},
		{"verify_account_app", "code", "code", "text", "one-time-code", "text"},
		{"verify_account_app_alone", "code", "code", "text", "one-time-code", "numeric"},
		{"verify_account_sms", "code", "code", "text", "one-time-code", "numeric"},
		{"verify_totp", "code", "totp-code", "text", "one-time-code", "numeric"},
		{"add_phone", "phone", "phone", "tel", "tel", ""},
		{"verify_phone", "code", "code", "text", "one-time-code", "numeric"},
	}
	for _, test := range tests {
		x := parse(t, pages[test.page]).Find("input[name=" + test.name + "]")
		got := []string{x.AttrOr("id", ""), x.AttrOr("type", ""), x.AttrOr("autocomplete", ""), x.AttrOr("inputmode", ""), x.AttrOr("spellcheck", ""), x.AttrOr("autocapitalize", "")}
		want := []string{test.id, test.typ, test.autocomplete, test.inputMode, "false", "none"}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s %s: %q, want %q", test.page, test.name, got, want)
		}
	}
}

// TestPages_SayWhatTheContractSays holds the exact words that people, and
// tests from outside, go by.
func TestPages_SayWhatTheContractSays(t *testing.T) {
	tests := []struct {
		page    string
		buttons string // in the order of the source, without Sign out
		links   string // inside main
	}{
		{"sign_up", "continue=Continue", "/sign-in=Sign in"},
		{"verify_email", "verify=Verify resend=Send a new code start_over=Start over", ""},
		{"sign_in", "continue=Continue", "/sign-up=Sign up"},
		{"sign_in_closed", "continue=Continue", ""},
		{"verify_account_app", "verify=Verify use:sms:home=Send a code to •••• 4242 start_over=Start over", ""},
		{"verify_account_sms", "verify=Verify resend=Send a new code use:totp=Use your authentication app start_over=Start over", ""},
		{"account", "", "/account/manage-mfa=Manage MFA"},
		{
			"manage_mfa", "=Make default",
			"/account=Account /account/manage-mfa/remove-totp=Remove /account/manage-mfa/phones/home/disable=Disable for MFA" +
				" /account/manage-mfa/phones/home/remove=Remove from account /account/manage-mfa/phones/work/disable=Disable for MFA" +
				" /account/manage-mfa/phones/work/remove=Remove from account /account/manage-mfa/phones/spare/use=Use for MFA" +
				" /account/manage-mfa/phones/spare/remove=Remove from account /account/add-phone=Add a new phone number" +
				" /account/manage-mfa/backup-codes=Generate",
		},
		{"manage_mfa_empty", "", "/account=Account /account/manage-mfa/add=Add /account/add-phone=Add a new phone number"},
		{"add_totp", "verify=Verify reset=Reset", "/account/manage-mfa=Manage MFA /account/manage-mfa/add?format=uri=Use URI instead"},
		{"add_totp_uri", "verify=Verify reset=Reset", "/account/manage-mfa=Manage MFA " + sampleURI + "=" + sampleURI + " /account/manage-mfa/add=Use QR Code instead"},
		{"verify_totp", "verify_code=Verify code reset=Reset", "/account/manage-mfa=Manage MFA"},
		{"totp_success", "", "/account/manage-mfa=Manage MFA"},
		{"remove_totp", "remove=Remove", "/account/manage-mfa=Cancel"},
		{"generate_codes", "generate=Generate", "/account/manage-mfa=Manage MFA"},
		{"phone_use", "use=Use for MFA", "/account/manage-mfa=Cancel"},
		{"phone_disable", "disable=Disable for MFA", "/account/manage-mfa=Cancel"},
		{"phone_remove", "remove=Remove from account", "/account/manage-mfa=Cancel"},
		{"add_phone", "continue=Continue", "/account/manage-mfa=Manage MFA /account/manage-mfa/add=Use an authentication app instead"},
		{"verify_phone", "verify=Verify resend=Send a new code another=Use another number", "/account/manage-mfa=Manage MFA"},
		{"phone_added", "use=Use for MFA", "/account/manage-mfa=Manage MFA"},
	}
	pages := map[string]string{}
	for _, s := range samples() {
		pages[s.name] = render(t, s.page)
	}
	for _, test := range tests {
		doc := parse(t, pages[test.page])
		if got := list(doc.Find("main button"), "value"); got != test.buttons {
			t.Errorf("%s: buttons are\n %s\nwant\n %s", test.page, got, test.buttons)
		}
		if got := list(doc.Find("main a"), "href"); got != test.links {
			t.Errorf("%s: links are\n %s\nwant\n %s", test.page, got, test.links)
		}
	}
	for page, button := range map[string]string{"backup_codes_enrolling": "finish=Finish", "backup_codes": "done=Done"} {
		doc := parse(t, pages[page])
		if got := list(doc.Find("main button"), "value"); got != button {
			t.Errorf("%s: button is %s", page, got)
		}
		if got := doc.Find("main .codes li").Length(); got != len(ten) {
			t.Errorf("%s: %d codes", page, got)
		}
		file := doc.Find("a[download]")
		if got := file.AttrOr("download", ""); got != "twostep-backup-codes.txt" {
			t.Errorf("%s: the file is named %q", page, got)
		}
		for _, code := range ten {
			if !strings.Contains(file.AttrOr("href", ""), code) {
				t.Errorf("%s: the file lacks %s", page, code)
			}
		}
	}
}

// TestPages_EscapeWhatOthersWrote: an address or a name with markup is text.
func TestPages_EscapeWhatOthersWrote(t *testing.T) {
	const markup = `"><script>alert(1)</script>`
	f := signedIn(`/account?x="><script>`)
	f.Product, f.Account, f.Token = markup, markup, markup
	number := auth.Phone{ID: markup, Number: markup, ReservedAt: now}
	pages := []string{
		render(t, SignIn(SignInPage{f, markup, true})),
		render(t, SignUp(SignUpPage{f, markup, 15})),
		render(t, VerifyEmail(VerifyEmailPage{f, markup, sentCode})),
		render(t, VerifyAccount(VerifyAccountPage{Frame: f, Email: markup, Method: auth.Method{Kind: auth.PhoneCode, Phone: number}, Others: []auth.Method{{Kind: auth.PhoneCode, Phone: number}}})),
		render(t, ManageMFA(ManageMFAPage{f, auth.Factors{Phones: []auth.Phone{number}}})),
		render(t, AddTOTP(AddTOTPPage{Frame: f, URI: markup, Key: markup, ShowURI: true})),
		render(t, BackupCodes(BackupCodesPage{f, []string{markup}, true})),
		render(t, AddPhone(AddPhonePage{f, markup})),
		render(t, ShowTrouble(TroublePage{f, TroubleFault, markup})),
	}
	for _, page := range pages {
		if strings.Contains(page, "<script") {
			t.Errorf("markup came through:\n%s", page)
		}
	}
}

// TestPages_MaskNumbersAtSignIn: who knows only the password learns no number.
func TestPages_MaskNumbersAtSignIn(t *testing.T) {
	for _, s := range samples() {
		if s.h1 == "Verify your account" && strings.Contains(render(t, s.page), "415555") {
			t.Errorf("%s shows the whole number", s.name)
		}
	}
}

// TestPages_ProblemOfNoField: a problem of a field that is not on the page is
// said without a link.
func TestPages_ProblemOfNoField(t *testing.T) {
	page := SignIn(SignInPage{refusedWith(signedOut("/sign-in"), auth.Problem{Reason: auth.CodeWrong, Field: "code"}), "", true})
	alert := parse(t, render(t, page)).Find("[role=alert]")
	if alert.Length() != 1 || alert.Find("a").Length() != 0 {
		t.Errorf("alert is %q", alert.Text())
	}
}

func parse(t *testing.T, page string) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// list writes elements as attribute=text, separated by spaces.
func list(all *goquery.Selection, attr string) string {
	return strings.Join(all.Map(func(_ int, e *goquery.Selection) string {
		return e.AttrOr(attr, "") + "=" + strings.TrimSpace(e.Text())
	}), " ")
}
