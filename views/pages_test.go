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
	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/static"
)

var update = flag.Bool("update", false, "write testdata/*.html")

// TestPages_Golden compares each page with its golden file. The URLs of static
// files change with their content, so they are replaced.
func TestPages_Golden(t *testing.T) {
	plain := strings.NewReplacer(
		static.URL("style.css"), "/static/style.css", static.URL("account.css"), "/static/account.css", static.URL("icon.svg"), "/static/icon.svg", static.URL("icon.png"), "/static/icon.png",
		static.URL("passkey.js"), "/static/passkey.js", "><", ">\n<",
	)
	golden := map[string]bool{}
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			got := plain.Replace(render(t, s.page)) + "\n"
			path := filepath.Join("testdata", s.name+".html")
			golden[path] = true
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
		if !golden[path] {
			t.Errorf("%s belongs to no page", path)
		}
	}
}

// missingSpace matches a word without a space before or after an inline element:
// templ omits some white space that a sentence needs.
var missingSpace = regexp.MustCompile(`[a-z][.!?][A-Z]|[\pL\pN.,:;”)]<(time|strong|a|code|em|span)\b|</(time|strong|a|code|em|span)>[\pL\pN“(]`)

// TestPages_Audit checks what every page needs: a title that starts with Error if
// something was refused, a language, headings, labels, an error summary with a link
// to the invalid field (AX-04, AX-05, AX-09, AX-11), forms that post (HT-01) and
// name the account of a password (HT-02), nothing that blocks pasting (PW-12), and
// no script or style but the site's own (OP-12).
func TestPages_Audit(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			doc := parse(t, render(t, s.page))
			ids := map[string]int{}
			doc.Find("[id]").Each(func(_ int, e *goquery.Selection) { ids[e.AttrOr("id", "")]++ })
			for id, n := range ids {
				if n > 1 || id == "" {
					t.Errorf("id %q is used %d times", id, n)
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
			title, refused := s.h1+" · Twostep", doc.Find("[role=alert]:not([hidden])").Length() > 0
			if refused {
				title = "Error: " + title
			}
			if got := doc.Find("title").Text(); got != title {
				t.Errorf("title is %q, want %q", got, title)
			}
			if lang := doc.Find("html").AttrOr("lang", ""); lang != "en" {
				t.Errorf("lang is %q", lang)
			}
			if n := doc.Find("script:not([src^='/static/passkey.']), style, [style], [onclick], [required], [pattern], [maxlength], img:not([alt])").Length(); n > 0 {
				t.Errorf("%d elements have a script, a style or client-side validation", n)
			}
			if n := doc.Find("input[type=password][value], input[autocomplete=one-time-code][value]").Length(); n > 0 {
				t.Error("a password or a code is shown")
			}
			if n := doc.Find(".notice:not([role=status]), .problem:not([role=alert])").Length(); n > 0 {
				t.Errorf("%d messages have no role", n)
			}
			if n := doc.Find("input[autocomplete=off][type=password], [onpaste], [oncopy], [ondrop]").Length(); n > 0 {
				t.Errorf("%d fields block pasting or autofill", n)
			}
			doc.Find("a").Each(func(_ int, a *goquery.Selection) {
				if strings.TrimSpace(a.Text()) == "" || a.AttrOr("href", "") == "" || strings.HasPrefix(a.AttrOr("href", ""), "about:") {
					t.Errorf("link %q leads to %q", a.Text(), a.AttrOr("href", ""))
				}
			})
			doc.Find("[aria-describedby]").Each(func(_ int, e *goquery.Selection) { known(e, "aria-describedby") })
			doc.Find("[role=alert] a").Each(func(_ int, a *goquery.Selection) {
				id := strings.TrimPrefix(a.AttrOr("href", ""), "#")
				x := doc.Find("input#" + id + ", textarea#" + id)
				if x.Length() != 1 || x.AttrOr("aria-invalid", "") != "true" || !strings.Contains(x.AttrOr("aria-describedby", ""), id+"-problem") {
					t.Errorf("the summary links to %q, which is not marked as invalid", id)
				}
			})
			doc.Find("form:not(.filters)").Each(func(_ int, form *goquery.Selection) { // a search changes nothing
				if form.AttrOr("method", "") != "post" || form.AttrOr("action", "") == "" {
					t.Error("a form does not post to a URL")
				}
				if form.Find("input[type=hidden][name=token]").AttrOr("value", "") != "form-token" {
					t.Error("a form has no token")
				}
				if form.Find(":not(input) + input[type=hidden]").Length() > 0 { // the stylesheet has no space after it
					t.Error("a hidden field is between those that are seen")
				}
				form.Find("input:not([type=hidden], [hidden])").Each(func(_ int, x *goquery.Selection) {
					if form.Find("label[for="+x.AttrOr("id", "none")+"]").Text() == "" {
						t.Errorf("the field %q has no label", x.AttrOr("name", ""))
					}
				})
				if form.Find("input:not([type=hidden], [hidden])").Length() > 0 && form.Find("button").Length() != 1 {
					t.Error("a form with fields must have one button, the one that Enter presses")
				}
			})
			doc.Find("form:has(input[type=password])").Each(func(_ int, form *goquery.Selection) {
				if form.Find("input[autocomplete~=username]").Length() != 1 {
					t.Error("a form with a password does not name the account")
				}
			})
			if at := missingSpace.FindStringIndex(render(t, s.page)); at != nil {
				t.Errorf("a space is missing: …%s…", render(t, s.page)[at[0]-20:at[1]+20])
			}
			if n := doc.Find("[autofocus]").Length(); n > 1 {
				t.Errorf("%d fields take the focus", n)
			}
			if n := doc.Find("main h2").FilterFunction(func(_ int, h *goquery.Selection) bool { return strings.TrimSpace(h.Text()) == "" }).Length(); n > 0 {
				t.Error("a heading is empty")
			}
			if n := doc.Find("form.who[action='/sign-out'] button").Length(); n != doc.Find("body.signed-in").Length() {
				t.Errorf("%d buttons to sign out", n)
			}
		})
	}
}

