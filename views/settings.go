package views

import "twostep/auth"

// SettingsPage shows what can be changed while the site runs.
type SettingsPage struct {
	Page
	Settings   []SettingField
	OnlyFactor map[auth.Setting]auth.OnlyFactorCount
}

// A SettingField is a setting with what was chosen for it in a refused form.
type SettingField struct {
	auth.SettingValue
	Chosen string
}

// hint says what sets the setting, or who depends on it.
func (p SettingsPage) hint(s SettingField) string {
	if s.Flag != "" {
		return "Set by " + s.Flag
	}
	c, counted := p.OnlyFactor[s.Setting]
	switch {
	case !counted:
		return ""
	case c.Partial:
		return "Of the first " + thousands(c.Of) + " accounts with this factor, " + thousands(c.N) + " have no other second factor." + withoutFactor
	case c.N == 0:
		return "No account has only this second factor."
	case c.N == 1:
		return "1 account has no other second factor." + withoutFactor
	}
	return thousands(c.N) + " accounts have no other second factor." + withoutFactor
}

// withoutFactor says how to sign in to an account whose only second factor is turned off.
const withoutFactor = " While it is off, signing in needs a backup code."

var settingNames = map[auth.Setting]string{
	auth.SettingTOTP: "Authenticator application", auth.SettingSMS: "SMS code", auth.SettingBackupCodes: "Backup codes", auth.SettingPasskeys: "Passkeys",
	auth.SettingRequireMFA: "Require MFA", auth.SettingSignUp: "Sign-up open", auth.SettingReverify: "Re-authentication",
}

var reverifyNames = map[string]string{
	"strict_mfa": "Both factors within 10 minutes", "strict": "Second factor within 10 minutes", "moderate": "Second factor within an hour", "lax": "Second factor within a day",
}

func reverifyOptions(s auth.SettingValue) (all []option) {
	for _, value := range s.Values {
		all = append(all, option{value, reverifyNames[value]})
	}
	return all
}
