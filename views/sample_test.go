package views

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"twostep/auth"
)

// now is the time at which every sample is shown.
var now = time.Date(2026, 5, 2, 14, 4, 0, 0, time.UTC)

// What the samples show.
var (
	sampleURI    = "otpauth://totp/Twostep:ann%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Twostep"
	sampleKey    = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	homePhone    = auth.Phone{ID: "home", Number: "+14155554242", VerifiedAt: now.AddDate(0, -2, 0), ReservedAt: now.AddDate(0, -2, 0), Default: true}
	workPhone    = auth.Phone{ID: "work", Number: "+442079460958", VerifiedAt: now.AddDate(0, -1, 0), ReservedAt: now.AddDate(0, -1, 0)}
	sparePhone   = auth.Phone{ID: "spare", Number: "+493012345678", VerifiedAt: now.AddDate(0, 0, -3)}
	sampleTOTP   = &auth.TOTP{AddedAt: now.AddDate(0, -3, 0), LastUsedAt: now.Add(-26 * time.Hour)}
	everything   = having(auth.Factors{TOTP: sampleTOTP, Passkeys: []auth.Passkey{synced}, Phones: []auth.Phone{homePhone, workPhone, sparePhone}, BackupCodes: 7}, allKinds...)
	allKinds     = []auth.FactorKind{auth.PasskeyPresent, auth.TOTPCode, auth.PhoneCode, auth.BackupCode}
	sentCode     = codeWith(auth.Delivery{SentAt: now})
	pendingCode  = codeWith(auth.Delivery{})
	delayedCode  = codeWith(auth.Delivery{Failures: 2})
	rejectedCode = codeWith(auth.Delivery{Failures: 1, RejectedAt: now})
	ten          = []string{
		"a2b3-c4d5-e6f7-g8h9", "k2m3-n4p5-q6r7-s8t9", "u2v3-w4x5-y6z7-a8b9", "c2d3-e4f5-g6h7-j8k9", "m2n3-p4q5-r6s7-t8u9",
		"v2w3-x4y5-z6a7-b8c9", "d2e3-f4g5-h6j7-k8m9", "n2p3-q4r5-s6t7-u8v9", "w2x3-y4z5-a6b7-c8d9", "e2f3-g4h5-j6k7-m8n9",
	}
)

// User-Agent headers.
const (
	firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	safari  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	chrome  = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
)

// having returns the factors of an account on a site that allows these kinds. Only
// auth.Rules can set what is allowed.
func having(f auth.Factors, allowed ...auth.FactorKind) auth.Factors {
	rules := auth.New(nil, auth.Keyring{}, nil, auth.Policy{Factors: allowed}, time.Now)
	has, err := rules.Factors(context.Background(), "")
	if err != nil {
		panic(err)
	}
	has.TOTP, has.Passkeys, has.Phones, has.BackupCodes, has.CodesUnseen = f.TOTP, f.Passkeys, f.Phones, f.BackupCodes, f.CodesUnseen
	return has
}

func signedOut(url string) Page {
	return Page{Product: "Twostep", Host: "id.example.org", Token: "form-token", URL: url, Now: now}
}

func signedIn(url string) Page {
	p := signedOut(url)
	p.Account = "ann@example.com"
	return p
}

func refusedWith(p Page, problem auth.Problem) Page {
	p.Problem = &problem
	return p
}

func withNotice(p Page, n Notice) Page {
	p.Notice = n
	return p
}

// A sample is a page in one state.
type sample struct {
	name string
	h1   string
	page templ.Component
}

