package serve

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db"
)

// Settings that make no sense with the flags do not keep the site from starting.
func TestLoadSettings(t *testing.T) {
	keys := auth.NewKeyring()
	store, err := db.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "twostep.db"), keys)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	both := auth.New(store, keys, nil, auth.Policy{Factors: []auth.FactorKind{auth.TOTPCode, auth.PhoneCode}}, time.Now)
	if err := both.ChangeSettings(t.Context(), auth.Operator{}, []auth.SettingChange{{StoredSetting: auth.StoredSetting{Setting: auth.SettingTOTP, Value: "off"}}}); err != nil {
		t.Fatal(err)
	}
	for factor, logged := range map[auth.FactorKind]bool{auth.TOTPCode: true, auth.PhoneCode: false} {
		var log bytes.Buffer
		rules := auth.New(store, keys, nil, auth.Policy{Factors: []auth.FactorKind{factor}}, time.Now)
		err := loadSettings(t.Context(), rules, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil || !rules.Policy().Allows(factor) || strings.Contains(log.String(), "only the flags are in force") != logged {
			t.Errorf("%s: %v, factors %v, log %q", factor, err, rules.Policy().Factors, log.String())
		}
	}
	store.Close()
	if err := loadSettings(t.Context(), both, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a failing database is ignored")
	}
}
