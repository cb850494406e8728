package db

import (
	"context"
	"fmt"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindSettings implements [auth.Store].
func (s *Store) FindSettings(ctx context.Context) (all []auth.StoredSetting, err error) {
	var found auth.StoredSetting
	err = s.db.Each(ctx, engine.Row{&found.Setting, &found.Value}, func() { all = append(all, found) }, `
		SELECT name, value
		FROM settings
		ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("find settings: %w", err)
	}
	return all, nil
}

// onlyFactor has for each kind the accounts with factors of that kind, and what else an
// account can have.
var onlyFactor = map[auth.FactorKind]string{
	auth.PasskeyPresent: `(SELECT DISTINCT user_id AS id FROM passkeys) AS users WHERE ` + hasNoTOTP + ` AND NOT ` + hasSMS,
	auth.TOTPCode:       `(SELECT user_id AS id FROM totp) AS users WHERE ` + hasNoPasskey + ` AND NOT ` + hasSMS,
	auth.PhoneCode:      `(SELECT DISTINCT user_id AS id FROM phones WHERE reserved_at IS NOT NULL) AS users WHERE ` + hasNoPasskey + ` AND ` + hasNoTOTP,
}

// CountOnlyFactor implements [auth.Store]. It may read the table of the kind.
func (s *Store) CountOnlyFactor(ctx context.Context, kind auth.FactorKind, limit int) (n int, err error) {
	err = s.find(ctx, "count accounts with one factor", engine.Row{&n}, fmt.Sprintf(`
		SELECT count(*)
		FROM (SELECT 1 FROM %s LIMIT %d) AS only_factor`, onlyFactor[kind], limit))
	return n, err
}

// putSetting changes a setting, unless another operator has done so meanwhile.
func (t *tx) putSetting(ctx context.Context, c auth.PutSetting, now time.Time) (changed bool, err error) {
	query := `
		UPDATE settings SET value = $2, changed_at = $3, changed_by = $4
		WHERE name = $1 AND value = $5`
	args := []any{c.Setting, c.Value, engine.Millis(now), c.By, c.Was}
	if c.Was == "" {
		query = `
		INSERT INTO settings (name, value, changed_at, changed_by)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`
		args = args[:4]
	}
	rows, err := t.Exec(ctx, query, args...)
	return rows > 0, err
}
