package views

import (
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

// TestPersonPage_Target: what the account does not have is no target, nor is a number that
// is not used for MFA.
func TestPersonPage_Target(t *testing.T) {
	p := PersonPage{Page: Page{Now: now, Role: auth.RoleAdmin}, Person: auth.Account{Factors: everything, OpenSessions: []auth.Session{
		{ID: "s1", CreatedAt: now, UserAgent: firefox}, {ID: "s2", CreatedAt: now, UserAgent: safari},
	}}}
	for _, c := range []struct {
		action       auth.OperatorAction
		target, want string
	}{
		{auth.RemoveFactor, string(auth.AppFactor), "Authenticator app"},
		{auth.RemoveFactor, string(workPhone.Factor()), formatPhone(workPhone.Number)},
		{auth.RemoveFactor, string(sparePhone.Factor()), ""},
		{auth.RemoveFactor, "s1", ""},
		{auth.RemoveFactor, "", ""},
		{auth.EndOneSession, "s2", "Safari on iPhone, signed in just now"},
		{auth.EndOneSession, string(auth.AppFactor), ""},
		{auth.EndOneSession, "", ""},
	} {
		if got := p.Target(c.action, c.target); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.action, c.target, got, c.want)
		}
	}
}

// TestPersonPage_Failures: each count has its own wait.
func TestPersonPage_Failures(t *testing.T) {
	p := PersonPage{Person: auth.Account{
		Failures: []auth.Failures{{Factor: auth.Password, N: 6}, {Factor: auth.Password, KnownDevices: true, N: 5}, {Factor: auth.TOTPCode, N: 100}, {Factor: auth.TOTPCode, KnownDevices: true, N: 1}},
		Waits:    []auth.Wait{{Factor: auth.Password, Until: now}, {Factor: auth.Password, KnownDevices: true, Until: now.Add(time.Minute)}, {Factor: auth.TOTPCode}},
	}}
	want := []personFailure{
		{"Password", "6, next attempt after 2 May 2026, 14:04 UTC"},
		{"Password", "5 on known devices, next attempt after 2 May 2026, 14:05 UTC"},
		{"Authenticator app", "100, locked"},
		{"Authenticator app", "1 on known devices"},
	}
	if got := p.failures(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestPersonPage_Fits: an act that would change nothing is not offered.
func TestPersonPage_Fits(t *testing.T) {
	for _, c := range []struct {
		action auth.OperatorAction
		person auth.Account
		want   bool
	}{
		{auth.SignOutEverywhere, auth.Account{}, false},
		{auth.SignOutEverywhere, auth.Account{Sessions: 1}, true},
		{auth.MustChangePassword, auth.Account{}, true},
		{auth.MustChangePassword, auth.Account{MustChange: true}, false},
		{auth.MustChangePassword, auth.Account{Invited: true}, false},
	} {
		if got := (PersonPage{Person: c.person}).fits(Act{Action: c.action}); got != c.want {
			t.Errorf("%s, %d sessions, must change %t, invited %t: %t", c.action, c.person.Sessions, c.person.MustChange, c.person.Invited, got)
		}
	}
}