// TestPages_FieldAttributes checks the attributes that password managers and phones
// rely on (PW-12, AX-03, HT-01, HT-03, HT-04).
func TestPages_FieldAttributes(t *testing.T) {
	pages := map[string]string{}
	for _, s := range samples() {
		pages[s.name] = render(t, s.page)
	}
	tests := []struct{ page, name, id, typ, autocomplete, inputMode string }{
		{"sign_in", "email", "email", "email", "username webauthn", ""},
		{"sign_in", "password", "password", "password", "current-password", ""},
		{"sign_up", "email", "email", "email", "username", ""},
		{"sign_up", "password", "password", "password", "new-password", ""},
		{"verify_email", "code", "code", "text", "one-time-code", "numeric"},
		{"verify_account_app", "code", "code", "text", "one-time-code", "numeric"},
		{"verify_account_backup", "code", "code", "text", "off", "text"},
		{"verify_account_app_only", "code", "code", "text", "one-time-code", "numeric"},
		{"verify_account_sms", "code", "code", "text", "one-time-code", "numeric"},
		{"verify_totp", "code", "totp-code", "text", "one-time-code", "numeric"},
		{"add_phone", "phone", "phone", "tel", "tel", ""},
		{"verify_phone", "code", "code", "text", "one-time-code", "numeric"},
		{"reauth_password", "password", "password", "password", "current-password", ""},
		{"reauth_app", "code", "code", "text", "one-time-code", "numeric"},
		{"reauth_sms", "code", "code", "text", "one-time-code", "numeric"},
		{"forgot_password", "email", "email", "email", "username", ""},
		{"check_email", "code", "code", "text", "one-time-code", "numeric"},
		{"new_password", "password", "password", "password", "new-password", ""},
		{"password", "current", "current", "password", "current-password", ""},
		{"password", "password", "password", "password", "new-password", ""},
		{"email_second", "email", "email", "email", "email", ""},
		{"email_pending", "code", "code", "text", "one-time-code", "numeric"},
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

// TestPages_ButtonsAndLinks checks the exact labels: the other methods (HT-06), none
// of which sends a code by mail (FF-08), and the pages that ask for confirmation
// before a removal (AX-11).
func TestPages_ButtonsAndLinks(t *testing.T) {
	const accountLinks = "/account/manage-mfa=Manage MFA /account/profile=Profile /account/email=Email address /account/password=Password" +
		" /account/passkeys=Passkeys /account/sessions=Active devices /account/apps=Connected apps /account/activity=Activity /account/delete=Delete account"
	tests := []struct {
		page    string
		buttons string // in the order of the source, without Sign out
		links   string // inside main
	}{
		{"sign_up", "continue=Continue", "/sign-in=Sign in"},
		{"verify_email", "verify=Verify resend=Send a new code start_over=Start over", ""},
		{"sign_in", "continue=Continue =Sign in with a passkey", "/forgot-password?next=%2Faccount=Forgot password? /sign-up?next=%2Faccount=Sign up"},
		{"sign_in_no_sign_up", "continue=Continue", "/forgot-password?next=%2Faccount=Forgot password?"},
		{"verify_account_app", "verify=Verify use:sms:home=Send a code to •••• 4242 start_over=Start over", "/sign-in?backup=1&next=%2Faccount=Use a backup code"},
		{"verify_account_backup", "verify=Verify use:sms:home=Send a code to •••• 4242 start_over=Start over", "/sign-in?next=%2Faccount=Use your authentication app"},
		{"verify_account_sms", "verify=Verify resend=Send a new code use:totp=Use your authentication app start_over=Start over", ""},
		{"verify_account_delayed", "verify=Verify resend=Send a new code use:totp=Use your authentication app start_over=Start over", "/sign-in?next=%2Faccount=Refresh /sign-in?backup=1&next=%2Faccount=Use a backup code"},
		{"verify_account_rejected", "verify=Verify resend=Send a new code use:totp=Use your authentication app start_over=Start over", ""},
		{"verify_phone_rejected", "verify=Verify resend=Send a new code another=Use another number", "/account/manage-mfa=Manage MFA"},
		{"verify_account_unavailable", "start_over=Start over", ""},
		{"account", "", accountLinks},
		{"account_off", "", "/account/passkeys/add=Add a passkey " + accountLinks},
		{"account_few_codes", "", "/account/manage-mfa/backup-codes=Generate new backup codes " + accountLinks},
		{"account_no_codes", "", "/account/manage-mfa/backup-codes=Generate new backup codes " + accountLinks},
		{"account_unsaved_codes", "", "/account/manage-mfa/backup-codes=Save backup codes " + accountLinks},
		{"account_codes_turned_off", "", strings.Replace(accountLinks, " /account/passkeys=Passkeys", "", 1)},
		{
			"manage_mfa", "reset=Replace =Make default",
			"/account=Account /account/passkeys=Passkeys /account/manage-mfa/remove-totp=Remove /account/manage-mfa/phones/home/disable=Disable for MFA" +
				" /account/manage-mfa/phones/home/remove=Remove from account /account/manage-mfa/phones/work/disable=Disable for MFA" +
				" /account/manage-mfa/phones/work/remove=Remove from account /account/manage-mfa/phones/spare/use=Use for MFA" +
				" /account/manage-mfa/phones/spare/remove=Remove from account /account/add-phone=Add a new phone number" +
				" /account/manage-mfa/backup-codes=Generate",
		},
		{"manage_mfa_empty", "", "/account=Account /account/passkeys=Passkeys /account/manage-mfa/add=Add /account/add-phone=Add a new phone number"},
		{"manage_mfa_app_only", "", "/account=Account /account/manage-mfa/add=Add"},
		{
			"manage_mfa_turned_off", "",
			"/account=Account /account/passkeys/synced/remove=Remove /account/manage-mfa/remove-totp=Remove /account/manage-mfa/phones/home/disable=Disable for MFA" +
				" /account/manage-mfa/phones/home/remove=Remove from account /account/manage-mfa/phones/work/disable=Disable for MFA" +
				" /account/manage-mfa/phones/work/remove=Remove from account /account/manage-mfa/phones/spare/remove=Remove from account",
		},
		{"passkeys", "rename:synced=Rename rename:bound=Rename rename:key=Rename rename:moved=Rename", "/account/manage-mfa=Manage MFA" +
			" /account/passkeys/synced/remove=Remove /account/passkeys/bound/remove=Remove /account/passkeys/key/remove=Remove" +
			" /account/passkeys/moved/remove=Remove /account/passkeys/add=Add a passkey"},
		{"add_passkey", "=Create a passkey =Add a security key without a PIN", "/account/passkeys=Passkeys"},
		{"remove_passkey", "remove=Remove", "/account/passkeys=Passkeys /account/passkeys=Cancel"},
		{"remove_passkey_keep", "", "/account/passkeys=Passkeys /account/manage-mfa=Add another method"},
		{"verify_account_app_or_passkey", "verify=Verify =Use a passkey use:sms:home=Send a code to •••• 4242 start_over=Start over", "/sign-in?backup=1&next=%2Faccount=Use a backup code"},
		{"verify_account_passkey", "=Use a passkey verify=Verify start_over=Start over", ""},
		{"reauth_password_or_passkey", "continue=Continue =Use a passkey", "/account=Cancel"},
		{"setup_mfa_passkey", "", "/account/passkeys/add=Passkey /account/manage-mfa/add=Authenticator application /account/add-phone=SMS code"},
		{"add_totp", "verify=Verify reset=Reset", "/account/manage-mfa=Manage MFA " + sampleURI + "=Open your authenticator app /account/manage-mfa/add?format=uri=Use URI instead"},
		{"add_totp_uri", "verify=Verify reset=Reset", "/account/manage-mfa=Manage MFA " + sampleURI + "=Open your authenticator app /account/manage-mfa/add=Use QR Code instead"},
		{"verify_totp", "verify_code=Verify code show_again=Show the QR code again reset=Reset", "/account/manage-mfa=Manage MFA"},
		{"totp_success", "", "/account=Done /account/manage-mfa=Manage MFA"},
		{"remove_totp", "remove=Remove", "/account/manage-mfa=Manage MFA /account/manage-mfa=Cancel"},
		{"generate_codes", "generate=Generate", "/account/manage-mfa=Manage MFA /account/manage-mfa=Cancel"},
		{"phone_use", "use=Use for MFA", "/account/manage-mfa=Manage MFA /account/manage-mfa=Cancel"},
		{"phone_disable", "disable=Disable for MFA", "/account/manage-mfa=Manage MFA /account/manage-mfa=Cancel"},
		{"phone_remove", "remove=Remove from account", "/account/manage-mfa=Manage MFA /account/manage-mfa=Cancel"},
		{"add_phone", "continue=Continue", "/account/manage-mfa=Manage MFA /account/manage-mfa/add=use an authenticator app instead /account/manage-mfa=Cancel"},
		{"verify_phone", "verify=Verify resend=Send a new code another=Use another number", "/account/manage-mfa=Manage MFA"},
		{"phone_added", "use=Use for MFA", "/account/manage-mfa=Manage MFA"},
		{"reauth_password", "continue=Continue", "/account=Cancel"},
		{"reauth_app", "verify=Verify use:sms:home=Send a code to •••• 4242", "/account/verify?backup=1&next=%2Faccount%2Fpassword=Use a backup code /account=Cancel"},
		{"reauth_sms", "resend=Send a new code verify=Verify use:totp=Use your authentication app", "/account=Cancel"},
		{"reauth_unavailable", "", "/account=Cancel"},
		{"setup_mfa", "", "/account/manage-mfa/add=Authenticator application /account/add-phone=SMS code"},
		{"setup_mfa_sms", "", "/account/add-phone=SMS code"},
		{"setup_mfa_unsaved_codes", "", "/account/manage-mfa/backup-codes=Backup codes"},
		{"forgot_password", "continue=Continue", "/sign-in=Back to sign in"},
		{"check_email", "verify=Verify resend=Send a new code start_over=Start over", ""},
		{"new_password", "set_password=Set password", ""},
		{"profile", "save=Save", "/account=Account /account=Cancel"},
		{"password", "change=Change password", "/account=Account /account=Cancel"},
		{"password_must_change", "change=Change password", ""},
		{"email", "change=Change email address add=Add email address", "/account=Account"},
		{"email_second", "change=Change email address remove=Remove", "/account=Account"},
		{"email_pending", "verify=Verify resend=Send a new code stop=Cancel the change change=Change email address remove=Remove", "/account=Account"},
		{"stop_email", "stop=Cancel the change", "/account/password=Change your password"},
		{"stop_email_made", "", "/account/email=check your email address /account/password=change your password"},
		{"stop_email_expired", "", "/account/email=check your email address /account/password=change your password"},
		{"remove_totp_keep", "", "/account/manage-mfa=Manage MFA /account/manage-mfa=Add another method"},
		{"phone_remove_keep", "", "/account/manage-mfa=Manage MFA /account/manage-mfa=Add another method"},
		{"sessions", "end:phone=Sign out device end:script=Sign out device end_others=Sign out all other devices", "/account=Account /account/password=change your password"},
		{"sessions_current_only", "", "/account=Account /account/password=change your password"},
		{"activity", "", "/account=Account /account/password=change your password /account/sessions=devices /account/activity?before=0001777730640000-abc=Older"},
		{"activity_end", "", "/account=Account /account/password=change your password /account/sessions=devices"},
		{"delete", "delete=Delete account", "/account=Account /account=Cancel"},
		{"idle", "stay=Stay signed in", ""},
		{"consent", "continue=Continue cancel=Cancel", ""},
		{"leave_to_app", "", "https://wiki.example.com/callback?code=a-code=Back to Team wiki"},
		{"app_expired", "", "https://wiki.example.com/=Go to Team wiki"},
		{"app_not_allowed", "cancel=Back to Team wiki", ""},
		{"app_declined", "cancel=Back to Team wiki", "/account/continue/ID=Verify"},
		{"app_other_account", "sign_out=Sign out and continue cancel=Cancel", ""},
		{"setup_mfa_for_app", "", "/account/manage-mfa/add=Authenticator application /account/add-phone=SMS code /account/continue/request=Not now"},
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

// TestPages_Escape checks that markup in an email address, a name or a URL is shown
// as text (CS-10).
func TestPages_Escape(t *testing.T) {
	const markup = `"><script>alert(1)</script>`
	p := signedIn(`/account?x="><script>`)
	p.Product, p.Account, p.Token, p.Branding = markup, markup, markup, Branding{markup, markup, Links{markup, markup, markup, markup}}
	number := auth.Phone{ID: markup, Number: markup, ReservedAt: now}
	pages := []string{
		render(t, SignIn(SignInPage{Page: p, Email: markup, SignUpOpen: true, App: markup})),
		render(t, SignUp(SignUpPage{p, markup, 15, nil, false})),
		render(t, VerifyEmail(VerifyEmailPage{p, markup, sentCode})),
		render(t, VerifyAccount(VerifyAccountPage{Page: p, SecondFactor: SecondFactor{Email: markup, Method: auth.Method{Factor: auth.PhoneCode, Phone: number}, Others: []auth.Method{{Factor: auth.PhoneCode, Phone: number}}}})),
		render(t, ManageMFA(ManageMFAPage{p, auth.Factors{Phones: []auth.Phone{number}}})),
		render(t, AddTOTP(AddTOTPPage{Page: p, URI: markup, Key: markup, ShowURI: true})),
		render(t, BackupCodes(BackupCodesPage{p, []string{markup}, true})),
		render(t, AddPhone(AddPhonePage{p, markup, true})),
		render(t, Reauth(ReauthPage{Page: p, Step: auth.StepPassword, SecondFactor: SecondFactor{Email: markup}, Cancel: markup})),
		render(t, CheckEmail(CheckEmailPage{p, markup, sentCode})),
		render(t, NewPassword(NewPasswordPage{p, markup, 15, false})),
		render(t, Email(EmailPage{Page: p, Addresses: auth.Emails{
			SignIn: markup, Notices: markup, Pending: &auth.EmailEnrolment{Email: auth.Email{Typed: markup}},
		}, Email: markup})),
		render(t, StopEmailChange(StopEmailChangePage{Page: p, Email: markup})),
		render(t, Sessions(SessionsPage{p, []auth.Session{{ID: markup, IP: markup, UserAgent: markup}, {ID: markup}}, nil, []RememberedDevice{{KnownDevice: auth.KnownDevice{ID: markup, UserAgent: markup}}}})),
		render(t, Activity(ActivityPage{p, []auth.Event{{Type: auth.EmailChanged, Email: markup, IP: markup, UserAgent: markup}}, markup, 365 * 24 * time.Hour})),
		render(t, Idle(IdlePage{p, now, markup})),
		render(t, ShowError(ErrorPage{p, ErrorInternal, markup})),
	}
	for _, page := range pages {
		if strings.Contains(page, "<script") {
			t.Errorf("markup is not escaped:\n%s", page)
		}
	}
}

// TestPages_SupportLink checks that the site administrator is linked to the site's support wherever a
// page mentions them, and that the foot has the site's links.
func TestPages_SupportLink(t *testing.T) {
	for _, page := range []templ.Component{
		SignIn(SignInPage{Page: refusedWith(linked("/sign-in"), auth.Problem{Reason: auth.FactorLocked}), Email: "", SignUpOpen: true}),
		VerifyAccount(VerifyAccountPage{Page: linked("/sign-in"), SecondFactor: SecondFactor{Email: "ann@example.com"}}),
		VerifyAccount(VerifyAccountPage{Page: linked("/sign-in"), SecondFactor: SecondFactor{Email: "ann@example.com", BackupCodes: true}}),
		VerifyAccount(VerifyAccountPage{Page: linked("/sign-in"), SecondFactor: SecondFactor{Method: auth.Method{Factor: auth.PhoneCode, Phone: homePhone}, Code: rejectedCode}}),
		VerifyAccount(VerifyAccountPage{Page: linked("/sign-in"), SecondFactor: SecondFactor{Method: auth.Method{Factor: auth.PhoneCode, Phone: homePhone}, Code: delayedCode}}),
		ManageMFA(ManageMFAPage{linked("/account/manage-mfa"), having(auth.Factors{TOTP: sampleTOTP})}),
		Password(PasswordPage{linked("/account/password"), 15, true, true}),
		StopEmailChange(StopEmailChangePage{Page: linked("/account/email/stop")}),
		ShowError(ErrorPage{linked("/somewhere"), ErrorInternal, "req-1"}),
		ShowError(ErrorPage{linked("/sign-up"), ErrorSignUpClosed, ""}),
	} {
		doc := parse(t, render(t, page))
		if got := list(doc.Find("main a[href^=mailto]"), "href"); got != "mailto:help@acme.example=site administrator" {
			t.Errorf("%s: the support links are %q", doc.Find("h1").Text(), got)
		}
		want := "https://acme.example/=Home mailto:help@acme.example=Support https://acme.example/privacy=Privacy https://acme.example/terms=Terms"
		if got := list(doc.Find("footer a"), "href"); got != want {
			t.Errorf("%s: the foot has %q", doc.Find("h1").Text(), got)
		}
	}
	if n := parse(t, render(t, SignIn(SignInPage{Page: signedOut("/sign-in"), Email: "", SignUpOpen: true}))).Find("footer").Length(); n != 0 {
		t.Error("a page has a foot without links")
	}
}

func linked(url string) Page {
	p := signedOut(url)
	p.Branding.Links = ownLinks
	return p
}

// TestPages_MaskPhones checks that the pages shown before the second factor and
// before re-authentication do not show a whole phone number (SM-10).
func TestPages_MaskPhones(t *testing.T) {
	for _, s := range samples() {
		if (s.h1 == "Verify your account" || s.h1 == "Verification required" || s.h1 == "Activity") && strings.Contains(render(t, s.page), "415555") {
			t.Errorf("%s shows the whole number", s.name)
		}
	}
}

// TestPages_ProblemWithoutField checks that there is no link if the page does not
// have the problem's field.
func TestPages_ProblemWithoutField(t *testing.T) {
	page := SignIn(SignInPage{Page: refusedWith(signedOut("/sign-in"), auth.Problem{Reason: auth.CodeWrong, Field: "code"}), Email: "", SignUpOpen: true})
	alert := parse(t, render(t, page)).Find("[role=alert]")
	if alert.Length() != 1 || alert.Find("a").Length() != 0 {
		t.Errorf("alert is %q", alert.Text())
	}
}

// TestEmail_ProblemAtSubmittedField checks that of the two fields named email only
// the submitted one is invalid and keeps its text.
func TestEmail_ProblemAtSubmittedField(t *testing.T) {
	pages := map[string]string{}
	for _, s := range samples() {
		pages[s.name] = render(t, s.page)
	}
	tests := []struct{ page, id, value, other string }{
		{"email_refused", "email", "new@", "notice-email"},
		{"email_refused_alerts", "notice-email", "second@", "email"},
	}
	for _, test := range tests {
		doc := parse(t, pages[test.page])
		if got := doc.Find("[role=alert] a").AttrOr("href", ""); got != "#"+test.id {
			t.Errorf("%s: the summary links to %q", test.page, got)
		}
		wrong := doc.Find("[aria-invalid]")
		if wrong.Length() != 1 || wrong.AttrOr("id", "") != test.id || wrong.AttrOr("value", "") != test.value {
			t.Errorf("%s: %d fields are invalid, the first is %q", test.page, wrong.Length(), wrong.AttrOr("id", ""))
		}
		if _, filled := doc.Find("#" + test.other).Attr("value"); filled {
			t.Errorf("%s: the other field has a value", test.page)
		}
	}
}

// TestRefreshesAfterWait checks that only a page that refuses to send another code
// refreshes, and says so.
func TestRefreshesAfterWait(t *testing.T) {
	for _, s := range samples() {
		says := strings.Contains(render(t, s.page), "will refresh")
		if says != (s.name == "verify_email_no_code") {
			t.Errorf("%s: the text about refreshing is shown: %v", s.name, says)
		}
	}
	for wait, want := range map[time.Duration]bool{0: false, time.Second: true, 10 * time.Minute: true, time.Hour: false} {
		if RefreshesAfterWait(&auth.Problem{Reason: auth.TooManyCodes, Wait: wait}) != want || RefreshesAfterWait(&auth.Problem{Reason: auth.TooManyAttempts, Wait: wait}) {
			t.Errorf("a wait of %v refreshes: %v, want %v", wait, !want, want)
		}
	}
}

// TestSessions_Current checks that the current session is marked and that only the
// others have a button.
func TestSessions_Current(t *testing.T) {
	for _, s := range samples() {
		if s.name != "sessions" {
			continue
		}
		rows := parse(t, render(t, s.page)).Find("main .rows > li")
		if got := rows.First().Find(".title").Text(); !strings.Contains(got, "Firefox on Windows") || !strings.Contains(got, "This device") {
			t.Errorf("the first is %q", got)
		}
		if n := rows.Find(".pill").Length(); n != 1 || rows.First().Find("button").Length() != 0 {
			t.Errorf("%d sessions are marked as current; the first has a button: %v", n, rows.First().Find("button").Length() != 0)
		}
		if got := rows.Eq(1).Find("button").AttrOr("value", "") + strings.TrimSpace(rows.Last().Find(".title").Text()); got != "end:phoneUnknown browser" {
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

// list formats elements as attribute=text, separated by spaces.
func list(all *goquery.Selection, attr string) string {
	return strings.Join(all.Map(func(_ int, e *goquery.Selection) string {
		return e.AttrOr(attr, "") + "=" + strings.TrimSpace(e.Text())
	}), " ")
}
