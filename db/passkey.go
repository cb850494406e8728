package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindPasskey implements [auth.Store].
func (s *Store) FindPasskey(ctx context.Context, credentialID []byte) (key auth.PasskeyKey, err error) {
	var p passkeyRow
	var sealed []byte
	row := append(p.row(), &sealed, &key.User.ID, &key.User.Email.Typed, &key.User.Email.Key, &key.User.Disabled, &key.User.PasskeyHandle)
	err = s.find(ctx, "find passkey", row, `
		SELECT`+passkeyColumns+`,
			passkeys.public_key,
			users.id,
			users.email,
			users.email_key,
			users.disabled_at IS NOT NULL,
			users.passkey_handle
		FROM passkeys
		JOIN users ON users.id = passkeys.user_id
		WHERE passkeys.credential_id = $1`, credentialID)
	if err != nil {
		return auth.PasskeyKey{}, err
	}
	key.Passkey = p.passkey()
	if key.PublicKey, err = s.seals.Open(passkeyKey.place(passkeyOwner(key.User.ID, key.ID)), sealed); err != nil {
		return auth.PasskeyKey{}, fmt.Errorf("find passkey: %w", err)
	}
	return key, nil
}

// SpendPasskey implements [auth.Store].
func (s *Store) SpendPasskey(ctx context.Context, use auth.PasskeyUse, changes auth.ChangeSet) (spent bool, err error) {
	return s.spend(ctx, "spend passkey", changes.User, changes, `
		UPDATE passkeys SET sign_count = $1, backed_up = $2, last_used_at = $3
		WHERE id = $4 AND user_id = $5 AND sign_count = $6`,
		use.SignCount, flag(use.BackedUp), engine.Millis(changes.At), use.ID, changes.User, use.Seen)
}

// RenamePasskey implements [auth.Store].
func (s *Store) RenamePasskey(ctx context.Context, user auth.UserID, id auth.PasskeyID, name string, changes auth.ChangeSet) (renamed bool, err error) {
	return s.spend(ctx, "rename passkey", user, changes, `
		UPDATE passkeys SET name = $1
		WHERE id = $2 AND user_id = $3`, name, id, user)
}

// RemovePasskey implements [auth.Store].
func (s *Store) RemovePasskey(ctx context.Context, user auth.UserID, id auth.PasskeyID, changes auth.ChangeSet) (removed bool, err error) {
	return s.removeFactor(ctx, "remove passkey", user, changes, `
		DELETE FROM passkeys
		WHERE id = $1 AND user_id = $2`, id, user)
}

// putPasskey adds a passkey. The account's row is locked, so concurrent additions
// cannot exceed the maximum. A credential ID that exists is not the account's business:
// it may be of another one.
func (t *tx) putPasskey(ctx context.Context, user auth.UserID, key auth.PasskeyKey) (added bool, err error) {
	sealed, err := t.seals.Seal(passkeyKey.place(passkeyOwner(user, key.ID)), key.PublicKey)
	if err != nil {
		return false, err
	}
	var n int
	if err := t.Find(ctx, engine.Row{&n}, `SELECT count(*) FROM passkeys WHERE user_id = $1`, user); err != nil || n >= auth.PasskeysMax {
		return false, err
	}
	rows, err := t.Exec(ctx, `
		INSERT INTO passkeys
			(id, user_id, credential_id, public_key, rp_id, aaguid, name, transports,
			user_verified, backup_eligible, backed_up, sign_count, added_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (credential_id) DO NOTHING`,
		key.ID, user, key.CredentialID, sealed, key.RPID, key.AAGUID, key.Name, strings.Join(key.Transports, " "),
		flag(key.UserVerified), flag(key.BackupEligible), flag(key.BackedUp), key.SignCount, engine.Millis(key.AddedAt))
	if err == nil && rows == 0 {
		err = auth.ErrPasskeyExists
	}
	return err == nil, err
}

// passkeyOwner is what the public key is authenticated with, as in passkeyKey: a row with
// it cannot be moved to another account or passkey.
func passkeyOwner(user auth.UserID, id auth.PasskeyID) string { return string(user) + "/" + string(id) }

// spendChallenge reports whether the challenge was not spent before.
func (t *tx) spendChallenge(ctx context.Context, c auth.SpendChallenge) (spent bool, err error) {
	return t.change(ctx, `
		INSERT INTO passkey_spent (challenge_hash, expires_at)
		VALUES ($1, $2)
		ON CONFLICT (challenge_hash) DO NOTHING`, c.Hash, engine.Millis(c.ExpiresAt))
}

// passkeyColumns are the columns of a [passkeyRow].
const passkeyColumns = `
			passkeys.id,
			passkeys.credential_id,
			passkeys.rp_id,
			passkeys.name,
			passkeys.aaguid,
			passkeys.transports,
			passkeys.user_verified,
			passkeys.backup_eligible,
			passkeys.backed_up,
			passkeys.sign_count,
			passkeys.added_at,
			passkeys.last_used_at`

// A passkeyRow is a passkey, or NULL in the row of an account without one.
type passkeyRow struct {
	auth.Passkey
	id                                     sql.Null[auth.PasskeyID]
	credentialID                           []byte
	rpID, name, aaguid, transports         sql.Null[string]
	userVerified, backupEligible, backedUp sql.Null[bool]
	signCount                              sql.Null[uint32]
}

func (r *passkeyRow) row() engine.Row {
	return engine.Row{
		&r.id, &r.credentialID, &r.rpID, &r.name, &r.aaguid, &r.transports, &r.userVerified, &r.backupEligible, &r.backedUp,
		&r.signCount, engine.Time(&r.AddedAt), engine.Time(&r.LastUsedAt),
	}
}

// passkey returns the passkey of the row; zero if there is none.
func (r *passkeyRow) passkey() auth.Passkey {
	p := r.Passkey
	p.ID, p.CredentialID, p.RPID, p.Name, p.AAGUID = r.id.V, r.credentialID, r.rpID.V, r.name.V, r.aaguid.V
	p.Transports = strings.Fields(r.transports.V)
	p.UserVerified, p.BackupEligible, p.BackedUp, p.SignCount = r.userVerified.V, r.backupEligible.V, r.backedUp.V, r.signCount.V
	r.credentialID = nil // the next row gets its own bytes
	return p
}
