package auth

import (
	"testing"
	"time"
)

// TestSession_Satisfies specifies demands: what was verified and when, and whether it is
// enough (OI-36). A time in the future is never enough.
func TestSession_Satisfies(t *testing.T) {
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	signedUp := func(minutes int) Session { return Session{PasswordAt: ago(minutes), FirstKind: EmailCode} }
	one := func(minutes int) Session { return Session{PasswordAt: ago(minutes), FirstKind: Password} }
	two := func(password, mfa int) Session {
		return Session{PasswordAt: ago(password), FirstKind: Password, MFAAt: ago(mfa), SecondKind: TOTPCode}
	}
	added := Session{PasswordAt: ago(30), FirstKind: Password, MFAAt: ago(1)} // a factor that was not verified

	for _, row := range []struct {
		name    string
		session Session
		demand  Demand
		factors Factors
		want    bool
	}{
		{"nothing is demanded", one(999), Demand{}, Factors{}, true},
		{"also if the account has a second factor", one(999), Demand{}, withTOTP, true},

		{"password since then", one(10), Demand{NotBefore: ago(10)}, Factors{}, true},
		{"password before", one(11), Demand{NotBefore: ago(10)}, Factors{}, false},
		{"mailed code since then", signedUp(10), Demand{NotBefore: ago(10)}, Factors{}, true},
		{"second factor since then", two(999, 10), Demand{NotBefore: ago(10)}, withTOTP, true},
		{"second factor before", two(1, 11), Demand{NotBefore: ago(10)}, withTOTP, false},
		{"second factor never", one(1), Demand{NotBefore: ago(10)}, withTOTP, false},
		{"second factor that was added since then", added, Demand{NotBefore: ago(10)}, withPhone, true},

		{"all factors: both since then", two(10, 9), Demand{AllFactors: true, NotBefore: ago(10)}, withTOTP, true},
		{"all factors: password before", two(11, 9), Demand{AllFactors: true, NotBefore: ago(10)}, withTOTP, false},
		{"all factors: second before", two(9, 11), Demand{AllFactors: true, NotBefore: ago(10)}, withTOTP, false},
		{"all factors: second never", one(1), Demand{AllFactors: true, NotBefore: ago(10)}, withTOTP, false},
		{"all factors: there is one", one(10), Demand{AllFactors: true, NotBefore: ago(10)}, Factors{}, true},
		{"all factors at any time", two(999, 999), Demand{AllFactors: true}, withTOTP, true},
		{"all factors at any time: second never", one(1), Demand{AllFactors: true}, withTOTP, false},

		{"one factor", one(999), Demand{Level: OneFactor}, Factors{}, true},
		{"one factor, a mailed code", signedUp(999), Demand{Level: OneFactor}, Factors{}, true},
		{"two factors", two(999, 999), Demand{Level: TwoFactors}, withTOTP, true},
		{"two factors satisfy one", two(999, 999), Demand{Level: OneFactor}, withTOTP, true},
		{"one does not satisfy two", one(1), Demand{Level: TwoFactors}, Factors{}, false},
		{"an added factor does not count", added, Demand{Level: TwoFactors}, withPhone, false},
		{"level and time", two(999, 11), Demand{Level: TwoFactors, NotBefore: ago(10)}, withTOTP, false},

		{"in the future", two(-9, -9), Demand{AllFactors: true, NotBefore: ago(10)}, withTOTP, false},
		{"in the future, password only", one(-9), Demand{NotBefore: ago(10)}, Factors{}, false},
	} {
		if got := row.session.Satisfies(row.demand, row.factors, now); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

// TestLevel: a passkey that verifies its user makes an account and a session resistant to
// phishing, whether it was the first factor or the second.
func TestLevel(t *testing.T) {
	verifies, other := Passkey{UserVerified: true, RPID: "example.org"}, Passkey{UserVerified: true, RPID: "example.com"}
	withPasskeys := func(allowed []FactorKind, all ...Passkey) Factors {
		return Factors{allowed: allowed, rpID: "example.org", Passkeys: all}
	}
	for name, row := range map[string]struct{ got, want Level }{
		"no factor":                 {withPasskeys(allFactors).Level(), OneFactor},
		"an app":                    {withTOTP.Level(), TwoFactors},
		"a passkey that verifies":   {withPasskeys(allFactors, verifies).Level(), PhishingResistant},
		"a passkey that does not":   {withPasskeys(allFactors, Passkey{RPID: "example.org"}).Level(), TwoFactors},
		"a passkey of another site": {withPasskeys(allFactors, other).Level(), TwoFactors},
		"passkeys are off":          {withPasskeys([]FactorKind{TOTPCode}, verifies).Level(), TwoFactors},

		"verified first":  {Session{FirstKind: PasskeyVerified, SecondKind: TOTPCode}.Level(), PhishingResistant},
		"verified second": {Session{FirstKind: Password, SecondKind: PasskeyVerified}.Level(), PhishingResistant},
	} {
		if row.got != row.want {
			t.Errorf("%s: level %d, want %d", name, row.got, row.want)
		}
	}
}

// TestStep_Demand: of policy and demand the stricter one applies to a re-authentication,
// and what was verified before the demanded time is owed again.
func TestStep_Demand(t *testing.T) {
	start := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	both := ReauthPolicy{BothFactors: true}
	for _, row := range []struct {
		name     string
		policy   ReauthPolicy
		demand   Demand
		factors  Factors
		verified []VerifiedFactor
		want     Step
	}{
		{"neither", ReauthPolicy{}, Demand{}, withTOTP, nil, StepMFA},
		{"the policy", both, Demand{}, withTOTP, nil, StepPassword},
		{"the demand", ReauthPolicy{}, Demand{AllFactors: true}, withTOTP, nil, StepPassword},
		{"both", both, Demand{AllFactors: true}, withTOTP, nil, StepPassword},
		{"without a second factor", ReauthPolicy{}, Demand{}, Factors{}, nil, StepPassword},
		{"two factors of an account that has one", ReauthPolicy{}, Demand{Level: TwoFactors}, Factors{}, []VerifiedFactor{{Factor: Password, At: start}}, StepDone},
		{"the password was verified", ReauthPolicy{}, Demand{AllFactors: true, NotBefore: start}, withTOTP, []VerifiedFactor{{Factor: Password, At: start}}, StepMFA},
		{"too early", ReauthPolicy{}, Demand{AllFactors: true, NotBefore: start.Add(1)}, withTOTP, []VerifiedFactor{{Factor: Password, At: start}}, StepPassword},
		{"the second factor too early", ReauthPolicy{}, Demand{NotBefore: start.Add(1)}, withTOTP, []VerifiedFactor{{Factor: TOTPCode, At: start}}, StepMFA},
		{"all verified", ReauthPolicy{}, Demand{AllFactors: true, NotBefore: start}, withTOTP, []VerifiedFactor{{Factor: Password, At: start}, {Factor: BackupCode, At: start}}, StepDone},
	} {
		a := Attempt{Purpose: Reauthentication, Factors: row.factors, Reauth: row.policy, Demand: row.demand, Verified: row.verified}
		if got := a.Step(); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}
