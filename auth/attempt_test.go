package auth

import (
	"slices"
	"testing"
	"time"
)

var allFactors = []FactorKind{TOTPCode, PhoneCode, BackupCode, PasskeyPresent}

var (
	withTOTP   = Factors{allowed: allFactors, TOTP: &TOTP{}, BackupCodes: 10}
	withPhone  = Factors{allowed: allFactors, Phones: []Phone{{ID: "p", Number: "+15005550006", ReservedAt: time.Unix(1, 0)}}, BackupCodes: 10}
	withNumber = Factors{allowed: allFactors, Phones: []Phone{{ID: "p", Number: "+15005550006"}}}
	codesOnly  = Factors{allowed: allFactors, BackupCodes: 10}

	passkeyHere  = []Passkey{{ID: "k", RPID: "example.org"}}
	withPasskey  = Factors{allowed: allFactors, rpID: "example.org", Passkeys: passkeyHere, BackupCodes: 10}
	withBoth     = Factors{allowed: allFactors, rpID: "example.org", Passkeys: passkeyHere, TOTP: &TOTP{}}
	recovered    = Factors{allowed: allFactors, Recovered: true}
	recoveredApp = Factors{allowed: allFactors, Recovered: true, TOTP: &TOTP{}}
	withMoved    = Factors{allowed: allFactors, rpID: "example.com", Passkeys: passkeyHere}
)

// TestStep specifies what attempts owe: facts on the left, the step on the right
// (FF-01, FF-02, FF-08).
func TestStep(t *testing.T) {
	for _, row := range []struct {
		name     string
		purpose  Purpose
		factors  Factors
		verified []FactorKind
		want     Step
		accepts  []FactorKind
	}{
		{"a sign-in begins with the password", SignIn, withTOTP, nil, StepPassword, []FactorKind{Password}},
		{"also without an account", SignIn, Factors{}, nil, StepPassword, []FactorKind{Password}},
		{"without a second factor the password is enough", SignIn, Factors{}, []FactorKind{Password}, StepDone, nil},
		{"an app is owed", SignIn, withTOTP, []FactorKind{Password}, StepMFA, []FactorKind{TOTPCode, BackupCode}},
		{"a reserved phone is owed", SignIn, withPhone, []FactorKind{Password}, StepMFA, []FactorKind{PhoneCode, BackupCode}},
		{"a phone that is not reserved is no factor", SignIn, withNumber, []FactorKind{Password}, StepDone, nil},
		{"backup codes without a factor are no factor", SignIn, codesOnly, []FactorKind{Password}, StepDone, nil},
		{"a code of the app completes it", SignIn, withTOTP, []FactorKind{Password, TOTPCode}, StepDone, nil},
		{"a backup code completes it", SignIn, withTOTP, []FactorKind{Password, BackupCode}, StepDone, nil},
		{"a code without the password does not", SignIn, withTOTP, []FactorKind{TOTPCode}, StepPassword, []FactorKind{Password}},
		{"a code by email does not replace a factor", SignIn, withTOTP, []FactorKind{Password, EmailCode}, StepMFA, []FactorKind{TOTPCode, BackupCode}},
		{"a passkey is owed", SignIn, withPasskey, []FactorKind{Password}, StepMFA, []FactorKind{PasskeyPresent, PasskeyVerified, BackupCode}},
		{"a passkey next to an app", SignIn, withBoth, []FactorKind{Password}, StepMFA, []FactorKind{TOTPCode, PasskeyPresent, PasskeyVerified}},
		{"a passkey of another domain is owed and not accepted", SignIn, withMoved, []FactorKind{Password}, StepMFA, nil},
		{"a security key completes it", SignIn, withPasskey, []FactorKind{Password, PasskeyPresent}, StepDone, nil},
		{"a security key does not replace the password", SignIn, withPasskey, []FactorKind{PasskeyPresent}, StepPassword, []FactorKind{Password}},
		{"a passkey that verifies is both factors", SignIn, withBoth, []FactorKind{PasskeyVerified}, StepDone, nil},
		{"re-authentication with a passkey", Reauthentication, withPasskey, nil, StepMFA, []FactorKind{PasskeyPresent, PasskeyVerified, BackupCode}},
		{"a passkey renews", Reauthentication, withPasskey, []FactorKind{PasskeyVerified}, StepDone, nil},
		{"a sign-up owes the code by email", SignUp, Factors{}, nil, StepEmail, []FactorKind{EmailCode}},
		{"a password does not replace it", SignUp, Factors{}, []FactorKind{Password}, StepEmail, []FactorKind{EmailCode}},
		{"after a recovery a mailed code is owed", SignIn, recovered, []FactorKind{Password}, StepEmail, []FactorKind{EmailCode}},
		{"not before the password", SignIn, recovered, nil, StepPassword, []FactorKind{Password}},
		{"the mailed code completes it", SignIn, recovered, []FactorKind{Password, EmailCode}, StepDone, nil},
		{"a new factor is owed instead", SignIn, recoveredApp, []FactorKind{Password, EmailCode}, StepMFA, []FactorKind{TOTPCode}},
		{"a recovery begins with the password", RecoverMFA, withTOTP, nil, StepPassword, nil},
		{"it owes a mailed code", RecoverMFA, withTOTP, []FactorKind{Password}, StepEmail, []FactorKind{EmailCode}},
		{"it accepts no second factor", RecoverMFA, withTOTP, []FactorKind{Password, TOTPCode}, StepEmail, []FactorKind{EmailCode}},
		{"it is never done", RecoverMFA, withTOTP, []FactorKind{Password, EmailCode}, StepRequested, nil},
		{"also without a second factor", RecoverMFA, Factors{}, []FactorKind{Password, EmailCode}, StepRequested, nil},
		{"the code by email completes it", SignUp, Factors{}, []FactorKind{EmailCode}, StepDone, nil},
	} {
		a := Attempt{Purpose: row.purpose, Factors: row.factors}
		for _, kind := range row.verified {
			a.Verified = append(a.Verified, VerifiedFactor{Factor: kind})
		}
		step, accepts := a.owes()
		if step != row.want || !slices.Equal(accepts, row.accepts) {
			t.Errorf("%s: %s accepts %v, want %s accepts %v", row.name, step, accepts, row.want, row.accepts)
		}
	}
}

