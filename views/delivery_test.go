package views

import (
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// codeWith is a code whose message has the given delivery.
func codeWith(d auth.Delivery) *auth.SentCode {
	return &auth.SentCode{To: "+14155554242", SentAt: now, ExpiresAt: now.Add(10 * time.Minute), Delivery: d}
}

// deliverySamples are the pages that ask for a code that is pending, delayed or rejected.
func deliverySamples(app, sms auth.Method) []sample {
	second := func(others []auth.Method, backupCodes bool, code *auth.SentCode) VerifyAccountPage {
		return VerifyAccountPage{
			Page: signedOut("/sign-in?next=%2Faccount"), SecondFactor: SecondFactor{Email: "ann@example.com", Method: sms, Others: others, BackupCodes: backupCodes, Code: code},
		}
	}
	refreshing := func(f Page) Page { f.AutoRefresh = true; return f }
	only := second(nil, false, delayedCode)
	only.Page = refreshing(only.Page)
	pending := auth.EmailEnrolment{Use: auth.ForSignIn, Email: auth.Email{Typed: "new@example.com", Key: "new@example.com"}, Code: delayedCode}
	return []sample{
		{"verify_account_pending", "Verify your account", VerifyAccount(second([]auth.Method{app}, true, pendingCode))},
		{"verify_account_delayed", "Verify your account", VerifyAccount(second([]auth.Method{app}, true, delayedCode))},
		{"verify_account_delayed_only", "Verify your account", VerifyAccount(only)},
		{"verify_account_rejected", "Verify your account", VerifyAccount(second([]auth.Method{app}, false, rejectedCode))},
		{"reauth_delayed", "Verification required", Reauth(ReauthPage{
			Cancel: "/account",
			Page:   signedIn("/account/verify?next=%2Faccount%2Fpassword"), Step: auth.StepMFA, SecondFactor: SecondFactor{Email: "ann@example.com", Method: sms, BackupCodes: true, Code: delayedCode},
		})},
		{"verify_email_delayed", "Verify your email", VerifyEmail(VerifyEmailPage{refreshing(signedOut("/sign-up")), "ann@example.com", delayedCode})},
		{"check_email_delayed", "Check your email", CheckEmail(CheckEmailPage{refreshing(signedOut("/forgot-password")), "ann@example.com", codeWith(auth.Delivery{Stalled: true})})},
		{"verify_phone_rejected", "Verify phone", VerifyPhone(VerifyPhonePage{signedIn("/account/add-phone"), "+14155554242", "US", rejectedCode})},
		{"email_delayed", "Email address", Email(EmailPage{Page: signedIn("/account/email"), Addresses: auth.Emails{SignIn: "ann@example.com", Pending: &pending}})},
	}
}

// TestSecondFactor_Advice checks that a user who gets no code is pointed to the
// methods they have and to no others (SM-09).
func TestSecondFactor_Advice(t *testing.T) {
	other := []auth.Method{{Factor: auth.TOTPCode}}
	for _, row := range []struct {
		s                      SecondFactor
		another, backup, later bool
	}{
		{SecondFactor{Others: other, BackupCodes: true}, true, true, false},
		{SecondFactor{Others: other}, true, false, false},
		{SecondFactor{BackupCodes: true}, false, true, true},
		{SecondFactor{}, false, false, true},
	} {
		text := strings.ToLower(row.s.advice())
		for words, want := range map[string]bool{"another method": row.another, "backup code": row.backup, "later": row.later} {
			if strings.Contains(text, words) != want {
				t.Errorf("others %d, backup codes %v: %q", len(row.s.Others), row.s.BackupCodes, text)
			}
		}
	}
}
