package views

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/a-h/templ"

	"twostep/auth"
)

// now is when every sample page is shown.
var now = time.Date(2026, 5, 2, 14, 4, 0, 0, time.UTC)

// What the samples show.
var (
	sampleURI  = "otpauth://totp/Twostep:ann%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Twostep&algorithm=SHA1&digits=6&period=30"
	sampleKey  = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	homePhone  = auth.Phone{ID: "home", Number: "+14155554242", VerifiedAt: now.AddDate(0, -2, 0), ReservedAt: now.AddDate(0, -2, 0), Default: true}
	workPhone  = auth.Phone{ID: "work", Number: "+442079460958", VerifiedAt: now.AddDate(0, -1, 0), ReservedAt: now.AddDate(0, -1, 0)}
	sparePhone = auth.Phone{ID: "spare", Number: "+493012345678", VerifiedAt: now.AddDate(0, 0, -3)}
	sampleTOTP = &auth.TOTP{AddedAt: now.AddDate(0, -3, 0), LastUsedAt: now.Add(-26 * time.Hour)}
	everything = auth.Factors{TOTP: sampleTOTP, Phones: []auth.Phone{homePhone, workPhone, sparePhone}, BackupCodes: 7}
	sentCode   = &auth.SentCode{To: "+14155554242", SentAt: now, ExpiresAt: now.Add(10 * time.Minute)}
	ten        = []string{
		"a2b3-c4d5-e6f7-g8h9", "k2m3-n4p5-q6r7-s8t9", "u2v3-w4x5-y6z7-a8b9", "c2d3-e4f5-g6h7-j8k9", "m2n3-p4q5-r6s7-t8u9",
		"v2w3-x4y5-z6a7-b8c9", "d2e3-f4g5-h6j7-k8m9", "n2p3-q4r5-s6t7-u8v9", "w2x3-y4z5-a6b7-c8d9", "e2f3-g4h5-j6k7-m8n9",
	}
)

func signedOut(action string) Frame {
	return Frame{Product: "Twostep", Token: "form-token", Action: action, Now: now}
}

func signedIn(action string) Frame {
	f := signedOut(action)
	f.Account = "ann@example.com"
	return f
}

func refusedWith(f Frame, p auth.Problem) Frame {
	f.Problem = &p
	return f
}

func saying(f Frame, n Notice) Frame {
	f.Notice = n
	return f
}

// A sample is one page as somebody may see it.
type sample struct {
	name string
	h1   string
	page templ.Component
}