// samples returns every page in every state that looks different.
func samples() []sample {
	const (
		signIn = "/sign-in?next=%2Faccount"
		manage = "/account/manage-mfa"
		add    = "/account/manage-mfa/add"
	)
	app, sms := auth.Method{Factor: auth.TOTPCode}, auth.Method{Factor: auth.PhoneCode, Phone: homePhone}
	wrongCode := auth.Problem{Reason: auth.TOTPWrong, Field: "code"}
	all := []sample{
		{"sign_up", "Sign up", SignUp(SignUpPage{Page: signedOut("/sign-up"), PasswordMin: 15})},
		{"sign_up_domains", "Sign up", SignUp(SignUpPage{Page: signedOut("/sign-up"), PasswordMin: 15, Domains: []string{"acme.example", "acme.test"}})},
		{"sign_up_refused", "Sign up", SignUp(SignUpPage{refusedWith(signedOut("/sign-up"), auth.Problem{Reason: auth.PasswordShort, Field: "password", Limit: 15}), "ann@example.com", 15, nil, false})},
		{"verify_email", "Verify your email", VerifyEmail(VerifyEmailPage{signedOut("/sign-up"), "ann@example.com", sentCode})},
		{"verify_email_no_code", "Verify your email", VerifyEmail(VerifyEmailPage{refusedWith(signedOut("/sign-up"), auth.Problem{Reason: auth.TooManyCodes, Wait: 25 * time.Second}), "ann@example.com", nil})},
		{"sign_in", "Sign in", SignIn(signInWith(withNotice(signedOut(signIn), NoticeSignInFirst), ""))},
		{"sign_in_plain", "Sign in", SignIn(signInWith(signedOut("/sign-in"), ""))},
		{"sign_in_no_sign_up", "Sign in", SignIn(SignInPage{Page: signedOut(signIn)})},
		{"sign_in_refused", "Sign in", SignIn(signInWith(refusedWith(signedOut(signIn), auth.Problem{Reason: auth.InvalidCredentials, Field: "password"}), "ann@example.com"))},
		{"sign_in_wait", "Sign in", SignIn(SignInPage{Page: refusedWith(signedOut(signIn), auth.Problem{Reason: auth.TooManyAttempts, Wait: 4 * time.Minute}), Email: "ann@example.com", SignUpOpen: true})},
		{"sign_in_for_app", "Sign in", SignIn(SignInPage{Page: signedOut(signIn), Email: "ann@example.com", SignUpOpen: true, App: "Team wiki"})},
		{"verify_account_app", "Verify your account", VerifyAccount(VerifyAccountPage{
			Page: signedOut(signIn), SecondFactor: SecondFactor{Email: "ann@example.com", Method: app, Others: []auth.Method{sms}, BackupCodes: true},
		})},
		{"verify_account_remember", "Verify your account", VerifyAccount(VerifyAccountPage{
			Page: signedOut(signIn), SecondFactor: SecondFactor{Email: "ann@example.com", Method: app, BackupCodes: true, Remember: Remember{For: auth.RememberDeviceMax}},
		})},
		{"verify_account_backup", "Verify your account", VerifyAccount(VerifyAccountPage{
			Page: signedOut(signIn), SecondFactor: SecondFactor{Email: "ann@example.com", Method: app, Others: []auth.Method{sms}, BackupCodes: true, BackupCodeChecked: true},
		})},
		{"verify_account_app_only", "Verify your account", VerifyAccount(VerifyAccountPage{Page: signedOut(signIn), SecondFactor: SecondFactor{Email: "ann@example.com", Method: app}})},
		{"verify_account_refused", "Verify your account", VerifyAccount(VerifyAccountPage{
			Page: refusedWith(signedOut(signIn), auth.Problem{Reason: auth.BackupCodeWrong, Field: "code"}), SecondFactor: SecondFactor{Email: "ann@example.com", Method: app, BackupCodes: true, BackupCodeChecked: true},
		})},
		{"verify_account_sms", "Verify your account", VerifyAccount(VerifyAccountPage{
			Page: withNotice(signedOut(signIn), NoticeCodeSent), SecondFactor: SecondFactor{Email: "ann@example.com", Method: sms, Others: []auth.Method{app}, Code: sentCode},
		})},
		{"verify_account_sms_no_code", "Verify your account", VerifyAccount(VerifyAccountPage{Page: signedOut(signIn), SecondFactor: SecondFactor{Email: "ann@example.com", Method: sms}})},
		{"verify_account_turned_off", "Verify your account", VerifyAccount(VerifyAccountPage{Page: signedOut(signIn), SecondFactor: SecondFactor{Email: "ann@example.com", BackupCodes: true}})},
		{"verify_account_unavailable", "Verify your account", VerifyAccount(VerifyAccountPage{Page: signedOut(signIn), SecondFactor: SecondFactor{Email: "ann@example.com"}})},
		{"account", "Account", Account(AccountPage{signedIn("/account"), "Ann Example", everything})},
		{"account_off", "Account", Account(AccountPage{signedIn("/account"), "", having(auth.Factors{}, allKinds...)})},
		{"account_few_codes", "Account", Account(AccountPage{signedIn("/account"), "", having(auth.Factors{TOTP: sampleTOTP, BackupCodes: 2}, allKinds...)})},
		{"account_no_codes", "Account", Account(AccountPage{signedIn("/account"), "", having(auth.Factors{TOTP: sampleTOTP}, allKinds...)})},
		{"account_unsaved_codes", "Account", Account(AccountPage{signedIn("/account"), "", having(auth.Factors{TOTP: sampleTOTP, BackupCodes: 10, CodesUnseen: true}, allKinds...)})},
		{"account_codes_turned_off", "Account", Account(AccountPage{signedIn("/account"), "", having(auth.Factors{TOTP: sampleTOTP}, auth.TOTPCode)})},
		{"manage_mfa", "User MFA Settings", ManageMFA(ManageMFAPage{withNotice(signedIn(manage), NoticePhoneReserved(homePhone.Number)), everything})},
		{"manage_mfa_empty", "User MFA Settings", ManageMFA(ManageMFAPage{signedIn(manage), having(auth.Factors{}, allKinds...)})},
		{"manage_mfa_unsaved_codes", "User MFA Settings", ManageMFA(ManageMFAPage{signedIn(manage), having(auth.Factors{
			TOTP: &auth.TOTP{AddedAt: now}, BackupCodes: 10, CodesUnseen: true,
		}, allKinds...)})},
		{"manage_mfa_app_only", "User MFA Settings", ManageMFA(ManageMFAPage{signedIn(manage), having(auth.Factors{}, auth.TOTPCode)})},
		{"manage_mfa_turned_off", "User MFA Settings", ManageMFA(ManageMFAPage{signedIn(manage), having(everything)})},
		{"add_totp", "Add TOTP MFA", AddTOTP(AddTOTPPage{Page: signedIn(add), URI: sampleURI, Key: sampleKey})},
		{"add_totp_uri", "Add TOTP MFA", AddTOTP(AddTOTPPage{Page: signedIn(add + "?format=uri"), URI: sampleURI, Key: sampleKey, ShowURI: true, Replaces: true})},
		{"verify_totp", "Verify TOTP", VerifyTOTP(VerifyTOTPPage{signedIn(add)})},
		{"verify_totp_refused", "Verify TOTP", VerifyTOTP(VerifyTOTPPage{refusedWith(signedIn(add), wrongCode)})},
		{"backup_codes_enrolling", "Backup codes", BackupCodes(BackupCodesPage{signedIn(add), ten, true})},
		{"backup_codes", "Backup codes", BackupCodes(BackupCodesPage{signedIn(manage + "/backup-codes"), ten, false})},
		{"totp_success", "Success!", TOTPSuccess(TOTPSuccessPage{Page: signedIn(add)})},
		{"totp_success_continue", "Success!", TOTPSuccess(TOTPSuccessPage{signedIn(add), "/account/activity"})},
		{"remove_totp", "Remove two-step verification", RemoveTOTP(RemoveTOTPPage{signedIn(manage + "/remove-totp"), false, 7, false})},
		{"remove_totp_keep", "Remove two-step verification", RemoveTOTP(RemoveTOTPPage{Page: signedIn(manage + "/remove-totp"), Last: true, Keep: true})},
		{"phone_remove_keep", "Remove phone number", Phone(PhonePage{Page: signedIn(manage + "/phones/home/remove"), Phone: homePhone, Action: PhoneRemove, Last: true, Keep: true})},
		{"remove_totp_last", "Remove two-step verification", RemoveTOTP(RemoveTOTPPage{signedIn(manage + "/remove-totp"), true, 7, false})},
		{"generate_codes", "Generate new backup codes", GenerateCodes(GenerateCodesPage{signedIn(manage + "/backup-codes"), 2})},
		{"phone_use", "Use phone number for MFA", Phone(PhonePage{Page: signedIn(manage + "/phones/spare/use"), Phone: sparePhone, Action: PhoneUse, First: true})},
		{"phone_disable", "Disable phone number for MFA", Phone(PhonePage{Page: signedIn(manage + "/phones/home/disable"), Phone: homePhone, Action: PhoneDisable, Last: true})},
		{"phone_remove", "Remove phone number", Phone(PhonePage{Page: signedIn(manage + "/phones/spare/remove"), Phone: sparePhone, Action: PhoneRemove})},
		{"phone_remove_last", "Remove phone number", Phone(PhonePage{Page: signedIn(manage + "/phones/home/remove"), Phone: homePhone, Action: PhoneRemove, Last: true})},
		{"add_phone", "Add phone", AddPhone(AddPhonePage{signedIn("/account/add-phone"), "", true})},
		{"add_phone_refused", "Add phone", AddPhone(AddPhonePage{refusedWith(signedIn("/account/add-phone"), auth.Problem{Reason: auth.PhoneInvalid, Field: "phone"}), "12", false})},
		{"verify_phone", "Verify phone", VerifyPhone(VerifyPhonePage{signedIn("/account/add-phone"), "+14155554242", "US", sentCode})},
		{"verify_phone_no_code", "Verify phone", VerifyPhone(VerifyPhonePage{signedIn("/account/add-phone"), "+14155554242", "", nil})},
		{"phone_added", "Phone added", PhoneAdded(PhoneAddedPage{signedIn("/account/add-phone"), sparePhone})},
	}
	all = append(all, passkeySamples(app, sms)...)
	all = append(all, deliverySamples(app, sms)...)
	all = append(all, passwordSamples(app, sms)...)
	all = append(all, accountSamples()...)
	all = append(all, appSamples()...)
	all = append(all, adminSamples()...)
	all = append(all, recoverySamples()...)
	all = append(all, adminAppSamples()...)
	all = append(all, accessSamples()...)
	for _, kind := range []ErrorKind{ErrorFormExpired, ErrorNotFound, ErrorSignUpClosed, ErrorMethodNotAllowed, ErrorTooLarge, ErrorInternal, ErrorBusy} {
		p := ErrorPage{Page: signedOut("/somewhere"), Kind: kind, RequestID: "req-1"}
		h1, _ := p.text()
		all = append(all, sample{"error_" + string(kind), h1, ShowError(p)})
	}
	return all
}

