package oidc

import (
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// TestClaims_Session specifies acr, auth_time and amr: what the session has verified at
// which minute, and what the app has listed (OI-36).
func TestClaims_Session(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2027, 3, 1, 9, minute, 0, 0, time.UTC) }
	one := func(kind auth.FactorKind, first int) auth.Session {
		return auth.Session{FirstKind: kind, PasswordAt: at(first)}
	}
	two := func(first auth.FactorKind, firstAt int, second auth.FactorKind, secondAt int) auth.Session {
		return auth.Session{FirstKind: first, PasswordAt: at(firstAt), SecondKind: second, MFAAt: at(secondAt)}
	}
	app := two(auth.Password, 1, auth.TOTPCode, 2)
	passkey := two(auth.PasskeyVerified, 3, auth.PasskeyVerified, 3)
	synced := passkey
	synced.FirstSyncable, synced.SecondSyncable = true, true

	for _, row := range []struct {
		name     string
		session  auth.Session
		listed   string
		met      bool
		acr      string
		authTime int
		amr      string
	}{
		{"password", one(auth.Password, 1), "", true, ACROneFactor, 1, "pwd"},
		{"sign-up", one(auth.EmailCode, 1), "", true, ACROneFactor, 1, ""},
		{"app", app, "", true, ACRTwoFactors, 1, "pwd otp mfa"},
		{"phone", two(auth.Password, 1, auth.PhoneCode, 2), "", true, ACRTwoFactors, 1, "pwd sms mfa"},
		{"backup code", two(auth.Password, 1, auth.BackupCode, 2), "", true, ACRTwoFactors, 1, "pwd mfa"},
		{"sign-up, then an app", two(auth.EmailCode, 1, auth.TOTPCode, 2), "", true, ACRTwoFactors, 1, "otp mfa"},
		{"the password renewed", two(auth.Password, 5, auth.TOTPCode, 2), "", true, ACRTwoFactors, 2, "pwd otp mfa"},
		{"passkey", passkey, "", true, ACRPasskey, 3, "hwk user mfa"},
		{"synced passkey", synced, "", true, ACRPasskey, 3, "swk user mfa"},
		{"security key without a PIN", two(auth.Password, 1, auth.PasskeyPresent, 2), "", true, ACRTwoFactors, 1, "pwd hwk user mfa"},
		{"a passkey that was added", two(auth.Password, 1, auth.PasskeyVerified, 4), "", true, ACRPasskey, 4, "pwd hwk user mfa"},
		{"a passkey, then an app", two(auth.PasskeyVerified, 1, auth.TOTPCode, 4), "", true, ACRPasskey, 1, "hwk user otp mfa"},
		{"a factor that was added, not verified", auth.Session{FirstKind: auth.Password, PasswordAt: at(3), MFAAt: at(1)}, "", true, ACROneFactor, 3, "pwd"},

		{"the only listed one", app, ACROneFactor, true, ACROneFactor, 1, "pwd otp mfa"},
		{"one factor counts the first", two(auth.Password, 5, auth.TOTPCode, 2), ACROneFactor, true, ACROneFactor, 5, "pwd otp mfa"},
		{"the highest of the listed ones", app, ACROneFactor + " " + ACRTwoFactors, true, ACRTwoFactors, 1, "pwd otp mfa"},
		{"in any order", app, ACRTwoFactors + " " + ACROneFactor, true, ACRTwoFactors, 1, "pwd otp mfa"},
		{"the listed one that is satisfied", one(auth.Password, 1), ACRTwoFactors + " " + ACROneFactor, true, ACROneFactor, 1, "pwd"},
		{"none is satisfied", one(auth.Password, 1), ACRTwoFactors, false, ACROneFactor, 1, "pwd"},
		{"none is known", app, "urn:example", false, ACRTwoFactors, 1, "pwd otp mfa"},
		{"a passkey is more than two factors", passkey, ACRTwoFactors, true, ACRTwoFactors, 3, "hwk user mfa"},
		{"an app is no passkey", app, ACRPasskey, false, ACRTwoFactors, 1, "pwd otp mfa"},
		{"the passkey or less", app, ACRPasskey + " " + ACROneFactor, true, ACROneFactor, 1, "pwd otp mfa"},
	} {
		listed := strings.Fields(row.listed)
		acr := ACR(row.session, listed)
		if met := ACRMet(row.session, listed); met != row.met || acr != row.acr {
			t.Errorf("%s: acr %q, met %v", row.name, acr, met)
		}
		if got := AuthTime(row.session, acr); !got.Equal(at(row.authTime)) {
			t.Errorf("%s: auth_time %v", row.name, got)
		}
		if got := AMR(row.session); !slices.Equal(got, strings.Fields(row.amr)) {
			t.Errorf("%s: amr %v", row.name, got)
		}
	}
}

// TestStepUp: the first value that the account can reach is asked for, and the session that
// has verified it satisfies the request.
func TestStepUp(t *testing.T) {
	withApp := auth.Factors{TOTP: &auth.TOTP{}}
	for _, row := range []struct {
		listed  string
		factors auth.Factors
		want    auth.Level
	}{
		{ACRTwoFactors, withApp, auth.TwoFactors},
		{ACRTwoFactors + " " + ACROneFactor, withApp, auth.TwoFactors},
		{ACROneFactor + " " + ACRTwoFactors, withApp, auth.OneFactor},
		{"phr " + ACRTwoFactors, withApp, auth.TwoFactors},
		{"urn:example " + ACRTwoFactors, withApp, auth.TwoFactors},
		{ACRTwoFactors, auth.Factors{}, 0},
		{ACRTwoFactors + " " + ACROneFactor, auth.Factors{}, auth.OneFactor},
		{"phr", withApp, 0},
		{"", withApp, 0},
	} {
		if got := StepUp(row.factors, strings.Fields(row.listed)); got != row.want {
			t.Errorf("%q: %d, want %d", row.listed, got, row.want)
		}
	}
}
