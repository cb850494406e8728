package auth_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db"
)

// Settings are in force on another server after it has read them, a flag wins over them,
// and each change is an event of the site with the old and the new value.
func TestChangeSettings(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	f.addTOTP(client, session)
	session = f.reload(session)
	if changed, err := f.ChangeRole(f.ctx, session.User, auth.RoleAdmin); !changed || err != nil {
		t.Fatal(err)
	}
	by := auth.Operator{Session: session, Client: client}
	fixed := f.policy
	fixed.Fixed = map[auth.Setting]string{auth.SettingSignUp: "--sign-up"}
	clock := func() time.Time { return f.now }
	other := auth.New(f.db, f.keys, nil, fixed, clock)
	change := func(name auth.Setting, value string) error {
		return f.ChangeSettings(f.ctx, by, []auth.SettingChange{{StoredSetting: auth.StoredSetting{Setting: name, Value: value}}})
	}

	f.must(change(auth.SettingSMS, "off"))
	f.must(f.ChangeSettings(f.ctx, by, []auth.SettingChange{{StoredSetting: auth.StoredSetting{Setting: auth.SettingSignUp, Value: "closed"}}, {StoredSetting: auth.StoredSetting{Setting: auth.SettingRequireMFA, Value: "on"}}, {StoredSetting: auth.StoredSetting{Setting: auth.SettingReverify, Value: "lax"}}}))
	if p := f.Policy(); p.Allows(auth.PhoneCode) || p.SignUpOpen || !p.RequireMFA || p.Reauth != auth.ReauthPresets["lax"] || p.PasswordMin != auth.PasswordMinSingleFactor {
		t.Errorf("the policy is %+v", p)
	}
	if p := other.Policy(); !p.Allows(auth.PhoneCode) || p.RequireMFA {
		t.Errorf("the other server has not read them yet: %+v", p)
	}
	f.must(other.ReloadSettings(f.ctx))
	if p := other.Policy(); p.Allows(auth.PhoneCode) || !p.SignUpOpen || !p.RequireMFA {
		t.Errorf("on the other server the policy is %+v", p)
	}
	f.problem(other.ChangeSettings(f.ctx, by, []auth.SettingChange{{StoredSetting: auth.StoredSetting{Setting: auth.SettingSignUp, Value: "closed"}}}), auth.SettingFixed)
	f.must(change(auth.SettingSMS, "off")) // which it is
	f.problem(change(auth.SettingTOTP, "off"), auth.SettingsNoFactor)
	f.problem(change(auth.SettingTOTP, "maybe"), auth.UnknownAction)
	f.problem(change("name", "Acme"), auth.UnknownAction)
	f.must(change(auth.SettingSMS, "on"))
	f.must(change(auth.SettingTOTP, "off"))
	if got := f.Policy().Factors; !slices.Equal(got, []auth.FactorKind{auth.BackupCode, auth.PhoneCode}) {
		t.Errorf("factors are %v", got)
	}

	events, _, err := f.Activity(f.ctx, "", "")
	f.must(err)
	var names []string
	for _, e := range events {
		if e.Type != auth.SettingChanged || e.Actor != string(session.User) || e.IP == "" {
			t.Errorf("the event is %+v", e)
		}
		names = append(names, e.Name)
	}
	slices.Sort(names)
	if want := []string{"require-mfa: off → on", "reverify: strict → lax", "sign-up: open → closed", "sms: off → on", "sms: on → off", "totp: on → off"}; !slices.Equal(names, want) {
		t.Errorf("events are %v, want %v", names, want)
	}

	f.now = f.now.Add(auth.AdminActAge + time.Second)
	if err := change(auth.SettingTOTP, "on"); err == nil {
		t.Error("settings changed long after the second factor")
	}
}

// A changing store changes a setting after the settings were read once.
type changing struct {
	*db.Store
	meanwhile func()
}

func (s *changing) FindSettings(ctx context.Context) ([]auth.StoredSetting, error) {
	stored, err := s.Store.FindSettings(ctx)
	if meanwhile := s.meanwhile; meanwhile != nil {
		s.meanwhile = nil
		meanwhile()
	}
	return stored, err
}

// Of two operators who change a setting at once, on two servers, the second is refused,
// and the server has the setting of the first.
func TestChangeSettings_AtOnce(t *testing.T) {
	f := newFlow(t)
	change := func(f *flow) error {
		return f.ChangeSettings(f.ctx, auth.Operator{}, []auth.SettingChange{{StoredSetting: auth.StoredSetting{Setting: auth.SettingReverify, Value: "lax"}}})
	}
	other := *f
	f.use(&changing{Store: f.db, meanwhile: func() { f.must(change(&other)) }})
	f.problem(change(f), auth.SettingsOutdated)
	if got := f.Policy().Reauth; got != auth.ReauthPresets["lax"] {
		t.Errorf("re-authentication is %v", got)
	}
}

// Settings that leave no second factor with other flags are refused, and what was in force
// stays; flags alone are never refused.
func TestReloadSettings_OtherFlags(t *testing.T) {
	f := newFlow(t)
	f.must(f.ChangeSettings(f.ctx, auth.Operator{}, []auth.SettingChange{{StoredSetting: auth.StoredSetting{Setting: auth.SettingTOTP, Value: "off"}}}))
	clock := func() time.Time { return f.now }
	other := f.policy
	other.Factors = []auth.FactorKind{auth.TOTPCode, auth.BackupCode}
	rules := auth.New(f.db, f.keys, nil, other, clock)
	if err := rules.ReloadSettings(f.ctx); err == nil || !rules.Policy().Allows(auth.TOTPCode) {
		t.Errorf("%v, and the factors are %v", err, rules.Policy().Factors)
	}

	empty := newFlow(t)
	other.Factors = nil
	empty.must(auth.New(empty.db, empty.keys, nil, other, clock).ReloadSettings(empty.ctx))
}
