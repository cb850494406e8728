package handlers

import (
	"twostep/auth"
	"twostep/views"
)

// seenPrefix begins the names of the fields with the values that the form was drawn with.
const seenPrefix = "seen-"

// showSettings keeps what was chosen in a refused form. What was left as it was shows what
// is in force, which somebody else may have changed.
func showSettings(r *request) error {
	page := views.SettingsPage{Page: r.page()}
	for _, s := range r.rules.Settings() {
		shown := views.SettingField{SettingValue: s, Chosen: s.Value}
		if c := r.change(s); r.form != nil && s.Flag == "" && c.Value != c.Seen {
			shown.Chosen = c.Value
		}
		page.Settings = append(page.Settings, shown)
	}
	var err error
	if page.OnlyFactor, err = r.rules.OnlyFactor(r.ctx()); err != nil {
		return err
	}
	return r.show(views.Settings(page))
}

func postSettings(r *request) (string, error) {
	var wanted []auth.SettingChange
	for _, s := range r.rules.Settings() {
		if s.Flag == "" {
			wanted = append(wanted, r.change(s))
		}
	}
	return "/admin/settings", r.withNotice(views.NoticeSettingsSaved, r.rules.ChangeSettings(r.ctx(), r.operator(), wanted))
}

// change returns what the form chooses for a setting. A checked checkbox chooses the first of
// two values.
func (r *request) change(s auth.SettingValue) (c auth.SettingChange) {
	c.StoredSetting, c.Seen = auth.StoredSetting{Setting: s.Setting, Value: s.Value}, r.form.Get(seenPrefix+string(s.Setting))
	switch value := r.form.Get(string(s.Setting)); {
	case len(s.Values) > 2:
		c.Value = value // ChangeSettings refuses others
	case value != "":
		c.Value = s.Values[0]
	default:
		c.Value = s.Values[1]
	}
	return c
}
