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
	err = s.each(ctx, "find settings", engine.Row{&found.Setting, &found.Value}, func() { all = append(all, found) }, `
		SELECT name, value
		FROM settings
		ORDER BY name`)
	return all, err
}

// onlyFactor has for each kind the accounts with factors of that kind, and the condition
// that they have no other.
var onlyFactor = map[auth.FactorKind][2]string{
	auth.PasskeyPresent: {`SELECT DISTINCT user_id AS id FROM passkeys`, hasNoTOTP + ` AND NOT ` + hasSMS},
	auth.TOTPCode:       {`SELECT user_id AS id FROM totp`, hasNoPasskey + ` AND NOT ` + hasSMS},
	auth.PhoneCode:      {`SELECT DISTINCT user_id AS id FROM phones WHERE reserved_at IS NOT NULL`, hasNoPasskey + ` AND ` + hasNoTOTP},
}

// CountOnlyFactor implements [auth.Store].
func (s *Store) CountOnlyFactor(ctx context.Context, kind auth.FactorKind, scan int) (c auth.OnlyFactorCount, err error) {
	has := onlyFactor[kind]
	err = s.find(ctx, "count accounts with one factor", engine.Row{&c.Of, &c.N}, fmt.Sprintf(`
		SELECT count(*), COALESCE(sum(CASE WHEN %s THEN 1 ELSE 0 END), 0)
		FROM (%s LIMIT %d) AS users`, has[1], has[0], scan))
	c.Partial = c.Of >= scan
	return c, err
}

// putSetting changes a setting, unless another operator has done so since it was read.
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
	return t.change(ctx, query, args...)
}
