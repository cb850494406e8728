package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// A Setting is a part of the [Policy] that administrators can change while the site runs.
// Everything else is set by flags: a web page must not open listeners or name files.
type Setting string

// The settings, by the names of their flags and of factors.
const (
	SettingPasskeys    = Setting(PasskeyPresent)
	SettingTOTP        = Setting(TOTPCode)
	SettingSMS         = Setting(PhoneCode)
	SettingBackupCodes = Setting(BackupCode)

	SettingRequireMFA Setting = "require-mfa"
	SettingSignUp     Setting = "sign-up"
	SettingReverify   Setting = "reverify"
)

const (
	on, off      = "on", "off"
	open, closed = "open", "closed"
)

// A settingRow says which values a setting has, and what they mean.
type settingRow struct {
	Setting
	values []string
	get    func(*Policy) string
	set    func(p *Policy, value string)
}

var settings = []settingRow{
	factorSetting(PasskeyPresent),
	factorSetting(TOTPCode),
	factorSetting(PhoneCode),
	factorSetting(BackupCode),
	{
		SettingRequireMFA,
		[]string{on, off},
		func(p *Policy) string { return either(p.RequireMFA, on, off) },
		func(p *Policy, value string) { p.RequireMFA = value == on },
	},
	{
		SettingSignUp,
		[]string{open, closed},
		func(p *Policy) string { return either(p.SignUpOpen, open, closed) },
		func(p *Policy, value string) { p.SignUpOpen = value == open },
	},
	{
		SettingReverify,
		[]string{"strict_mfa", "strict", "moderate", "lax"},
		func(p *Policy) string {
			for name, preset := range ReauthPresets {
				if preset == p.Reauth {
					return name
				}
			}
			return ""
		},
		func(p *Policy, value string) { p.Reauth = ReauthPresets[value] },
	},
}

func factorSetting(kind FactorKind) settingRow {
	return settingRow{
		Setting(kind),
		[]string{on, off},
		func(p *Policy) string { return either(p.Allows(kind), on, off) },
		func(p *Policy, value string) {
			p.Factors = slices.DeleteFunc(slices.Clone(p.Factors), func(k FactorKind) bool { return k == kind })
			if value == on {
				p.Factors = append(p.Factors, kind)
			}
		},
	}
}

func either(claim bool, yes, no string) string {
	if claim {
		return yes
	}
	return no
}

// A SettingValue is a setting as it is in force.
type SettingValue struct {
	Setting
	Value  string
	Values []string // that it can have
	Flag   string   // that sets it, and keeps it from being changed; empty for none
}

// A StoredSetting is a setting that an operator has changed.
type StoredSetting struct {
	Setting
	Value string
}

// A SettingChange is the value that an operator chooses for a setting.
type SettingChange struct {
	StoredSetting
	Seen string // the value that the operator has seen; empty for any
}

// Settings returns all settings.
func (r *Rules) Settings() (all []SettingValue) {
	p := r.policy()
	for _, row := range settings {
		all = append(all, SettingValue{row.Setting, row.get(p), row.values, p.Fixed[row.Setting]})
	}
	return all
}

// ReloadSettings reads what operators have changed, and puts it in force. After an error
// the settings stay as they were. A server calls it every [SettingsReload].
func (r *Rules) ReloadSettings(ctx context.Context) error {
	stored, err := r.store.FindSettings(ctx)
	if err != nil {
		return err
	}
	p := r.withSettings(stored)
	if err := p.checkSettings(); err != nil && len(stored) > 0 { // without stored settings the flags are the operator's decision
		return fmt.Errorf("stored settings: %w", err)
	}
	r.current.Store(&p)
	return nil
}

// withSettings returns the policy of the flags with what was changed. A flag wins. What
// another version of the program has stored is ignored.
func (r *Rules) withSettings(stored []StoredSetting) Policy {
	p := r.configured
	for _, s := range stored {
		i := slices.IndexFunc(settings, func(row settingRow) bool { return row.Setting == s.Setting })
		if i >= 0 && p.Fixed[s.Setting] == "" && slices.Contains(settings[i].values, s.Value) {
			settings[i].set(&p, s.Value)
		}
	}
	return p
}

// checkSettings refuses settings with which nobody could add a second factor: backup
// codes come with another one.
func (p *Policy) checkSettings() error {
	if len(p.Factors) == 0 || len(p.Factors) == 1 && p.Allows(BackupCode) {
		return &Problem{Reason: SettingsNoFactor}
	}
	return nil
}

// ChangeSettings changes settings, all or none, and none if another operator has changed
// one of them since it was seen. Each change is an event of the site. The other servers
// learn of it within [SettingsReload].
func (r *Rules) ChangeSettings(ctx context.Context, by Operator, wanted []SettingChange) error {
	stored, err := r.store.FindSettings(ctx)
	if err != nil {
		return err
	}
	before := r.withSettings(stored)
	changes, err := r.begin(ctx, by, RoleAdmin, "")
	if err != nil {
		return err
	}
	after := slices.Clone(stored)
	for _, s := range wanted {
		i := slices.IndexFunc(settings, func(row settingRow) bool { return row.Setting == s.Setting })
		if i < 0 || !slices.Contains(settings[i].values, s.Value) {
			return &Problem{Reason: UnknownAction}
		}
		was := settings[i].get(&before)
		if s.Seen != "" && s.Seen != was {
			return cmp.Or(r.ReloadSettings(ctx), error(&Problem{Reason: SettingsOutdated}))
		}
		if s.Value == was {
			continue
		}
		if before.Fixed[s.Setting] != "" {
			return &Problem{Reason: SettingFixed}
		}
		changes.add(PutSetting{StoredSetting: s.StoredSetting, Was: valueOf(stored, s.Setting), By: by.actor()})
		name := fmt.Sprintf("%s: %s → %s", s.Setting, was, s.Value)
		if err := r.recordAct(ctx, &changes, by, Event{Type: SettingChanged, Name: name}); err != nil {
			return err
		}
		after = append(after, s.StoredSetting)
	}
	p := r.withSettings(after)
	if err := p.checkSettings(); err != nil {
		return err
	}
	err = r.apply(ctx, changes)
	if errors.Is(err, ErrNotFound) { // another operator was faster
		return cmp.Or(r.ReloadSettings(ctx), error(&Problem{Reason: SettingsOutdated}))
	}
	if err != nil {
		return operated(err)
	}
	return r.ReloadSettings(ctx)
}

// An OnlyFactorCount is the number of accounts that have one kind of second factor and no
// other: the password is not enough for them to sign in while it is off (RV-06).
type OnlyFactorCount struct {
	N       int
	Of      int  // accounts with the kind that were read
	Partial bool // there are more, after [OnlyFactorScan] accounts
}

// OnlyFactor returns these counts by the setting that turns the kind off.
func (r *Rules) OnlyFactor(ctx context.Context) (map[Setting]OnlyFactorCount, error) {
	counts := map[Setting]OnlyFactorCount{}
	for _, kind := range []FactorKind{PasskeyPresent, TOTPCode, PhoneCode} {
		n, err := r.store.CountOnlyFactor(ctx, kind, OnlyFactorScan)
		if err != nil {
			return nil, err
		}
		counts[Setting(kind)] = n
	}
	return counts, nil
}

// valueOf returns the stored value of a setting; empty for none.
func valueOf(stored []StoredSetting, name Setting) string {
	for _, s := range stored {
		if s.Setting == name {
			return s.Value
		}
	}
	return ""
}
