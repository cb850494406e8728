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

// The operator's own looks: a colour that is far too light for a white page,
// and a logo.
var (
	ownAccent, _, _ = static.Accent("#ffcc00")
	ownLogo, _      = static.Logo([]byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle fill="#0a7d5a" cx="20" cy="20" r="20"/></svg>`))
	staticFiles     = static.Handler(ownAccent, ownLogo)
)

// gallery has every state of every page, for eyes and for browsers: the
// samples, and what is as long, as much or as foreign as it can be.
func gallery() []sample { return append(samples(), extremes()...) }

// extremes are the states that break out of their boxes first.
func extremes() []sample {
	longest := strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 3) + "example"
	arabic, emoji := "خدمة الحسابات الآمنة", "Zwei Schritte 🔐 für die große Familie, ihre Freunde und Nachbarn"
	digits := auth.Phone{ID: "digits", Number: "+999123456789012345"[:16], VerifiedAt: now, ReservedAt: now, Default: true}
	manyPhones := []auth.Phone{digits}
	for i := range 9 {
		manyPhones = append(manyPhones, auth.Phone{ID: auth.PhoneID(fmt.Sprint("p", i)), Number: fmt.Sprintf("+44207946%04d", i), VerifiedAt: now, ReservedAt: now})
	}
	called := func(f Page, name string) Page { f.Product = name; return f }
	by := func(f Page) Page { f.Account = longest; return f }
	sms := auth.Method{Kind: auth.PhoneCode, Phone: digits}
	own := func(f Page) Page { f.Branding = Branding{ownAccent.URL, ownLogo.URL}; return f }

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
			Type: auth.EventTypes[i%len(auth.EventTypes)], At: now.Add(-time.Duration(i) * time.Hour), Factor: auth.PhoneCode, Number: digits.Number,
			Email: longest, Left: 10, IP: "2001:db8:4a2f:91c0:5d3e:77ab:10f2:cc41", UserAgent: safari,
		})
	}
	uri := "otpauth://totp/" + strings.Repeat("%F0%9F%94%90", 20) + ":" + longest + "?secret=" + sampleKey + "&issuer=" + strings.Repeat("%F0%9F%94%90", 20)
	waiting := auth.EmailEnrolment{Use: auth.ForSignIn, Email: auth.Email{Typed: longest}, Code: sentCode}

	return []sample{
		{"long_sign_in", "Sign in", SignIn(SignInPage{refusedWith(called(signedOut("/sign-in"), emoji), auth.Problem{Reason: auth.InvalidCredentials}), longest, true})},
		{"long_sign_in_arabic", "Sign in", SignIn(SignInPage{called(signedOut("/sign-in"), arabic), "", true})},
		{"long_name_in_one_word", "Sign in", SignIn(SignInPage{called(signedOut("/sign-in"), strings.Repeat("W", 64)), "", true})},
		{"own_sign_in", "Sign in", SignIn(SignInPage{own(saying(signedOut("/sign-in"), NoticeSignInFirst)), "", true})},
		{"own_account", "Account", Account(AccountPage{own(signedIn("/account")), having(auth.Factors{}, allKinds...)})},
		{"own_sessions", "Active devices", Sessions(SessionsPage{own(signedIn("/account/sessions")), devices[:2]})},
		{"long_verify_email", "Verify your email", VerifyEmail(VerifyEmailPage{called(signedOut("/sign-up"), arabic), longest, sentCode})},
		{"long_verify_account", "Verify your account", VerifyAccount(VerifyAccountPage{
			Page: called(signedOut("/sign-in"), emoji), Email: longest, Method: sms, Others: []auth.Method{{Kind: auth.TOTPCode}, sms, sms, sms}, BackupCodes: true, Code: sentCode,
		})},
		{"long_account", "Account", Account(AccountPage{by(called(signedIn("/account"), arabic)), everything})},
		{"long_manage_mfa", "User MFA Settings", ManageMFA(ManageMFAPage{by(called(signedIn("/account/manage-mfa"), emoji)), having(auth.Factors{TOTP: sampleTOTP, Phones: manyPhones, BackupCodes: 10}, allKinds...)})},
		{"long_add_totp", "Add TOTP MFA", AddTOTP(AddTOTPPage{Page: by(called(signedIn("/account/manage-mfa/add"), emoji)), URI: uri, Key: sampleKey})},
		{"long_add_totp_uri", "Add TOTP MFA", AddTOTP(AddTOTPPage{Page: by(called(signedIn("/account/manage-mfa/add"), arabic)), URI: uri, Key: sampleKey, ShowURI: true, Replaces: true})},
		{"long_backup_codes", "Backup codes", BackupCodes(BackupCodesPage{by(called(signedIn("/account/manage-mfa/backup-codes"), arabic)), ten, false})},
		{"long_phone_remove", "Remove phone number", Phone(PhonePage{Page: by(signedIn("/account/manage-mfa/phones/digits/remove")), Phone: digits, Action: PhoneRemove, Last: true})},
		{"long_verify_phone", "Verify phone", VerifyPhone(VerifyPhonePage{by(signedIn("/account/add-phone")), digits.Number, "GB", sentCode})},
		{"long_email", "Email address", Email(EmailPage{Page: by(signedIn("/account/email")), Addresses: auth.Emails{SignIn: longest, Notices: longest, Pending: &waiting}})},
		{"long_new_password", "Set a new password", NewPassword(NewPasswordPage{signedOut("/forgot-password"), longest, 15})},
		{"long_delete", "Delete account", Delete(DeletePage{by(signedIn("/account/delete"))})},
		{"long_stop_email", "Stop the change of your email address", StopEmailChange(StopEmailChangePage{by(signedIn("/account/email/stop")), longest})},
		{"long_sessions", "Active devices", Sessions(SessionsPage{by(signedIn("/account/sessions")), devices})},
		{"long_activity", "Activity", Activity(ActivityPage{by(called(signedIn("/account/activity"), arabic)), events, "older", auth.ActivityRetention})},
	}
}

// TestGallery writes every state to a folder with an index: make gallery.
func TestGallery(t *testing.T) {
	if *galleryFolder == "" {
		t.Skip("only where -gallery names a folder")
	}
	writeGallery(t, *galleryFolder)
}

var staticFile = regexp.MustCompile(`"/(static/[^"]+)"`)

// writeGallery makes pages that a browser can open from the disk.
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