// passwordSamples are the pages of re-authentication, password reset and change.
func passwordSamples(app, sms auth.Method) []sample {
	const (
		verify   = "/account/verify?next=%2Faccount%2Fpassword"
		forgot   = "/forgot-password"
		password = "/account/password"
	)
	wrongCurrent := auth.Problem{Reason: auth.CurrentPasswordWrong, Field: "current"}
	short := auth.Problem{Reason: auth.PasswordShort, Field: "password", Limit: 15}
	reauth := func(p Page, step auth.Step) ReauthPage {
		return ReauthPage{Page: p, Step: step, SecondFactor: SecondFactor{Email: "ann@example.com"}, Cancel: "/account"}
	}
	byApp, bySMS, wrong := reauth(signedIn(verify), auth.StepMFA), reauth(signedIn(verify), auth.StepMFA), reauth(refusedWith(signedIn(verify), auth.Problem{Reason: auth.TOTPWrong, Field: "code"}), auth.StepMFA)
	byApp.Method, byApp.Others, byApp.BackupCodes = app, []auth.Method{sms}, true
	bySMS.Method, bySMS.Others = sms, []auth.Method{app}
	wrong.Method = app
	return []sample{
		{"reauth_password", "Verification required", Reauth(reauth(signedIn(verify), auth.StepPassword))},
		{"reauth_password_refused", "Verification required", Reauth(reauth(refusedWith(signedIn(verify), auth.Problem{Reason: auth.CurrentPasswordWrong, Field: "password"}), auth.StepPassword))},
		{"reauth_app", "Verification required", Reauth(byApp)},
		{"reauth_refused", "Verification required", Reauth(wrong)},
		{"reauth_sms", "Verification required", Reauth(bySMS)},
		{"reauth_unavailable", "Verification required", Reauth(reauth(signedIn(verify), auth.StepMFA))},
		{"setup_mfa", "Set up two-step verification", SetupMFA(SetupMFAPage{Page: signedIn("/account/setup-mfa"), TOTP: true, SMS: true})},
		{"setup_mfa_sms", "Set up two-step verification", SetupMFA(SetupMFAPage{Page: signedIn("/account/setup-mfa"), SMS: true})},
		{"handover", "Continue to wiki.example.org", Handover(HandoverPage{
			Page: signedIn("/account/handover"), Host: "wiki.example.org", Next: "https://wiki.example.org/.twostep/callback?code=abc",
		})},
		{"no_access", "No access to wiki.example.org", NoAccess(HandoverPage{Page: signedIn("/account/handover"), Host: "wiki.example.org"})},
		{"setup_mfa_unsaved_codes", "Set up two-step verification", SetupMFA(SetupMFAPage{Page: signedIn("/account/setup-mfa"), TOTP: true, SMS: true, CodesUnseen: true})},
		{"profile", "Profile", Profile(ProfilePage{signedIn("/account/profile"), "Ann Example"})},
		{"profile_refused", "Profile", Profile(ProfilePage{refusedWith(signedIn("/account/profile"), auth.Problem{Reason: auth.NameLong, Field: "name", Limit: auth.NameMax}), "Ann"})},
		{"forgot_password", "Reset your password", ForgotPassword(ForgotPasswordPage{signedOut(forgot), ""})},
		{"forgot_password_refused", "Reset your password", ForgotPassword(ForgotPasswordPage{refusedWith(signedOut(forgot), auth.Problem{Reason: auth.EmailInvalid, Field: "email"}), "ann@"})},
		{"check_email", "Check your email", CheckEmail(CheckEmailPage{signedOut(forgot), "ann@example.com", sentCode})},
		{"check_email_no_code", "Check your email", CheckEmail(CheckEmailPage{refusedWith(signedOut(forgot), auth.Problem{Reason: auth.CodeExpired, Field: "code"}), "ann@example.com", nil})},
		{"sign_up_invited", "Sign up", SignUp(SignUpPage{Page: signedOut("/invitation?token=abc"), Email: "ann@example.com", PasswordMin: 15, Invited: true})},
		{"invitation", "Set a new password", NewPassword(NewPasswordPage{signedOut("/invitation?token=abc"), "ann@example.com", 15, true})},
		{"new_password", "Set a new password", NewPassword(NewPasswordPage{signedOut(forgot), "ann@example.com", 15, false})},
		{"new_password_refused", "Set a new password", NewPassword(NewPasswordPage{refusedWith(signedOut(forgot), short), "ann@example.com", 15, false})},
		{"password", "Password", Password(PasswordPage{signedIn(password), 15, false, true})},
		{"password_refused", "Password", Password(PasswordPage{refusedWith(signedIn(password), wrongCurrent), 15, false, false})},
		{"password_must_change", "Password", Password(PasswordPage{signedIn(password), 15, true, true})},
	}
}

