package db

import (
	"context"
	"fmt"

	"twostep/auth"
	"twostep/db/internal/engine"
)

const deviceColumns = `
			id,
			user_id,
			token_hash,
			seen_at,
			user_agent,
			remembered_at`

func deviceRow(d *auth.KnownDevice) engine.Row {
	return engine.Row{&d.ID, &d.User, &d.TokenHash, engine.Time(&d.SeenAt), &d.UserAgent, engine.Time(&d.RememberedAt)}
}

// FindKnownDevice implements [auth.Store].
func (s *Store) FindKnownDevice(ctx context.Context, user auth.UserID, tokenHash string) (known auth.KnownDevice, err error) {
	err = s.find(ctx, "find known device", deviceRow(&known), `
		SELECT`+deviceColumns+`
		FROM known_devices
		WHERE user_id = $1 AND token_hash = $2`, user, tokenHash)
	return known, err
}

// FindRememberedDevices implements [auth.Store].
func (s *Store) FindRememberedDevices(ctx context.Context, user auth.UserID) (all []auth.KnownDevice, err error) {
	var device auth.KnownDevice
	err = s.each(ctx, "find remembered devices", deviceRow(&device), func() { all = append(all, device) }, `
		SELECT`+deviceColumns+`
		FROM known_devices
		WHERE user_id = $1 AND remembered_at IS NOT NULL`, user)
	return all, err
}

// ForgetDevice implements [auth.Store].
func (s *Store) ForgetDevice(ctx context.Context, user auth.UserID, id string, changes auth.ChangeSet) (forgotten bool, err error) {
	return s.spend(ctx, "forget device", user, changes, `
		UPDATE known_devices SET remembered_at = NULL
		WHERE user_id = $1 AND id = $2 AND remembered_at IS NOT NULL`, user, id)
}

func (t *tx) forgetDevices(ctx context.Context, user auth.UserID) error {
	return t.Queue(ctx, `
		UPDATE known_devices SET remembered_at = NULL
		WHERE user_id = $1`, user)
}

// forgetDeviceOf does so for the device of a session of the account.
func (t *tx) forgetDeviceOf(ctx context.Context, user auth.UserID, session auth.SessionID) error {
	return t.Queue(ctx, `
		UPDATE known_devices SET remembered_at = NULL
		WHERE user_id = $1 AND id = (SELECT device_id FROM sessions WHERE id = $2)`, user, session)
}

// putKnownDevice moves the device's rows to its new token, also those of other accounts,
// and adds or updates the account's. Every sign-in can add a row, so an account and a
// token keep only the last seen ones.
func (t *tx) putKnownDevice(ctx context.Context, user auth.UserID, c auth.PutKnownDevice) error {
	if c.Replaces != "" {
		if err := t.Queue(ctx, `UPDATE known_devices SET token_hash = $1 WHERE token_hash = $2`, c.TokenHash, c.Replaces); err != nil {
			return err
		}
	}
	if err := t.Queue(ctx, `
		INSERT INTO known_devices (user_id, token_hash, id, seen_at, user_agent, remembered_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (user_id, token_hash) DO UPDATE SET
			seen_at = excluded.seen_at,
			user_agent = excluded.user_agent,
			remembered_at = CASE WHEN $7 THEN known_devices.remembered_at ELSE excluded.remembered_at END`,
		user, c.TokenHash, c.ID, engine.Millis(c.SeenAt), c.UserAgent, engine.Millis(c.RememberedAt), c.KeepRemembered); err != nil {
		return err
	}
	if err := t.Queue(ctx, removeOlderDevicesOfUser, user); err != nil {
		return err
	}
	return t.Queue(ctx, removeOlderDevicesOfToken, c.TokenHash)
}

// The maximum is part of the texts: with a parameter, PostgreSQL would plan them each time.
var (
	removeOlderDevicesOfUser = fmt.Sprintf(`
		DELETE FROM known_devices
		WHERE user_id = $1 AND token_hash IN (
			SELECT token_hash FROM known_devices WHERE user_id = $1 ORDER BY seen_at DESC, token_hash LIMIT 1000 OFFSET %d
		)`, auth.KnownDevicesMax)
	removeOlderDevicesOfToken = fmt.Sprintf(`
		DELETE FROM known_devices
		WHERE token_hash = $1 AND user_id IN (
			SELECT user_id FROM known_devices WHERE token_hash = $1 ORDER BY seen_at DESC, user_id LIMIT 1000 OFFSET %d
		)`, auth.KnownDevicesMax)
)