// TestStep_Remembered: a remembered device owes no second factor at sign-in, and nothing less
// at re-authentication (FF-12).
func TestStep_Remembered(t *testing.T) {
	for purpose, want := range map[Purpose]Step{SignIn: StepDone, Reauthentication: StepMFA, ResetPassword: StepEmail} {
		a := Attempt{Purpose: purpose, Factors: withTOTP, Remembered: true}
		if step := a.Step(); purpose == SignIn && step != StepPassword {
			t.Errorf("a remembered device owes %s, want the password", step)
		}
		a.Verified = []VerifiedFactor{{Factor: Password}}
		if step := a.Step(); step != want {
			t.Errorf("%s: owes %s, want %s", purpose, step, want)
		}
	}
}

// TestMethod: the app comes first, then the default phone; a chosen method counts only
// while the account has it.
func TestMethod(t *testing.T) {
	reserved := time.Unix(1, 0)
	all := Factors{allowed: allFactors, TOTP: &TOTP{}, Phones: []Phone{{ID: "a", ReservedAt: reserved, Default: true}, {ID: "b", ReservedAt: reserved}, {ID: "c"}}}
	phones := Factors{allowed: allFactors, Phones: all.Phones}
	for _, row := range []struct {
		name    string
		factors Factors
		chosen  Method
		kind    FactorKind
		phone   PhoneID
		others  int
		demand  Level
	}{
		{"the app first", all, Method{}, TOTPCode, "", 2, 0},
		{"without an app the default phone", phones, Method{}, PhoneCode, "a", 1, 0},
		{"a chosen phone", all, Method{Factor: PhoneCode, Phone: Phone{ID: "b"}}, PhoneCode, "b", 2, 0},
		{"a phone that is no factor", all, Method{Factor: PhoneCode, Phone: Phone{ID: "c"}}, TOTPCode, "", 2, 0},
		{"a phone of another account", all, Method{Factor: PhoneCode, Phone: Phone{ID: "x"}}, TOTPCode, "", 2, 0},
		{"an app that was removed", phones, Method{Factor: TOTPCode}, PhoneCode, "a", 1, 0},
		{"a passkey if it is demanded", withBoth, Method{}, PasskeyPresent, "", 1, PhishingResistant},
		{"not if less is demanded", withBoth, Method{}, TOTPCode, "", 0, TwoFactors},
		{"nor if another method was chosen", withBoth, Method{Factor: TOTPCode}, TOTPCode, "", 0, PhishingResistant},
	} {
		a := Attempt{Factors: row.factors, Chosen: row.chosen, Demand: Demand{Level: row.demand}}
		if m := a.Method(); m.Factor != row.kind || m.Phone.ID != row.phone || len(a.OtherMethods()) != row.others {
			t.Errorf("%s: %v and %d others", row.name, m, len(a.OtherMethods()))
		}
	}
}

// TestTOTPEvents specifies the step of an enrolment and the events that each step
// allows (TO-07).
func TestTOTPEvents(t *testing.T) {
	now := time.Unix(1, 0)
	for _, row := range []struct {
		name   string
		facts  TOTPEnrolment
		want   TOTPStep
		events []TOTPEvent
	}{
		{"a new key", TOTPEnrolment{}, TOTPAdd, []TOTPEvent{TOTPReset, TOTPContinue}},
		{"the app has the key", TOTPEnrolment{ScannedAt: now}, TOTPVerify, []TOTPEvent{TOTPReset, TOTPSubmit, TOTPAgain}},
		{"verified, with new codes", TOTPEnrolment{VerifiedAt: now, MadeCodes: true, CodesUnseen: true}, TOTPBackupCodes, []TOTPEvent{TOTPFinish}},
		{"verified, codes saved", TOTPEnrolment{VerifiedAt: now, MadeCodes: true}, TOTPSuccess, []TOTPEvent{TOTPReset}},
		{"verified, with earlier codes", TOTPEnrolment{VerifiedAt: now, CodesUnseen: true}, TOTPSuccess, []TOTPEvent{TOTPReset}},
	} {
		if got := row.facts.Step(); got != row.want || !slices.Equal(totpEvents[got], row.events) {
			t.Errorf("%s: %s allows %v, want %s", row.name, got, totpEvents[got], row.want)
		}
	}
}