// samples has every page, in the states that look different.
func samples() []sample {
	const (
		signIn = "/sign-in?next=%2Faccount"
		manage = "/account/manage-mfa"
		add    = "/account/manage-mfa/add"
	)
	app, sms := auth.Method{Kind: auth.TOTPCode}, auth.Method{Kind: auth.PhoneCode, Phone: homePhone}
	wrongCode := auth.Problem{Reason: auth.TOTPWrong, Field: "code"}
	all := []sample{
		{"sign_up", "Sign up", SignUp(SignUpPage{signedOut("/sign-up"), "", 15})},
		{"sign_up_refused", "Sign up", SignUp(SignUpPage{refusedWith(signedOut("/sign-up"), auth.Problem{Reason: auth.PasswordShort, Field: "password", Limit: 15}), "ann@example.com", 15})},
		{"verify_email", "Verify your email", VerifyEmail(VerifyEmailPage{signedOut("/sign-up"), "ann@example.com", sentCode})},
		{"verify_email_none", "Verify your email", VerifyEmail(VerifyEmailPage{refusedWith(signedOut("/sign-up"), auth.Problem{Reason: auth.TooManySent, Wait: 25 * time.Second}), "ann@example.com", nil})},
		{"sign_in", "Sign in", SignIn(SignInPage{saying(signedOut(signIn), NoticeSignInFirst), "", true})},
		{"sign_in_closed", "Sign in", SignIn(SignInPage{signedOut(signIn), "", false})},
		{"sign_in_refused", "Sign in", SignIn(SignInPage{refusedWith(signedOut(signIn), auth.Problem{Reason: auth.SignInWrong}), "ann@example.com", true})},
		{"sign_in_wait", "Sign in", SignIn(SignInPage{refusedWith(signedOut(signIn), auth.Problem{Reason: auth.TooManyTries, Wait: 4 * time.Minute}), "ann@example.com", true})},
		{"verify_account_app", "Verify your account", VerifyAccount(VerifyAccountPage{
			Frame: signedOut(signIn), Email: "ann@example.com", Method: app, Others: []auth.Method{sms}, BackupCodes: true,
		})},
		{"verify_account_app_alone", "Verify your account", VerifyAccount(VerifyAccountPage{Frame: signedOut(signIn), Email: "ann@example.com", Method: app})},
		{"verify_account_refused", "Verify your account", VerifyAccount(VerifyAccountPage{
			Frame: refusedWith(signedOut(signIn), wrongCode), Email: "ann@example.com", Method: app, BackupCodes: true, Ticked: true,
		})},
		{"verify_account_sms", "Verify your account", VerifyAccount(VerifyAccountPage{
			Frame: saying(signedOut(signIn), NoticeCodeSent), Email: "ann@example.com", Method: sms, Others: []auth.Method{app}, Code: sentCode,
		})},
		{"verify_account_sms_none", "Verify your account", VerifyAccount(VerifyAccountPage{Frame: signedOut(signIn), Email: "ann@example.com", Method: sms})},
		{"verify_account_switched_off", "Verify your account", VerifyAccount(VerifyAccountPage{Frame: signedOut(signIn), Email: "ann@example.com", BackupCodes: true})},
		{"account", "Account", Account(AccountPage{signedIn("/account"), everything})},
		{"account_off", "Account", Account(AccountPage{saying(signedIn("/account"), NoticeSignedUp), auth.Factors{}})},
		{"manage_mfa", "User MFA Settings", ManageMFA(ManageMFAPage{saying(signedIn(manage), NoticePhoneReserved), everything})},
		{"manage_mfa_empty", "User MFA Settings", ManageMFA(ManageMFAPage{signedIn(manage), auth.Factors{}})},
		{"manage_mfa_unseen", "User MFA Settings", ManageMFA(ManageMFAPage{signedIn(manage), auth.Factors{
			TOTP: &auth.TOTP{AddedAt: now}, BackupCodes: 10, CodesUnseen: true,
		}})},
		{"add_totp", "Add TOTP MFA", AddTOTP(AddTOTPPage{Frame: signedIn(add), URI: sampleURI, Key: sampleKey})},
		{"add_totp_uri", "Add TOTP MFA", AddTOTP(AddTOTPPage{Frame: signedIn(add + "?format=uri"), URI: sampleURI, Key: sampleKey, ShowURI: true, Replaces: true})},
		{"verify_totp", "Verify TOTP", VerifyTOTP(VerifyTOTPPage{signedIn(add)})},
		{"verify_totp_refused", "Verify TOTP", VerifyTOTP(VerifyTOTPPage{refusedWith(signedIn(add), wrongCode)})},
		{"backup_codes_enrolling", "Backup codes", BackupCodes(BackupCodesPage{signedIn(add), ten, true})},
		{"backup_codes", "Backup codes", BackupCodes(BackupCodesPage{signedIn(manage + "/backup-codes"), ten, false})},
		{"totp_success", "Success!", TOTPSuccess(TOTPSuccessPage{signedIn(add)})},
		{"remove_totp", "Remove two-step verification", RemoveTOTP(RemoveTOTPPage{signedIn(manage + "/remove-totp"), false, 7})},
		{"remove_totp_last", "Remove two-step verification", RemoveTOTP(RemoveTOTPPage{signedIn(manage + "/remove-totp"), true, 7})},
		{"generate_codes", "Generate new backup codes", GenerateCodes(GenerateCodesPage{signedIn(manage + "/backup-codes"), 2})},
		{"phone_use", "Use phone number for MFA", Phone(PhonePage{Frame: signedIn(manage + "/phones/spare/use"), Phone: sparePhone, Act: PhoneUse, First: true})},
		{"phone_disable", "Disable phone number for MFA", Phone(PhonePage{Frame: signedIn(manage + "/phones/home/disable"), Phone: homePhone, Act: PhoneDisable, Last: true})},
		{"phone_remove", "Remove phone number", Phone(PhonePage{Frame: signedIn(manage + "/phones/spare/remove"), Phone: sparePhone, Act: PhoneRemove})},
		{"phone_remove_last", "Remove phone number", Phone(PhonePage{Frame: signedIn(manage + "/phones/home/remove"), Phone: homePhone, Act: PhoneRemove, Last: true})},
		{"add_phone", "Add phone", AddPhone(AddPhonePage{signedIn("/account/add-phone"), ""})},
		{"add_phone_refused", "Add phone", AddPhone(AddPhonePage{refusedWith(signedIn("/account/add-phone"), auth.Problem{Reason: auth.PhoneInvalid, Field: "phone"}), "12"})},
		{"verify_phone", "Verify phone", VerifyPhone(VerifyPhonePage{signedIn("/account/add-phone"), "+14155554242", "US", sentCode})},
		{"verify_phone_none", "Verify phone", VerifyPhone(VerifyPhonePage{signedIn("/account/add-phone"), "+14155554242", "", nil})},
		{"phone_added", "Phone added", PhoneAdded(PhoneAddedPage{signedIn("/account/add-phone"), sparePhone})},
	}
	for _, t := range []Trouble{TroubleNotFound, TroubleForged, TroubleTooLarge, TroubleMethod, TroubleFault, TroubleBusy} {
		p := TroublePage{Frame: signedOut("/somewhere"), Trouble: t}
		if t == TroubleFault {
			p.RequestID = "req-1"
		}
		h1, _ := p.words()
		all = append(all, sample{"trouble_" + string(t), h1, ShowTrouble(p)})
	}
	return all
}

func render(t *testing.T, page templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
