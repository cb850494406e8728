package auth

import (
	"slices"
	"testing"
	"time"
)

var every = []FactorKind{TOTPCode, PhoneCode, BackupCode}

var (
	withTOTP   = Factors{allowed: every, TOTP: &TOTP{}, BackupCodes: 10}
	withPhone  = Factors{allowed: every, Phones: []Phone{{ID: "p", Number: "+15005550006", ReservedAt: time.Unix(1, 0)}}, BackupCodes: 10}
	withNumber = Factors{allowed: every, Phones: []Phone{{ID: "p", Number: "+15005550006"}}}
	codesOnly  = Factors{allowed: every, BackupCodes: 10}
)

// TestStep is the specification of the ways in: facts on the left, what is
// owed on the right (FF-01, FF-02, FF-08).
func TestStep(t *testing.T) {
	for _, row := range []struct {
		name    string
		purpose Purpose
		factors Factors
		proved  []FactorKind
		want    Step
		asks    []FactorKind
	}{
		{"a sign-in begins with the password", SignIn, withTOTP, nil, StepPassword, []FactorKind{Password}},
		{"also for an address nobody bears", SignIn, Factors{}, nil, StepPassword, []FactorKind{Password}},
		{"without a second factor the password is all", SignIn, Factors{}, []FactorKind{Password}, StepDone, nil},
		{"an app is owed", SignIn, withTOTP, []FactorKind{Password}, StepMFA, []FactorKind{TOTPCode, BackupCode}},
		{"a reserved phone is owed", SignIn, withPhone, []FactorKind{Password}, StepMFA, []FactorKind{PhoneCode, BackupCode}},
		{"a number that is not reserved is no factor", SignIn, withNumber, []FactorKind{Password}, StepDone, nil},
		{"backup codes alone are no factor", SignIn, codesOnly, []FactorKind{Password}, StepDone, nil},
		{"an app's code ends it", SignIn, withTOTP, []FactorKind{Password, TOTPCode}, StepDone, nil},
		{"a backup code ends it", SignIn, withTOTP, []FactorKind{Password, BackupCode}, StepDone, nil},
		{"a code without the password does not", SignIn, withTOTP, []FactorKind{TOTPCode}, StepPassword, []FactorKind{Password}},
		{"mail never stands in for a factor", SignIn, withTOTP, []FactorKind{Password, EmailCode}, StepMFA, []FactorKind{TOTPCode, BackupCode}},
		{"a sign-up owes the mailed code", SignUp, Factors{}, nil, StepEmail, []FactorKind{EmailCode}},
		{"a password does not stand in for it", SignUp, Factors{}, []FactorKind{Password}, StepEmail, []FactorKind{EmailCode}},
		{"the mailed code ends it", SignUp, Factors{}, []FactorKind{EmailCode}, StepDone, nil},
	} {
		a := Attempt{Purpose: row.purpose, Factors: row.factors}
		for _, kind := range row.proved {
			a.Verified = append(a.Verified, VerifiedFactor{Factor: kind})
		}
		step, asks := a.owes()
		if step != row.want || !slices.Equal(asks, row.asks) {
			t.Errorf("%s: %s asks %v, want %s asks %v", row.name, step, asks, row.want, row.asks)
		}
	}
}

// TestMethod: the app is asked first, else the default phone; what the person
// turned to counts only while it is theirs.
func TestMethod(t *testing.T) {
	reserved := time.Unix(1, 0)
	all := Factors{allowed: every, TOTP: &TOTP{}, Phones: []Phone{{ID: "a", ReservedAt: reserved, Default: true}, {ID: "b", ReservedAt: reserved}, {ID: "c"}}}
	phones := Factors{allowed: every, Phones: all.Phones}
	for _, row := range []struct {
		name    string
		factors Factors
		chosen  Method
		kind    FactorKind
		phone   PhoneID
		others  int
	}{
		{"the app first", all, Method{}, TOTPCode, "", 2},
		{"else the default phone", phones, Method{}, PhoneCode, "a", 1},
		{"a chosen phone", all, Method{Kind: PhoneCode, Phone: Phone{ID: "b"}}, PhoneCode, "b", 2},
		{"a number that is no factor", all, Method{Kind: PhoneCode, Phone: Phone{ID: "c"}}, TOTPCode, "", 2},
		{"another person's phone", all, Method{Kind: PhoneCode, Phone: Phone{ID: "x"}}, TOTPCode, "", 2},
		{"an app that was removed", phones, Method{Kind: TOTPCode}, PhoneCode, "a", 1},
	} {
		a := Attempt{Factors: row.factors, Chosen: row.chosen}
		if m := a.Method(); m.Kind != row.kind || m.Phone.ID != row.phone || len(a.OtherMethods()) != row.others {
			t.Errorf("%s: %v and %d others", row.name, m, len(a.OtherMethods()))
		}
	}
}

// TestTOTPEvents states where each event of an app's set-up may happen, and
// where each set-up stands (TO-07).
func TestTOTPEvents(t *testing.T) {
	now := time.Unix(1, 0)
	for _, row := range []struct {
		name   string
		facts  TOTPEnrolment
		want   TOTPStep
		events []TOTPEvent
	}{
		{"a new key", TOTPEnrolment{}, TOTPAdd, []TOTPEvent{TOTPReset, TOTPContinue}},
		{"in the app", TOTPEnrolment{ScannedAt: now}, TOTPVerify, []TOTPEvent{TOTPReset, TOTPSubmit}},
		{"proved, with new codes", TOTPEnrolment{VerifiedAt: now, MadeCodes: true, CodesUnseen: true}, TOTPBackupCodes, []TOTPEvent{TOTPFinish}},
		{"proved, codes saved", TOTPEnrolment{VerifiedAt: now, MadeCodes: true}, TOTPSuccess, []TOTPEvent{TOTPReset}},
		{"proved, with the codes of before", TOTPEnrolment{VerifiedAt: now, CodesUnseen: true}, TOTPSuccess, []TOTPEvent{TOTPReset}},
	} {
		if got := row.facts.Step(); got != row.want || !slices.Equal(totpEvents[got], row.events) {
			t.Errorf("%s: %s allows %v, want %s", row.name, got, totpEvents[got], row.want)
		}
	}
}
