package views

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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

// stuck is a word that runs into an element inside its sentence, or out of one:
// templ leaves out white space that a sentence needs.
var stuck = regexp.MustCompile(`[a-z][.!?][A-Z]|[\pL\pN.,:;”)]<(time|strong|a|code|em|span)\b|</(time|strong|a|code|em|span)>[\pL\pN“(]`)

// TestPages_Audit walks what every page owes to people and their browsers: a
// title that begins with the error, a language, headings, labels, a summary that
// links to the fields that are wrong and say so (AX-04, AX-05, AX-09, AX-11), forms that are
// plain posts (HT-01) and say whose password they ask for (HT-02), and nothing
// that hinders pasting (PW-12).
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
			if n := doc.Find(".notice:not([role=status]), .problem:not([role=alert])").Length(); n > 0 {
				t.Errorf("%d changes are not announced", n)
			}
			if n := doc.Find("input[autocomplete=off][type=password], [onpaste], [oncopy], [ondrop]").Length(); n > 0 {
				t.Errorf("%d fields hinder who fills them in", n)
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
				form.Find("input:not([type=hidden], [hidden])").Each(func(_ int, x *goquery.Selection) {
					if form.Find("label[for="+x.AttrOr("id", "none")+"]").Text() == "" {
						t.Errorf("the field %q has no label", x.AttrOr("name", ""))
					}
				})
				if form.Find("input:not([type=hidden], [hidden])").Length() > 0 && form.Find("button").Length() != 1 {
					t.Error("a form with fields has one button, so that Enter is the answer")
				}
			})
			doc.Find("form:has(input[type=password])").Each(func(_ int, form *goquery.Selection) {
				if form.Find("input[autocomplete=username]").Length() != 1 {
					t.Error("a form with a password does not say whose")
				}
			})
			if at := stuck.FindStringIndex(render(t, s.page)); at != nil {
				t.Errorf("words run into one another: …%s…", render(t, s.page)[at[0]-20:at[1]+20])
			}
			if n := doc.Find("[autofocus]").Length(); n > 1 {
				t.Errorf("%d fields take the focus", n)
			}
			if n := doc.Find("main h2").FilterFunction(func(_ int, h *goquery.Selection) bool { return strings.TrimSpace(h.Text()) == "" }).Length(); n > 0 {
				t.Error("a heading is empty")
			}
			if n := doc.Find("form[action='/sign-out'] button").Length(); n != doc.Find("body.signed-in").Length() {
				t.Errorf("%d buttons to sign out", n)
			}
		})
	}
}