// accountSamples are the pages of the account other than those of its factors.
func accountSamples() []sample {
	const (
		email    = "/account/email"
		stop     = "/account/email/stop?token=stop-token"
		sessions = "/account/sessions"
	)
	plain := auth.Emails{SignIn: "ann@example.com"}
	second := auth.Emails{SignIn: "ann@example.com", Notices: "ann@example.net"}
	pending := auth.EmailEnrolment{
		Use: auth.ForSignIn, Email: auth.Email{Typed: "new@example.com", Key: "new@example.com"}, Code: sentCode,
	}
	changing, adding := second, plain
	changing.Pending = &pending
	forAlerts := pending
	forAlerts.Use, forAlerts.Code = auth.ForNotices, nil
	adding.Pending = &forAlerts
	invalid, expired := auth.Problem{Reason: auth.EmailInvalid, Field: "email"}, auth.Problem{Reason: auth.FormExpired}

	current := auth.Session{ID: "current", CreatedAt: now.Add(-3 * time.Hour), SeenAt: now, IP: "203.0.113.9", UserAgent: firefox}
	phone := auth.Session{ID: "phone", CreatedAt: now.Add(-20 * time.Hour), SeenAt: now.Add(-25 * time.Minute), IP: "2001:db8:4a2f:91c0:5d3e:77ab:10f2:cc41", UserAgent: safari}
	script := auth.Session{ID: "script", CreatedAt: now.Add(-22 * time.Hour), SeenAt: now.Add(-40 * time.Minute)}

	events := make([]auth.Event, len(auth.EventTypes))
	for i, typ := range auth.EventTypes {
		events[i] = auth.Event{
			Type: typ, At: now.Add(-time.Duration(i) * 7 * time.Hour), Factor: auth.TOTPCode, Phone: homePhone.Number,
			Email: "new@example.com", Name: "ops", BackupCodesLeft: 6, IP: "203.0.113.9", UserAgent: []string{firefox, safari, chrome, ""}[i%4],
		}
		if strings.HasPrefix(string(typ), "operator_") || strings.HasPrefix(string(typ), "approval_") {
			events[i].Actor = auth.CommandActor
		}
	}
	idle := signedIn("/account/idle?next=%2Faccount%2Fsessions")
	return []sample{
		{"email", "Email address", Email(EmailPage{Page: signedIn(email), Addresses: plain})},
		{"email_second", "Email address", Email(EmailPage{Page: signedIn(email), Addresses: second})},
		{"email_pending", "Email address", Email(EmailPage{Page: signedIn(email), Addresses: changing})},
		{"email_pending_refused", "Email address", Email(EmailPage{Page: refusedWith(signedIn(email), auth.Problem{Reason: auth.CodeWrong, Field: "code"}), Addresses: changing})},
		{"email_pending_alerts", "Email address", Email(EmailPage{Page: signedIn(email), Addresses: adding})},
		{"email_refused", "Email address", Email(EmailPage{Page: refusedWith(signedIn(email), invalid), Addresses: plain, Email: "new@", Use: auth.ForSignIn})},
		{"email_refused_alerts", "Email address", Email(EmailPage{Page: refusedWith(signedIn(email), invalid), Addresses: adding, Email: "second@", Use: auth.ForNotices})},
		{"stop_email", "Cancel the email address change", StopEmailChange(StopEmailChangePage{Page: signedOut(stop), Email: "new@example.com"})},
		{"stop_email_made", "Cancel the email address change", StopEmailChange(StopEmailChangePage{Page: signedOut(stop), End: auth.EmailChangeEnd{Email: "new@example.com", By: auth.EmailChanged, At: now.Add(-time.Hour)}})},
		{"stop_email_expired", "Cancel the email address change", StopEmailChange(StopEmailChangePage{Page: refusedWith(signedIn(stop), expired)})},
		{"sessions", "Active devices", Sessions(SessionsPage{Page: signedIn(sessions), Sessions: []auth.Session{current, phone, script}, Apps: map[auth.SessionID][]string{"phone": {"Team wiki", "Notes"}}})},
		{"sessions_current_only", "Active devices", Sessions(SessionsPage{Page: withNotice(signedIn(sessions), NoticeSessionsEnded), Sessions: []auth.Session{current}})},
		{"sessions_remembered", "Active devices", Sessions(SessionsPage{Page: signedIn(sessions), Sessions: []auth.Session{current}, Remembered: []RememberedDevice{
			{auth.KnownDevice{ID: "here", SeenAt: now.Add(-3 * time.Hour), UserAgent: firefox}, now.Add(29 * 24 * time.Hour), true},
			{auth.KnownDevice{ID: "there", SeenAt: now.Add(-4 * 24 * time.Hour), UserAgent: safari}, now.Add(26 * 24 * time.Hour), false},
		}})},
		{"activity", "Activity", Activity(ActivityPage{signedIn("/account/activity"), events, "0001777730640000-abc", 365 * 24 * time.Hour})},
		{"activity_end", "Activity", Activity(ActivityPage{signedIn("/account/activity?before=1"), nil, "", 365 * 24 * time.Hour})},
		{"delete", "Delete account", Delete(DeletePage{signedIn("/account/delete")})},
		{"delete_refused", "Delete account", Delete(DeletePage{refusedWith(signedIn("/account/delete"), auth.Problem{Reason: auth.ConfirmationWrong, Field: "confirm"})})},
		{"idle", "Are you still there?", Idle(IdlePage{idle, now.Add(2 * time.Minute), "/account/sessions"})},
	}
}

func render(t *testing.T, page templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
