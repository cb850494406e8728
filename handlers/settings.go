package handlers

import (
	"slices"

	"twostep/auth"
	"twostep/views"
)

func showSettings(r *request) error {
	page := views.SettingsPage{Page: r.page(), Settings: r.rules.Settings()}
	for i, s := range page.Settings {
		if r.form != nil && s.Flag == "" {
			page.Settings[i].Value = r.chosen(s)
		}
	}
	return r.show(views.Settings(page))
}

func postSettings(r *request) (string, error) {
	if r.action() != "save" {
		return "", errUnknownAction
	}
	var wanted []auth.StoredSetting
	for _, s := range r.rules.Settings() {
		if s.Flag == "" {
			wanted = append(wanted, auth.StoredSetting{Setting: s.Setting, Value: r.chosen(s)})
		}
	}
	return "/admin/settings", r.withNotice(views.NoticeSettingsSaved, r.rules.ChangeSettings(r.ctx(), r.operator(), wanted))
}

// chosen is the value of a setting in the form. A checkbox chooses the first of two.
func (r *request) chosen(s auth.SettingValue) string {
	value := r.form.Get(string(s.Setting))
	switch {
	case len(s.Values) > 2 && slices.Contains(s.Values, value):
		return value
	case len(s.Values) > 2:
		return s.Value
	case value != "":
		return s.Values[0]
	}
	return s.Values[1]
}