// TestPages_FieldsForBrowsers holds what password managers and phones go by
// (PW-12, AX-03, HT-01, HT-03, HT-04).
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
		{"reauth_password", "password", "password", "password", "current-password", ""},
		{"reauth_app", "code", "code", "text", "one-time-code", "text"},
		{"reauth_sms", "code", "code", "text", "one-time-code", "numeric"},
		{"forgot_password", "email", "email", "email", "username", ""},
		{"check_email", "code", "code", "text", "one-time-code", "numeric"},
		{"new_password", "password", "password", "password", "new-password", ""},
		{"password", "current", "current", "password", "current-password", ""},
		{"password", "password", "password", "password", "new-password", ""},
		{"email_second", "email", "email", "email", "email", ""},
		{"email_waiting", "code", "code", "text", "one-time-code", "numeric"},
		{"delete", "confirm", "confirm", "text", "off", "email"},
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
// tests from outside, go by: the other ways to verify (HT-06), no code by mail
// among them (FF-08), and a page that confirms whatever removes something (AX-11).
func TestPages_SayWhatTheContractSays(t *testing.T) {
	const accountLinks = "/account/manage-mfa=Manage MFA /account/email=Email address /account/password=Password" +
		" /account/sessions=Active devices /account/activity=Activity /account/delete=Delete account"
	tests := []struct {
		page    string
		buttons string // in the order of the source, without Sign out
		links   string // inside main
	}{
		{"sign_up", "continue=Continue", "/sign-in=Sign in"},
		{"verify_email", "verify=Verify resend=Send a new code start_over=Start over", ""},
		{"sign_in", "continue=Continue", "/forgot-password=Forgot password? /sign-up=Sign up"},
		{"sign_in_closed", "continue=Continue", "/forgot-password=Forgot password?"},
		{"verify_account_app", "verify=Verify use:sms:home=Send a code to •••• 4242 start_over=Start over", ""},
		{"verify_account_sms", "verify=Verify resend=Send a new code use:totp=Use your authentication app start_over=Start over", ""},
		{"verify_account_late", "verify=Verify resend=Send a new code use:totp=Use your authentication app start_over=Start over", "/sign-in?next=%2Faccount=Look again"},
		{"verify_account_dead", "verify=Verify resend=Send a new code use:totp=Use your authentication app start_over=Start over", ""},
		{"verify_phone_dead", "verify=Verify resend=Send a new code another=Use another number", "/account/manage-mfa=Manage MFA"},
		{"verify_account_closed", "start_over=Start over", ""},
		{"account", "", accountLinks},
		{"account_off", "", accountLinks},
		{"account_few_codes", "", "/account/manage-mfa/backup-codes=Generate new backup codes " + accountLinks},
		{"account_no_codes", "", "/account/manage-mfa/backup-codes=Generate new backup codes " + accountLinks},
		{"account_unseen", "", "/account/manage-mfa/backup-codes=Save backup codes " + accountLinks},
		{"account_no_codes_off", "", accountLinks},
		{
			"manage_mfa", "reset=Replace =Make default",
			"/account=Account /account/manage-mfa/remove-totp=Remove /account/manage-mfa/phones/home/disable=Disable for MFA" +
				" /account/manage-mfa/phones/home/remove=Remove from account /account/manage-mfa/phones/work/disable=Disable for MFA" +
				" /account/manage-mfa/phones/work/remove=Remove from account /account/manage-mfa/phones/spare/use=Use for MFA" +
				" /account/manage-mfa/phones/spare/remove=Remove from account /account/add-phone=Add a new phone number" +
				" /account/manage-mfa/backup-codes=Generate",
		},
		{"manage_mfa_empty", "", "/account=Account /account/manage-mfa/add=Add /account/add-phone=Add a new phone number"},
		{"manage_mfa_app_only", "", "/account=Account /account/manage-mfa/add=Add"},
		{
			"manage_mfa_switched_off", "",
			"/account=Account /account/manage-mfa/remove-totp=Remove /account/manage-mfa/phones/home/disable=Disable for MFA" +
				" /account/manage-mfa/phones/home/remove=Remove from account /account/manage-mfa/phones/work/disable=Disable for MFA" +
				" /account/manage-mfa/phones/work/remove=Remove from account /account/manage-mfa/phones/spare/remove=Remove from account",
		},
		{"add_totp", "verify=Verify reset=Reset", "/account/manage-mfa=Manage MFA " + sampleURI + "=Open it with this key /account/manage-mfa/add?format=uri=Use URI instead"},
		{"add_totp_uri", "verify=Verify reset=Reset", "/account/manage-mfa=Manage MFA " + sampleURI + "=Open it with this key /account/manage-mfa/add=Use QR Code instead"},
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
		{"reauth_password", "continue=Continue", "/account=Cancel"},
		{"reauth_app", "verify=Verify use:sms:home=Send a code to •••• 4242", "/account=Cancel"},
		{"reauth_sms", "verify=Verify resend=Send a new code use:totp=Use your authentication app", "/account=Cancel"},
		{"reauth_closed", "", "/account=Cancel"},
		{"setup_mfa", "", "/account/manage-mfa/add=Authenticator application /account/add-phone=SMS code"},
		{"setup_mfa_sms", "", "/account/add-phone=SMS code"},
		{"setup_mfa_unseen", "", "/account/manage-mfa/backup-codes=Backup codes"},
		{"forgot_password", "continue=Continue", "/sign-in=Back to sign in"},
		{"check_email", "verify=Verify resend=Send a new code start_over=Start over", ""},
		{"new_password", "set_password=Set password", ""},
		{"password", "change=Change password", "/account=Account"},
		{"password_must_change", "change=Change password", ""},
		{"email", "change=Change email address add=Add email address", "/account=Account"},
		{"email_second", "change=Change email address remove=Remove", "/account=Account"},
		{"email_waiting", "verify=Verify resend=Send a new code stop=Stop the change change=Change email address remove=Remove", "/account=Account"},
		{"stop_email", "stop=Stop the change", "/account/password=change your password"},
		{"stop_email_over", "", "/=Go to the start"},
		{"sessions", "end:phone=Sign out this device end:script=Sign out this device end_others=Sign out all other devices", "/account=Account /account/password=change your password"},
		{"sessions_alone", "", "/account=Account /account/password=change your password"},
		{"activity", "", "/account=Account /account/password=change your password /account/sessions=active devices /account/activity?before=0001777730640000-abc=Older"},
		{"activity_end", "", "/account=Account /account/password=change your password /account/sessions=active devices"},
		{"delete", "delete=Delete account", "/account=Account /account=Cancel"},
		{"idle", "stay=Stay signed in", ""},
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

// TestPages_EscapeWhatOthersWrote: an address or a name with markup is text (CS-10).
func TestPages_EscapeWhatOthersWrote(t *testing.T) {
	const markup = `"><script>alert(1)</script>`
	f := signedIn(`/account?x="><script>`)
	f.Product, f.Account, f.Token, f.Branding = markup, markup, markup, Branding{markup, markup}
	number := auth.Phone{ID: markup, Number: markup, ReservedAt: now}
	pages := []string{
		render(t, SignIn(SignInPage{f, markup, true})),
		render(t, SignUp(SignUpPage{f, markup, 15})),
		render(t, VerifyEmail(VerifyEmailPage{f, markup, sentCode})),
		render(t, VerifyAccount(VerifyAccountPage{Page: f, Email: markup, Method: auth.Method{Kind: auth.PhoneCode, Phone: number}, Others: []auth.Method{{Kind: auth.PhoneCode, Phone: number}}})),
		render(t, ManageMFA(ManageMFAPage{f, auth.Factors{Phones: []auth.Phone{number}}})),
		render(t, AddTOTP(AddTOTPPage{Page: f, URI: markup, Key: markup, ShowURI: true})),
		render(t, BackupCodes(BackupCodesPage{f, []string{markup}, true})),
		render(t, AddPhone(AddPhonePage{f, markup, true})),
		render(t, Reauth(ReauthPage{Page: f, Step: auth.StepPassword, Email: markup})),
		render(t, CheckEmail(CheckEmailPage{f, markup, sentCode})),
		render(t, NewPassword(NewPasswordPage{f, markup, 15})),
		render(t, Email(EmailPage{Page: f, Addresses: auth.Emails{
			SignIn: markup, Notices: markup, Pending: &auth.EmailEnrolment{Email: auth.Email{Typed: markup}},
		}, Email: markup})),
		render(t, StopEmailChange(StopEmailChangePage{f, markup})),
		render(t, Sessions(SessionsPage{f, []auth.Session{{ID: markup, IP: markup, UserAgent: markup}, {ID: markup}}})),
		render(t, Activity(ActivityPage{f, []auth.Event{{Type: auth.EmailChanged, Email: markup, IP: markup, UserAgent: markup}}, markup, auth.ActivityRetention})),
		render(t, Idle(IdlePage{f, now, markup})),
		render(t, ShowError(ErrorPage{f, ErrorInternal, markup})),
	}
	for _, page := range pages {
		if strings.Contains(page, "<script") {
			t.Errorf("markup came through:\n%s", page)
		}
	}
}

// TestPages_MaskNumbers: who knows only the password learns no number, nor who
// came by a browser that is signed in without proving anew who they are (SM-10).
func TestPages_MaskNumbers(t *testing.T) {
	for _, s := range samples() {
		if (s.h1 == "Verify your account" || s.h1 == "Verification required" || s.h1 == "Activity") && strings.Contains(render(t, s.page), "415555") {
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

// TestEmail_ProblemStandsWhereItWasTyped: of two fields with one name, only the
// one that was typed into is wrong and carries the text.
func TestEmail_ProblemStandsWhereItWasTyped(t *testing.T) {
	pages := map[string]string{}
	for _, s := range samples() {
		pages[s.name] = render(t, s.page)
	}
	tests := []struct{ page, id, value, other string }{
		{"email_refused", "email", "new@", "notice-email"},
		{"email_refused_notices", "notice-email", "second@", "email"},
	}
	for _, test := range tests {
		doc := parse(t, pages[test.page])
		if got := doc.Find("[role=alert] a").AttrOr("href", ""); got != "#"+test.id {
			t.Errorf("%s: the summary links to %q", test.page, got)
		}
		wrong := doc.Find("[aria-invalid]")
		if wrong.Length() != 1 || wrong.AttrOr("id", "") != test.id || wrong.AttrOr("value", "") != test.value {
			t.Errorf("%s: %d fields are wrong, the first is %q", test.page, wrong.Length(), wrong.AttrOr("id", ""))
		}
		if _, filled := doc.Find("#" + test.other).Attr("value"); filled {
			t.Errorf("%s: the other field is filled in, too", test.page)
		}
	}
}

// TestReloads: only a page that waits for a new code comes again by itself, and
// it says so.
func TestReloads(t *testing.T) {
	for _, s := range samples() {
		says := strings.Contains(render(t, s.page), "reloads by itself")
		if says != (s.name == "verify_email_none") {
			t.Errorf("%s: says that it reloads is %v", s.name, says)
		}
	}
	for wait, want := range map[time.Duration]bool{0: false, time.Second: true, 10 * time.Minute: true, time.Hour: false} {
		if RefreshesAfterWait(&auth.Problem{Reason: auth.TooManyCodes, Wait: wait}) != want || RefreshesAfterWait(&auth.Problem{Reason: auth.TooManyAttempts, Wait: wait}) {
			t.Errorf("a wait of %v reloads is %v", wait, !want)
		}
	}
}

// TestSessions_OthersAlone: this device is named, and signs out at the top.
func TestSessions_OthersAlone(t *testing.T) {
	for _, s := range samples() {
		if s.name != "sessions" {
			continue
		}
		rows := parse(t, render(t, s.page)).Find("main .rows > li")
		if got := rows.First().Find(".what").Text(); !strings.Contains(got, "Firefox on Windows") || !strings.Contains(got, "This device") {
			t.Errorf("the first is %q", got)
		}
		if n := rows.Find(".here").Length(); n != 1 || rows.First().Find("button").Length() != 0 {
			t.Errorf("%d devices are this one, of which one has a button: %v", n, rows.First().Find("button").Length() != 0)
		}
		if got := rows.Eq(1).Find("button").AttrOr("value", "") + strings.TrimSpace(rows.Last().Find(".what").Text()); got != "end:phoneUnknown browser" {
			t.Errorf("the others are %q", got)
		}
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
