package views

import (
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// faring is a code whose message fares so.
func faring(d auth.Delivery) *auth.SentCode {
	return &auth.SentCode{To: "+14155554242", SentAt: now, ExpiresAt: now.Add(10 * time.Minute), Delivery: d}
}

// deliveries are the pages that ask for a code which has not gone yet, or never will.
func deliveries(app, sms auth.Method) []sample {
	second := func(others []auth.Method, backupCodes bool, code *auth.SentCode) VerifyAccountPage {
		return VerifyAccountPage{
			Frame: signedOut("/sign-in?next=%2Faccount"), Email: "ann@example.com", Method: sms, Others: others, BackupCodes: backupCodes, Code: code,
		}
	}
	looking := func(f Frame) Frame { f.Reloading = true; return f }
	alone := second(nil, false, lateCode)
	alone.Frame = looking(alone.Frame)
	waiting := auth.EmailEnrolment{Use: auth.ForSignIn, Email: auth.Email{Typed: "new@example.com", Key: "new@example.com"}, Code: lateCode}
	return []sample{
		{"verify_account_open", "Verify your account", VerifyAccount(second([]auth.Method{app}, true, openCode))},
		{"verify_account_late", "Verify your account", VerifyAccount(second([]auth.Method{app}, true, lateCode))},
		{"verify_account_late_alone", "Verify your account", VerifyAccount(alone)},
		{"verify_account_dead", "Verify your account", VerifyAccount(second([]auth.Method{app}, false, deadCode))},
		{"reauth_late", "Verification required", Reverify(ReverifyPage{
			Frame: signedIn("/account/verify?next=%2Faccount%2Fpassword"), Step: auth.StepMFA, Email: "ann@example.com", Method: sms, BackupCodes: true, Code: lateCode,
		})},
		{"verify_email_late", "Verify your email", VerifyEmail(VerifyEmailPage{looking(signedOut("/sign-up")), "ann@example.com", lateCode})},
		{"check_email_late", "Check your email", CheckEmail(CheckEmailPage{looking(signedOut("/forgot-password")), "ann@example.com", faring(auth.Delivery{Stalled: true})})},
		{"verify_phone_dead", "Verify phone", VerifyPhone(VerifyPhonePage{signedIn("/account/add-phone"), "+14155554242", "US", deadCode})},
		{"email_late", "Email address", Email(EmailPage{Frame: signedIn("/account/email"), Addresses: auth.Emails{SignIn: "ann@example.com", Pending: &waiting}})},
	}
}

// TestSecondFactor_Instead: who gets no code is told of what else they have,
// and of nothing they have not (SM-09).
func TestSecondFactor_Instead(t *testing.T) {
	other := []auth.Method{{Kind: auth.TOTPCode}}
	for _, row := range []struct {
		s                      secondFactor
		another, backup, later bool
	}{
		{secondFactor{Others: other, BackupCodes: true}, true, true, false},
		{secondFactor{Others: other}, true, false, false},
		{secondFactor{BackupCodes: true}, false, true, true},
		{secondFactor{}, false, false, true},
	} {
		said := strings.ToLower(row.s.instead())
		for words, want := range map[string]bool{"another way": row.another, "backup code": row.backup, "later": row.later} {
			if strings.Contains(said, words) != want {
				t.Errorf("others %d, backup codes %v: %q", len(row.s.Others), row.s.BackupCodes, said)
			}
		}
	}
}
