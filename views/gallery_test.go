package views

import (
	"flag"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/static"
)

var galleryFolder = flag.String("gallery", "", "folder to write every page in every state to")

// A site's own branding: an accent colour that is far too light for a white page,
// and a logo.
var (
	ownAccent, _, _ = static.Accent("#ffcc00")
	ownLogo, _      = static.Logo([]byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle fill="#0a7d5a" cx="20" cy="20" r="20"/></svg>`))
	ownLinks        = Links{Support: "mailto:help@acme.example", Privacy: "https://acme.example/privacy", Terms: "https://acme.example/terms", Home: "https://acme.example/"}
	staticFiles     = static.Handler(ownAccent, ownLogo)
)

// gallery returns every page in every state: the samples, and pages with the
// longest and most unusual content.
func gallery() []sample { return append(samples(), extremes()...) }

// extremes are the pages whose content is most likely to overflow.
func extremes() []sample {
	longest := strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 3) + "example"
	arabic, emoji := "خدمة الحسابات الآمنة", "Zwei Schritte 🔐 für die große Familie, ihre Freunde und Nachbarn"
	digits := auth.Phone{ID: "digits", Number: "+999123456789012345"[:16], VerifiedAt: now, ReservedAt: now, Default: true}
	manyPhones := []auth.Phone{digits}
	for i := range 9 {
		manyPhones = append(manyPhones, auth.Phone{ID: auth.PhoneID(fmt.Sprint("p", i)), Number: fmt.Sprintf("+44207946%04d", i), VerifiedAt: now, ReservedAt: now})
	}
	named := func(p Page, product string) Page { p.Product = product; return p }
	longAccount := func(p Page) Page { p.Account = longest; return p }
	sms := auth.Method{Factor: auth.PhoneCode, Phone: digits}
	branded := func(p Page) Page { p.Branding = Branding{ownAccent.URL, ownLogo.URL, ownLinks}; return p }

	var devices []auth.Session
	for i := range 30 {
		devices = append(devices, auth.Session{
			ID: auth.SessionID(fmt.Sprint("d", i)), CreatedAt: now.Add(-time.Duration(i) * time.Hour), SeenAt: now.Add(-time.Duration(i) * time.Minute),
			IP: "2001:db8:4a2f:91c0:5d3e:77ab:10f2:cc41", UserAgent: []string{firefox, safari, chrome, ""}[i%4],
		})
	}
	var events []auth.Event
	for i := range 500 {
		events = append(events, auth.Event{
			Type: auth.EventTypes[i%len(auth.EventTypes)], At: now.Add(-time.Duration(i) * time.Hour), Factor: auth.PhoneCode, Phone: digits.Number,
			Email: longest, Name: strings.Repeat("x", auth.GroupNameMax), BackupCodesLeft: 10, IP: "2001:db8:4a2f:91c0:5d3e:77ab:10f2:cc41", UserAgent: safari,
		})
	}
	uri := "otpauth://totp/" + strings.Repeat("%F0%9F%94%90", 20) + ":" + longest + "?secret=" + sampleKey + "&issuer=" + strings.Repeat("%F0%9F%94%90", 20)
	pending := auth.EmailEnrolment{Use: auth.ForSignIn, Email: auth.Email{Typed: longest}, Code: sentCode}

	mfa := MFAPolicyPage{
		Page: longAccount(named(signedIn("/admin/mfa"), arabic)), Policies: []auth.MFAPolicy{{Group: strings.Repeat("w", auth.GroupNameMax), Day: now}},
		Pending:    auth.PeoplePage{Accounts: []auth.Account{{User: auth.User{ID: "long", Email: auth.Email{Typed: longest}}, MFA: auth.MFADeadline{Policy: now}}}},
		Exemptions: []auth.MFAExemption{{User: "long", Email: longest, Until: now, Reason: strings.Repeat("W", auth.ReasonMax), By: "ann", ByEmail: longest}},
	}
	mfa.Role = auth.RoleAdmin

	return []sample{
		{"long_mfa_policy", "MFA policy", MFAPolicy(mfa)},
		{"long_sign_in", "Sign in", SignIn(signInWith(refusedWith(named(signedOut("/sign-in"), emoji), auth.Problem{Reason: auth.InvalidCredentials}), longest))},
		{"long_sign_in_arabic", "Sign in", SignIn(signInWith(named(signedOut("/sign-in"), arabic), ""))},
		{"long_name_in_one_word", "Sign in", SignIn(signInWith(named(signedOut("/sign-in"), strings.Repeat("W", 64)), ""))},
		{"branded_sign_in", "Sign in", SignIn(signInWith(branded(withNotice(signedOut("/sign-in"), NoticeSignInFirst)), ""))},
		{"branded_account", "Account", Account(AccountPage{branded(signedIn("/account")), "", having(auth.Factors{}, allKinds...)})},
		{"branded_sessions", "Active devices", Sessions(SessionsPage{Page: branded(signedIn("/account/sessions")), Sessions: devices[:2]})},
		{"long_verify_email", "Verify your email", VerifyEmail(VerifyEmailPage{named(signedOut("/sign-up"), arabic), longest, sentCode})},
		{"long_verify_account", "Verify your account", VerifyAccount(VerifyAccountPage{
			Page: named(signedOut("/sign-in"), emoji), SecondFactor: SecondFactor{Email: longest, Method: sms, Others: []auth.Method{{Factor: auth.TOTPCode}, sms, sms, sms}, BackupCodes: true, Code: sentCode},
		})},
		{"long_account", "Account", Account(AccountPage{longAccount(named(signedIn("/account"), arabic)), "", everything})},
		{"long_manage_mfa", "User MFA Settings", ManageMFA(ManageMFAPage{longAccount(named(signedIn("/account/manage-mfa"), emoji)), having(auth.Factors{TOTP: sampleTOTP, Phones: manyPhones, BackupCodes: 10}, allKinds...)})},
		{"long_add_totp", "Add TOTP MFA", AddTOTP(AddTOTPPage{Page: longAccount(named(signedIn("/account/manage-mfa/add"), emoji)), URI: uri, Key: sampleKey})},
		{"long_add_totp_uri", "Add TOTP MFA", AddTOTP(AddTOTPPage{Page: longAccount(named(signedIn("/account/manage-mfa/add"), arabic)), URI: uri, Key: sampleKey, ShowURI: true, Replaces: true})},
		{"long_backup_codes", "Backup codes", BackupCodes(BackupCodesPage{longAccount(named(signedIn("/account/manage-mfa/backup-codes"), arabic)), ten, false})},
		{"long_phone_remove", "Remove phone number", Phone(PhonePage{Page: longAccount(signedIn("/account/manage-mfa/phones/digits/remove")), Phone: digits, Action: PhoneRemove, Last: true})},
		{"long_verify_phone", "Verify phone", VerifyPhone(VerifyPhonePage{longAccount(signedIn("/account/add-phone")), digits.Number, "GB", sentCode})},
		{"long_email", "Email address", Email(EmailPage{Page: longAccount(signedIn("/account/email")), Addresses: auth.Emails{SignIn: longest, Notices: longest, Pending: &pending}})},
		{"long_new_password", "Set a new password", NewPassword(NewPasswordPage{signedOut("/forgot-password"), longest, 15, false})},
		{"long_delete", "Delete account", Delete(DeletePage{longAccount(signedIn("/account/delete"))})},
		{"long_stop_email", "Cancel the email address change", StopEmailChange(StopEmailChangePage{Page: longAccount(signedIn("/account/email/stop")), Email: longest})},
		{"long_sessions", "Active devices", Sessions(SessionsPage{Page: longAccount(signedIn("/account/sessions")), Sessions: devices})},
		{"long_activity", "Activity", Activity(ActivityPage{longAccount(named(signedIn("/account/activity"), arabic)), events, "older", 365 * 24 * time.Hour})},
	}
}

// TestGallery writes the gallery to a folder, with an index: make gallery.
func TestGallery(t *testing.T) {
	if *galleryFolder == "" {
		t.Skip("-gallery is not set")
	}
	writeGallery(t, *galleryFolder)
}

var staticFile = regexp.MustCompile(`"/(static/[^"]+)"`)

// writeGallery writes pages that a browser can open as files.
func writeGallery(t *testing.T, folder string) {
	t.Helper()
	write := func(name string, content []byte) {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var list strings.Builder
	for _, s := range gallery() {
		page := render(t, s.page)
		for _, file := range staticFile.FindAllStringSubmatch(page, -1) {
			w := httptest.NewRecorder()
			staticFiles.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+file[1], http.NoBody))
			write(file[1], w.Body.Bytes())
		}
		write(s.name+".html", []byte(staticFile.ReplaceAllString(page, `"$1"`)))
		fmt.Fprintf(&list, "<li><a href=\"%s.html\">%s</a> <small>%s</small></li>\n", s.name, s.name, html.EscapeString(s.h1))
	}
	write("index.html", []byte("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"+
		"<title>Every page in every state</title>\n<h1>Every page in every state</h1>\n<ul>\n"+list.String()+"</ul>\n</html>\n"))
}
